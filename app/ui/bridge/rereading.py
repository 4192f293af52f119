"""Reading again what an event says has changed: each thing by one reader at a time."""

import asyncio
from collections.abc import Awaitable, Callable

from PySide6.QtCore import QObject

from app.ui.bridge.tasks import Tasks

Read = Callable[[], Awaitable[object]]


class Rereading:
    """Never reads one thing twice at once: what changes meanwhile is read once more after. Ends with `owner`."""

    def __init__(self, tasks: Tasks, owner: QObject) -> None:
        self._tasks, self._owner = tasks, owner
        self._stale: dict[str, bool] = {}
        """What is being read, and whether it has changed since that began."""

    def read(self, what: str, read: Read) -> None:
        if what in self._stale:
            self._stale[what] = True
            return
        self._stale[what] = False
        self._tasks.spawn(self._read(what, read), self._owner)

    async def _read(self, what: str, read: Read) -> None:
        try:
            await read()
        except asyncio.CancelledError:
            self._stale[what] = False  # the window closes; nobody is left to read for
            raise
        finally:
            if self._stale.pop(what):
                self.read(what, read)
