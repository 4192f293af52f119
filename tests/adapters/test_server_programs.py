"""Model servers installed on this computer, found and started: a small program on PATH stands for Ollama."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from app.adapters.server_programs import InstalledServers
from app.domain.error import NotFound

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the program is a script with its interpreter's path")


@pytest.fixture
def put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts a program named `ollama` on PATH that runs this source."""

    def put(source: str) -> Path:
        folder = tmp_path / "bin with space"
        folder.mkdir()
        program = folder / "ollama"
        program.write_text(f"#!/bin/sh\n{source}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
        return program

    return put


def test_what_is_not_here_cannot_be_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    none = InstalledServers(tmp_path / "logs", ())
    assert none.installed() == ()
    with pytest.raises(NotFound) as refused:
        none.start("ollama", "127.0.0.1", 11434)
    assert "https://ollama.com/download" in refused.value.hint
    assert InstalledServers(tmp_path, (tmp_path / "gone",)).installed() == ()


def test_it_is_found_outside_of_path_too(
    tmp_path: Path, put: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    program = put("true")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert InstalledServers(tmp_path, (program,)).installed() == ("ollama",)


def test_it_gets_the_address_and_runs_apart_from_lares(tmp_path: Path, put: Callable[[str], Path]) -> None:
    told = tmp_path / "told"
    os.mkfifo(told)
    put(f'echo "$OLLAMA_HOST $# $1 $$" > "{told}"\nexec sleep 60')
    started = InstalledServers(tmp_path / "logs", ()).start("ollama", "127.0.0.1", 11500)
    address, count, argument, pid = told.read_text().split()
    try:
        assert (address, count, argument) == ("127.0.0.1:11500", "1", "serve")
        assert os.getsid(int(pid)) == int(pid)
        assert started.last_words() is None
    finally:
        os.kill(int(pid), signal.SIGTERM)
        ended()


def test_one_that_ends_at_once_says_why(tmp_path: Path, put: Callable[[str], Path]) -> None:
    put("echo 'Error: address already in use' >&2\nexit 1")
    (tmp_path / "ollama.log").write_text("Of another day\n")
    started = InstalledServers(tmp_path, ()).start("ollama", "127.0.0.1", 11500)
    ended()
    assert started.last_words() == "Error: address already in use"


def ended() -> None:
    for thread in threading.enumerate():
        if thread.name == "server-wait":
            thread.join(10)
