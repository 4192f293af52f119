"""The programs of our README and of the window's page run as they stand, changed only in the address."""

import re
import shutil
import subprocess
import sys

import httpx
import pytest

from app.ui.settings.api_snippets import Place, snippet
from tests.support.guards.source import ROOT
from tests.support.processes.rest_child import ServeChild

SECONDS = 60


def ran(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def place(child: ServeChild) -> Place:
    body = {"name": "Juno", "model": "demo/vesta", "memory_blocks": [{"label": "human", "value": "Name: Chad."}]}
    agent = httpx.post(f"{child.url}/v1/agents/", json=body, trust_env=False, verify=False).json()
    return Place(child.url, agent["id"])


def test_the_readme_program_corrects_a_name(child: ServeChild) -> None:
    found = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert found is not None
    program = found[1].replace("http://localhost:8283", child.url)
    assert ran(sys.executable, "-c", program).endswith("Name: Brad.\n")


def test_the_python_program_of_the_page_gets_an_answer(place: Place) -> None:
    assert "assistant_message " in ran(sys.executable, "-c", snippet("python", place))


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_the_curl_lines_of_the_page_get_an_answer(place: Place) -> None:
    said = ran("sh", "-ec", snippet("shell", place))
    assert place.agent_id in said
    assert '"assistant_message"' in said


def test_every_line_of_curl_proves_the_token() -> None:
    said = snippet("shell", Place("http://127.0.0.1:8283", "agent-1", with_token=True))
    assert said.count("curl ") == said.count('-H "Authorization: Bearer $LARES_TOKEN"') == 2


def test_no_program_carries_a_token() -> None:
    for language in ("python", "typescript", "shell"):
        with_token = snippet(language, Place("http://127.0.0.1:8283", "agent-1", with_token=True))
        assert "LARES_TOKEN" in with_token
        assert "LARES_TOKEN" not in snippet(language, Place("http://127.0.0.1:8283", "agent-1"))
