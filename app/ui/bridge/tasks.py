"""The only place of the window that starts coroutines."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtCore import QObject
from shiboken6 import isValid

OnError = Callable[[BaseException], None]


class Tasks:
    """Runs coroutines for widgets: held until they end, cancelled when their owner is destroyed, errors never lost."""

    def __init__(self, on_error: OnError) -> None:
        self._on_error = on_error
        self._owned: dict[int, set[asyncio.Task[Any]]] = {}
        self._owner_of: dict[asyncio.Task[Any], tuple[QObject, OnError | None]] = {}

    def spawn(
        self, coro: Coroutine[Any, Any, Any], owner: QObject, on_error: OnError | None = None
    ) -> "asyncio.Task[Any]":
        """`on_error` gets what the coroutine raised in place of the common way; cancelling is no error."""
        task = asyncio.get_running_loop().create_task(coro)
        self._owner_of[task] = (owner, on_error)
        self._set_of(owner).add(task)
        task.add_done_callback(self._ended)
        return task

    def _set_of(self, owner: QObject) -> set["asyncio.Task[Any]"]:
        key = id(owner)
        if key not in self._owned:
            self._owned[key] = set()
            owner.destroyed.connect(lambda *_: self._orphaned(key))
        return self._owned[key]

    def _orphaned(self, key: int) -> None:
        for task in self._owned.pop(key, set()):
            task.cancel()

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        owner, on_error = self._owner_of.pop(task)
        self._owned.get(id(owner), set()).discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if on_error is not None and isValid(owner):
            on_error(error)
        else:
            self._on_error(error)

    @property
    def count(self) -> int:
        """How many are still going."""
        return len(self._owner_of)

    async def end(self) -> None:
        """Cancel what is still going and wait for it, but for the caller itself."""
        rest = [task for task in self._owner_of if task is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
