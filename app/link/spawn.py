"""Starts the engine's process. Imports little, so that a window can call it before anything else is loaded.

The child writes one JSON line to its standard output when it knows how its start went: `{"state": "ready"}`,
`{"state": "held"}` (another engine holds the data folder) or `{"state": "failed", "error": {...}}`. Nothing at all
means that it died.
"""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from app.config import Config
from app.data_folder import not_there
from app.detached import child_environment, detached
from app.domain.error import AppError
from app.link.engine_file import read_note

Report = dict[str, Any]
Command = Callable[[Config], Sequence[str]]

ROOT = Path(__file__).resolve().parent.parent.parent
"""Where `python -m app` finds the package; a frozen build has no use for it."""
OUTPUT_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Start:
    """An engine that is being started."""

    pid: int
    report: "Future[Report]" = field(default_factory=lambda: Future[Report]())


def engine_command(config: Config) -> Sequence[str]:
    """The command line of an engine for this data folder, from a checkout or a frozen build."""
    frozen = bool(getattr(sys, "frozen", False))
    return [sys.executable, *([] if frozen else ["-m", "app"]), "--engine", "--data", str(config.folder)]


def start_early(config: Config, command: Command = engine_command) -> Start | None:
    """Starts an engine unless something already listens where the last one did. Does not wait for it."""
    note = read_note(config.engine_file)
    if note is not None:
        try:
            socket.create_connection(("127.0.0.1", note.port), timeout=0.2).close()
        except OSError:
            return start_engine(config, command)
        return None
    return start_engine(config, command)


def start_engine(config: Config, command: Command = engine_command) -> Start:
    """A process of its own that outlives this one, with none of its handles. None is made for a missing folder."""
    if config.missing:
        return _not_started(not_there(config.folder))
    with _output(config) as output:
        process = subprocess.Popen(
            list(command(config)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=output,
            cwd=Path(sys.executable).parent if getattr(sys, "frozen", False) else ROOT,
            env=child_environment(os.environ),
            close_fds=True,
            **detached(),
        )
    start = Start(process.pid)
    threading.Thread(target=_listen, args=(process, start.report), name="engine-report", daemon=True).start()
    return start


def _not_started(error: AppError) -> Start:
    from app.link.values import error_to_wire

    start = Start(0)
    start.report.set_result({"state": "failed", "error": error_to_wire(error)})
    return start


def start_window() -> None:
    """Lares anew, as its icon starts it, in a process that outlives this one."""
    frozen = bool(getattr(sys, "frozen", False))
    subprocess.Popen(
        [sys.executable, *([] if frozen else ["-m", "app"])],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=Path(sys.executable).parent if frozen else ROOT,
        env=child_environment(os.environ),
        close_fds=True,
        **detached(),
    )


def _output(config: Config) -> IO[bytes]:
    """Where the child's last words go before it has a log, or when the interpreter itself dies."""
    path = config.logs / "engine-output.log"
    try:
        make_folder(config)
        config.logs.mkdir(exist_ok=True)
        fresh = path.exists() and path.stat().st_size > OUTPUT_BYTES
        return path.open("wb" if fresh else "ab")
    except OSError:
        return open(os.devnull, "wb")


def make_folder(config: Config) -> None:
    """The data folder, for this user only. Raises OSError, and `StorageError` in place of one that is missing."""
    if config.missing:
        raise not_there(config.folder)
    config.folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _listen(process: "subprocess.Popen[bytes]", report: "Future[Report]") -> None:
    assert process.stdout is not None
    line = process.stdout.readline()
    process.stdout.close()
    try:
        said: Report = json.loads(line)
    except ValueError:
        said = {"state": "died", "exit": process.wait()}
    report.set_result(said)
    # Waited for to the end, so that no dead process stays in the table.
    process.wait()


def reporter() -> Callable[[Report], None]:
    """The child's side: writes the one line. Nothing else goes to that pipe, because its reader stops after it."""
    if sys.stdout is None:
        return lambda said: None
    line = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())

    def report(said: Report) -> None:
        try:
            line.write(json.dumps(said) + "\n")
            line.close()
        except OSError:
            # The launcher is gone; the engine serves whoever comes next.
            return

    return report
