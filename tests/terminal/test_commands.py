"""The short commands as scripts use them: real processes, plain output, exit codes, with an engine and without one."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from app.config import Config
from app.link.engine_file import read_note
from app.link.launcher import ensure_engine
from tests.support.guards.source import ROOT
from tests.support.processes.lares_process import SECONDS, arguments_of, environment, lares
from tests.support.servers.ollama_server import OllamaServer
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.usefixtures("config")
KEY = "sk-typed-55c1"


@pytest.fixture
def ollama() -> Iterator[OllamaServer]:
    with OllamaServer() as opened:
        yield opened


def test_status_starts_nothing_and_says_what_runs(config: Config) -> None:
    done = lares("status")
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout == f"folder  {config.folder}\nengine  not running\n"
    assert read_note(config.engine_file) is None


def test_status_of_an_engine(config: Config) -> None:
    async def beside_a_client() -> subprocess.CompletedProcess[str]:
        client = await ensure_engine(config)
        try:
            await client.services.agents.create_demo()
            return await asyncio.to_thread(lares, "status")
        finally:
            await client.close()

    done = asyncio.run(beside_a_client())
    assert done.returncode == 0
    lines = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert lines["agents"] == "1, 0 replying"
    assert lines["api"] == "off"
    assert lines["server"] == "demo: 1 model"


def test_a_server_is_added_listed_tested_and_removed(ollama: OllamaServer) -> None:
    added = lares("servers", "add", ollama.url, "--name", "box")
    assert (added.returncode, added.stdout) == (0, "")
    assert added.stderr == "Added box.\nbox answers and has 1 model.\n"
    listed = lares("servers", "list")
    assert listed.returncode == 0
    assert [line.split() for line in listed.stdout.splitlines()] == [
        ["SERVER", "KIND", "ADDRESS", "MODELS"],
        ["demo", "demo", "-", "1"],
        ["box", "ollama", ollama.url, "1"],
    ]
    models = lares("models")
    assert models.returncode == 0
    assert "5 MB" in models.stdout
    assert [line.split()[0] for line in models.stdout.splitlines()] == ["MODEL", "demo/vesta", "box/tiny:latest"]
    taken = lares("servers", "add", ollama.url, "--name", "box")
    assert (taken.returncode, taken.stdout) == (1, "")
    assert "There is already a server named box." in taken.stderr
    assert lares("servers", "test", "box").returncode == 0
    assert lares("servers", "remove", "box").returncode == 0
    gone = lares("servers", "test", "box")
    assert (gone.returncode, gone.stderr) == (1, "There is no server “box”. lares servers list shows them.\n")


def test_a_server_that_does_not_answer_is_kept_and_said_not_to() -> None:
    added = lares("servers", "add", "http://127.0.0.1:9", "--kind", "openai")
    assert added.returncode == 0
    assert "Added 127.0.0.1:9.\n127.0.0.1:9 does not answer" in added.stderr
    again = lares("servers", "add", "http://localhost:9/v1", "--kind", "openai", "--name", "twin")
    assert again.returncode == 1
    assert again.stderr.startswith("http://127.0.0.1:9 is there already, as the server “127.0.0.1:9”.")


def test_a_silent_server_is_a_sentence_and_an_exit_code() -> None:
    with OpenAIServer(key=KEY) as server:
        url = server.url
        added = lares("servers", "add", url, "--key", typed=f"{KEY}\n")
        name = url.removeprefix("http://").partition("/")[0]
        assert f"Added {name}." in added.stderr
        assert "answers and has 1 model" in added.stderr
        assert KEY not in added.stderr + added.stdout + lares("servers", "list").stdout
        assert f"{name}/tiny" in lares("models").stdout
    for words in (("servers", "test", name), ("models",)):
        done = lares(*words)
        assert done.returncode == 1
        assert "127.0.0.1" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("servers", "add", "ftp://x"), "is not a web address"),
        (("servers", "add", "127.0.0.1:1", "--key"), "The key is empty."),
        (("servers", "remove", "demo"), "The demo is built in"),
        (("pull", "qwen3:8b"), "only Ollama can download models"),
        (("chat", "--model", "nobody/x"), "Handle nobody/x not found"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(words: tuple[str, ...], said: str) -> None:
    done = lares(*words)
    assert done.returncode == 1
    assert said in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_a_model_is_pulled_with_progress_and_its_handle_printed(ollama: OllamaServer) -> None:
    ollama.library["hf.co/someone/Small-GGUF:Q4_K_M"] = (2_500_000, 400)
    lares("servers", "add", ollama.url, "--name", "box")
    done = lares("pull", "https://hf.co/someone/Small-GGUF:Q4_K_M")
    assert (done.returncode, done.stdout) == (0, "box/hf.co/someone/Small-GGUF:Q4_K_M\n"), done.stderr
    assert "box/hf.co/someone/Small-GGUF:Q4_K_M" in lares("models").stdout
    missing = lares("pull", "no-such-model")
    assert missing.returncode == 1
    assert missing.stdout == ""
    assert "no-such-model" in missing.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_ctrl_c_pauses_a_download(ollama: OllamaServer) -> None:
    lares("servers", "add", ollama.url, "--name", "box")
    ollama.hold_pull_at = 750_000
    pulling = subprocess.Popen(
        arguments_of("pull", "qwen3:4b"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        cwd=ROOT,
        env=environment(),
    )
    assert pulling.stderr is not None
    assert "qwen3:4b  " in pulling.stderr.readline()
    os.kill(pulling.pid, signal.SIGINT)
    _, rest = pulling.communicate(timeout=SECONDS)
    assert pulling.returncode == 130
    assert "The same command goes on from there." in rest
    assert "Traceback" not in rest


def test_a_model_of_this_computer_is_found_and_talked_to_without_a_click(config: Config) -> None:
    config.settings_file.write_text("[engine]\nidle_seconds = 1\n")
    with OllamaServer() as server:
        place = {"OLLAMA_HOST": server.url.removeprefix("http://")}
        done = lares("chat", typed="hello\n", env=environment(**place))
        assert done.returncode == 0, done.stdout + done.stderr
        assert "here is a new one on " in done.stdout
        assert "Vesta" not in done.stdout


def test_a_server_elsewhere_waits_for_an_explicit_word() -> None:
    """The guard of the tests refuses any attempt to reach the address before that."""
    env = environment(OPENAI_API_KEY=KEY, OPENAI_API_BASE="http://192.0.2.7/v1")
    listed = lares("servers", env=env)
    assert "from OPENAI_API_BASE, not on this computer, not allowed yet: lares servers allow openai" in listed.stdout
    talked = lares("chat", "Juno", "--model", "openai/gpt-4.1", typed="hello\n", env=env)
    assert talked.returncode == 1
    assert "Nothing has been sent to openai" in talked.stdout
    allowed = lares("servers", "allow", "openai", env=env)
    assert (allowed.returncode, "192.0.2.7" in allowed.stderr) == (0, True)
    assert KEY not in listed.stdout + listed.stderr + talked.stdout + allowed.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="systemd is not there")
def test_the_unit_names_this_lares_and_goes_where_systemd_looks(config: Config, tmp_path: object) -> None:
    unit = lares("service").stdout
    assert f'ExecStart={sys.executable} -m app serve --data "{config.folder}"\n' in unit
    done = lares("service", "--install", env=environment(XDG_CONFIG_HOME=str(tmp_path)))
    assert done.returncode == 0
    place = config.folder.parent / "systemd" / "user" / "lares.service"
    assert place.read_text("utf-8") == unit
    assert str(place) in done.stderr
