"""The real `lares` command in child processes, on a data folder of the test."""

import os
import pty
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from app.config import Config
from app.link.engine_file import read_note
from tests.support.guards.source import ROOT

SECONDS = 40


def arguments_of(*words: str) -> list[str]:
    return [sys.executable, "-m", "app", *words]


def environment(**more: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
    return own | {"TERM": "xterm", "PYTHONIOENCODING": "utf-8"} | more


def lares(
    *words: str, typed: str = "", cwd: Path = ROOT, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs it to its end with these lines at its standard input."""
    return subprocess.run(
        arguments_of(*words),
        input=typed,
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
        cwd=cwd,
        env=env or environment(),
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def end_engine(config: Config) -> None:
    """Ends the engine of this folder, if one runs, and waits until it is gone."""
    note = read_note(config.engine_file)
    if note is None:
        return
    try:
        os.kill(note.pid, signal.SIGTERM)
    except ProcessLookupError:
        return
    until = time.monotonic() + 10
    while config.engine_file.exists() and time.monotonic() < until:
        select.select([], [], [], 0.01)


class Terminal:
    """`lares` on a terminal of its own: what a person would see and type."""

    def __init__(self, *words: str, **more: str) -> None:
        self._own, theirs = pty.openpty()
        self._process = subprocess.Popen(
            arguments_of(*words),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=ROOT,
            env=environment(**more),
            # Makes this terminal the one whose Ctrl-C it gets.
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        os.close(theirs)
        self.shown = ""

    def type(self, text: str) -> None:
        os.write(self._own, text.encode())

    def see(self, text: str, count: int = 1) -> None:
        """Reads until this text was shown so often."""
        until = time.monotonic() + SECONDS
        while self.shown.count(text) < count:
            assert self._read(until), f"it ended without {text!r} after showing: {self.shown[-500:]!r}"

    def interrupt(self, text: str, count: int) -> None:
        """Ctrl-C until this text was shown so often: one that comes while readline draws a key is lost."""
        until = time.monotonic() + SECONDS
        while self.shown.count(text) < count and time.monotonic() < until:
            self.type("\x03")
            while self.shown.count(text) < count and select.select([self._own], [], [], 4)[0]:
                assert self._read(until), f"it ended without {text!r} after showing: {self.shown[-500:]!r}"
        assert self.shown.count(text) >= count, f"nothing came after Ctrl-C: {self.shown[-500:]!r}"

    def _read(self, until: float) -> bool:
        """Takes in what is shown next; False at the end."""
        ready, _, _ = select.select([self._own], [], [], max(0.0, until - time.monotonic()))
        assert ready, f"nothing came any more after: {self.shown[-500:]!r}"
        try:
            piece = os.read(self._own, 65536)
        except OSError:
            return False
        self.shown += piece.decode("utf-8", "replace")
        return bool(piece)

    def end(self) -> int:
        """Its exit code, once it has ended."""
        until = time.monotonic() + SECONDS
        try:
            while self._read(until):
                pass
            return self._process.wait(SECONDS)
        finally:
            os.close(self._own)

    def leave(self) -> int:
        """Presses Ctrl-C until it has ended: one pressed in the moment the prompt appears is lost in readline."""
        until = time.monotonic() + SECONDS
        while self._process.poll() is None and time.monotonic() < until:
            self.type("\x03")
            select.select([], [], [], 0.5)
        os.close(self._own)
        return self._process.wait(SECONDS)

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(10)


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
