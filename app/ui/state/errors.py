"""What becomes of an exception: a sentence with a way out, a lost connection, or a report of a fault of ours."""

import asyncio
import sys
from types import TracebackType
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.domain.error import AppError, LinkError
from app.ui.state.crash_report import report_of

LOST = ("engine_gone",)


class Errors(QObject):
    told = Signal(object)
    """AppError: something expected; show `message` and `hint`."""
    link_lost = Signal(object)
    """LinkError: the engine is gone; the connection deals with it."""
    crashed = Signal(str)
    """A report of something unexpected, to show and copy."""

    def take(self, error: BaseException) -> None:
        if isinstance(error, LinkError) and error.code in LOST:
            self.link_lost.emit(error)
        elif isinstance(error, AppError):
            self.told.emit(error)
        elif not isinstance(error, asyncio.CancelledError | KeyboardInterrupt):
            self.crashed.emit(report_of(error))

    def install(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take what nobody caught, in slots and in the loop."""
        sys.excepthook = self._hook
        loop.set_exception_handler(self._from_loop)

    def _hook(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        self.take(error)

    def _from_loop(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self.take(error if isinstance(error, BaseException) else RuntimeError(str(context.get("message", context))))
