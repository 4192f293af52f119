"""Log files: one per process (`logs/engine.log`, `logs/window.log`), rotating, with crashes of native code in them."""

import faulthandler
import logging
import logging.handlers
import os
import sys
import threading
import time
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType

FILE_BYTES = 2 * 1024 * 1024
KEPT_FILES = 3
REPEATS = 20
REPEATS_SECONDS = 60.0
_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"

log = logging.getLogger(__name__)


_Kind = tuple[str, int, str, int]


class Repeats:
    """Lets so many lines of one kind through in a minute; the others are counted and told as one.

    Of one kind is what one line of the source says, whatever it says it of. An attack, a full disk or a server that
    comes and goes would otherwise push everything else out of the log.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._begun = now()
        self._counts: dict[_Kind, int] = {}
        self._last: dict[_Kind, logging.LogRecord] = {}

    def passed(self, record: logging.LogRecord) -> list[logging.LogRecord]:
        """What is to be written now that this record has come."""
        told: list[logging.LogRecord] = []
        if self._now() - self._begun >= REPEATS_SECONDS:
            told = self.rest()
            self._begun = self._now()
        kind = record.name, record.levelno, record.pathname, record.lineno
        self._counts[kind] = self._counts.get(kind, 0) + 1
        if self._counts[kind] <= REPEATS:
            return [*told, record]
        self._last[kind] = record
        return told

    def rest(self) -> list[logging.LogRecord]:
        """What was counted and not told yet."""
        told: list[logging.LogRecord] = []
        for kind, record in self._last.items():
            more = self._counts[kind] - REPEATS
            line = logging.LogRecord(
                record.name,
                record.levelno,
                record.pathname,
                record.lineno,
                "... and %s more like this one: %s",
                (f"{more:,}", record.getMessage()),
                None,
            )
            told.append(line)
        self._counts.clear()
        self._last.clear()
        return told


class _LogFile(logging.handlers.RotatingFileHandler):
    """Keeps faulthandler pointed at the file that is written now."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=FILE_BYTES, backupCount=KEPT_FILES, encoding="utf-8")
        self._repeats = Repeats()
        self._watch()

    def emit(self, record: logging.LogRecord) -> None:
        for told in self._repeats.passed(record):
            super().emit(told)

    def _open(self) -> TextIOWrapper:
        """For this user only, whatever the process allows its other files."""
        return open(self.baseFilename, "a", encoding="utf-8", opener=_own)

    def doRollover(self) -> None:
        super().doRollover()
        self._watch()

    def _watch(self) -> None:
        if self.stream is not None:
            faulthandler.enable(self.stream)

    def close(self) -> None:
        for told in self._repeats.rest():
            super().emit(told)
        faulthandler.disable()
        super().close()


def _own(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def open_log(folder: Path, name: str, level: str) -> logging.Handler:
    """Everything this process logs from now on goes to `<name>.log`, uncaught exceptions and crashes too."""
    folder.mkdir(parents=True, exist_ok=True)
    file = _LogFile(folder / f"{name}.log")
    file.setFormatter(logging.Formatter(_FORMAT))
    root = logging.getLogger()
    root.setLevel(level)
    root.addHandler(file)
    # They tell of every connection, which drowns our own lines.
    for chatty in ("aiohttp", "asyncio", "filelock"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda fault: _log_uncaught(fault.exc_type, fault.exc_value, fault.exc_traceback)
    return file


def _log_uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    log.critical("uncaught %s", kind.__name__, exc_info=(kind, error or kind(), trace))


def last_lines(path: Path, count: int = 30) -> str:
    """The end of a log file; empty when there is none."""
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - 16_384))
            return "\n".join(file.read().decode("utf-8", "replace").splitlines()[-count:])
    except OSError:
        return ""
