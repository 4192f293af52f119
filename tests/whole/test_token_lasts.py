"""A token that was asked for once is asked for at every later start, whatever became of the place where it lies."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from app.services import Services
from tests.support.processes.lares_process import free_port, lares
from tests.support.processes.rest_child import ServeChild

RINGS = "tests.support.processes.file_ring"
GONE = "keyring.backends.fail.Keyring"

Change = Callable[[ServeChild], None]


def status(child: ServeChild, path: str = "/v1/agents/", token: str = "") -> int:
    return answer(child, path, token).status_code


def answer(child: ServeChild, path: str = "/v1/agents/", token: str = "") -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.get(child.url + path, headers=headers, trust_env=False, timeout=20, verify=False)


async def _make_token(services: Services) -> str:
    return await services.api.make_token()


async def _ask_for_none(services: Services) -> None:
    await services.api.set_token(None)


@pytest.fixture
def ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", f"{RINGS}.FileRing")
    monkeypatch.setenv("FILE_RING", str(tmp_path / "ring.json"))
    return tmp_path / "ring.json"


@pytest.mark.parametrize(
    "later",
    [GONE, *(f"{RINGS}.{name}" for name in ("RaisingRing", "LaterRaisingRing", "WaitingRing", "OtherRing"))],
)
def test_a_token_in_a_key_ring_that_is_gone_at_the_next_start_leaves_nothing_open(
    ring: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, later: str
) -> None:
    child = ServeChild(tmp_path / "data")
    with child:
        token = child.over_link(_make_token)
        assert (status(child), status(child, token=token)) == (401, 200)
    assert token in ring.read_text("utf-8")
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", later)
    with child:
        for path in ("/v1/agents/", "/v1/health/", "/openapi.json", "/v1/agents/search"):
            for given in ("", token, "null", "None"):
                assert status(child, path, given) == 503, (path, given)
        refused = answer(child)
        assert "asks for a token, and that cannot be read" in refused.json()["detail"]
        assert refused.headers["x-should-retry"] == "false"
    assert "every request is refused" in child.end()
    assert "lares serve --new-token" in child.end()
    assert token not in child.end()


def test_a_new_token_is_made_at_the_terminal_and_the_wish_for_none_lasts(
    ring: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = ServeChild(tmp_path / "data")
    with child:
        child.over_link(_make_token)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", GONE)
    renewed = ServeChild(tmp_path / "data", "--new-token")
    with renewed:
        said, token = renewed.first, renewed.first.split()[-1]
        assert said.startswith("The new token of the local API: ")
        assert (status(renewed), status(renewed, token=token)) == (401, 200)
        renewed.over_link(_ask_for_none)
        assert status(renewed) == 200
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", f"{RINGS}.FileRing")
    with child:
        assert status(child) == 200, "what was said last counts, although the ring still has the first token"


@pytest.mark.parametrize("variable", ["LARES_TOKEN", "LETTA_SERVER_PASSWORD"])
def test_the_variable_is_a_token_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "a token of the variable")
    child = ServeChild(tmp_path / "data", "--host", "0.0.0.0")
    with child:
        assert (status(child), status(child, token="a token of the variable")) == (401, 200)


@pytest.mark.parametrize(
    "token", ["a", "fifteen letters", " sixteen letters", "sechzehn zeichen ä", "line\\nline line line"]
)
def test_a_token_that_is_none_opens_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    (tmp_path / "settings.toml").write_text(f'[api]\ntoken = "{token}"\n', "utf-8")
    for more in ((), ("--host", "0.0.0.0")):
        done = lares("serve", "--data", str(tmp_path), "--port", str(free_port()), *more)
        assert done.returncode == 1
        assert "a token needs at least 16 characters" in done.stderr
    (tmp_path / "settings.toml").unlink()
    monkeypatch.setenv("LARES_TOKEN", token.replace("\\n", "\n"))
    done = lares("serve", "--data", str(tmp_path), "--port", str(free_port()), "--host", "0.0.0.0")
    assert done.returncode == 1
    assert "LARES_TOKEN. A token needs at least 16 characters" in done.stderr
