"""Log files: one per process (`logs/engine.log`, `logs/window.log`), rotating, with crashes of native code in them."""

import faulthandler
import logging
import logging.handlers
import os
import sys
import threading
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType

FILE_BYTES = 2 * 1024 * 1024
KEPT_FILES = 3
_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"

log = logging.getLogger(__name__)


class _LogFile(logging.handlers.RotatingFileHandler):
    """Keeps faulthandler pointed at the file that is written now."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=FILE_BYTES, backupCount=KEPT_FILES, encoding="utf-8")
        self._watch()

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
