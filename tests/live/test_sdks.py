"""The README's examples with the older SDKs and the one for Node, and Schemathesis, each in an environment of its own.

They are installed from the public registries; where those cannot be reached the tests skip.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.guards.source import ROOT
from tests.support.processes.rest_child import PROVIDER, ServeChild
from tests.support.servers.openai_server import OpenAIServer

pytestmark = [pytest.mark.live]
SCRIPTS = ROOT / "tests" / "support" / "processes" / "rest_sdks"
WEATHER = ROOT / "tests" / "support" / "servers" / "real_mcp.py"
EXPECTED: dict[str, Any] = {
    "hello": ["reasoning_message", "tool_call_message", "tool_return_message", "assistant_message"],
    "shared": [["organization", "persona"]] * 2,
    "sleep-time": 501,
    "import": 501,
    "export": 501,
    "mcp": [["get_weather"], "get_weather", True, "assistant_message"],
    "attach": True,
    "folders": 501,
    "resumed": True,
}


def own_environment() -> dict[str, str]:
    """Without the guard that keeps tests from the network: installing needs it."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}


def installed(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, env=own_environment(), capture_output=True, text=True, timeout=300)
    if done.returncode:
        pytest.skip(f"{command[0]} could not install: {done.stderr.strip()[-200:]}")


def python_with(package: str, folder: Path) -> Path:
    python = folder / "own" / "bin" / "python"
    uv = shutil.which("uv")
    if uv is None:
        installed([sys.executable, "-m", "venv", "own"], folder)
        installed([str(python), "-m", "pip", "install", "--quiet", package], folder)
    else:
        installed([uv, "venv", "--python", "3.11", "own"], folder)
        installed([uv, "pip", "install", "--python", str(python), package], folder)
    return python


@pytest.fixture
def child(tmp_path: Path) -> Iterator[ServeChild]:
    entries = [{"id": "tiny", "object": "model"}, {"id": "nomic-embed-text", "object": "model"}]
    with OpenAIServer(entries=entries) as server, ServeChild(tmp_path / "served") as started:
        started.connect_model_server(server.url)
        with weather_server(tmp_path / "port") as address:
            config = {"type": "streamable_http", "server_name": "weather-server", "server_url": address}
            httpx.put(f"{started.url}/v1/tools/mcp/servers", json=config, timeout=60).raise_for_status()
            yield started


@contextlib.contextmanager
def weather_server(port_file: Path) -> Iterator[str]:
    """The address of a real MCP server, made with the official SDK."""
    with subprocess.Popen([sys.executable, str(WEATHER), str(port_file)], stdin=subprocess.PIPE) as process:
        while not (port_file.exists() and port_file.read_text()):
            assert process.poll() is None
        yield f"http://127.0.0.1:{port_file.read_text().split()[0]}/mcp"
        process.kill()


def examples(command: list[str], child: ServeChild, folder: Path) -> dict[str, Any]:
    url = child.url.replace("127.0.0.1", "localhost")
    handles = [f"{PROVIDER}/tiny", f"{PROVIDER}/nomic-embed-text"]
    done = subprocess.run(
        [*command, url, *handles], cwd=folder, env=own_environment(), capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(json.loads(line) for line in done.stdout.splitlines() if line.startswith("["))


@pytest.mark.parametrize(("version", "count"), [("0.1.319", 7), ("0.1.121", 6)])
def test_examples_run_with_an_older_python_client(child: ServeChild, tmp_path: Path, version: str, count: int) -> None:
    python = python_with(f"letta-client=={version}", tmp_path)
    seen = examples([str(python), str(SCRIPTS / "readme_old.py")], child, tmp_path)
    assert len(seen) >= count
    assert seen == {name: EXPECTED[name] for name in seen}


def test_examples_run_with_the_newest_client_for_node(child: ServeChild, tmp_path: Path) -> None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("Node is not installed")
    (tmp_path / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    installed([npm, "install", "--silent", "@letta-ai/letta-client"], tmp_path)
    shutil.copy(SCRIPTS / "readme.mjs", tmp_path)
    seen = examples([node, "readme.mjs"], child, tmp_path)
    assert len(seen) == 7
    assert seen == {name: EXPECTED[name] for name in seen}


@pytest.mark.parametrize("phase", [["coverage"], ["fuzzing", "-n", "6"]], ids=["coverage", "fuzzing"])
def test_schemathesis_finds_nothing(child: ServeChild, tmp_path: Path, phase: list[str]) -> None:
    python = python_with("schemathesis>=4", tmp_path)
    checks = "status_code_conformance,content_type_conformance,response_schema_conformance"
    command = [str(python.with_name("schemathesis")), "run", f"{child.url}/openapi.json", "--checks", checks]
    done = subprocess.run(
        [*command, "--seed", "1", "--phases", *phase],
        cwd=tmp_path,
        env=own_environment(),
        capture_output=True,
        text=True,
        timeout=110,
    )
    # A 501 is the honest answer of a part that is not there; every other 5xx is a fault.
    assert not re.search(r"^\[50[02-9]\]", done.stdout, re.MULTILINE), done.stdout[-3000:]
    assert done.returncode == 0, done.stdout[-3000:]
