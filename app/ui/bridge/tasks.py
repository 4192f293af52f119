"""The only place of the window that starts coroutines."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtCore import QObject
from shiboken6 import getCppPointer, isValid

OnError = Callable[[BaseException], None]


class Tasks:
    """Runs coroutines for widgets: held until they end, cancelled when their owner is destroyed, errors never lost."""

    def __init__(self, on_error: OnError) -> None:
        self._on_error = on_error
        self._closed = False
        self._owned: dict[int, set[asyncio.Task[Any]]] = {}
        """By address of the owner: its Python side may come and go while it lives."""
        self._owner_of: dict[asyncio.Task[Any], tuple[QObject, OnError | None]] = {}

    def spawn(
        self, coro: Coroutine[Any, Any, Any], owner: QObject, on_error: OnError | None = None
    ) -> "asyncio.Future[Any]":
        """`on_error` gets what the coroutine raised in place of the common way; cancelling is no error.

        For an owner that is gone, while no loop runs, and after `end`, the coroutine does not begin.
        """
        loop = _running_loop()
        if self._closed or loop is None or not isValid(owner):
            # Closed at once: a task that is only cancelled would need one more turn of a loop that may have ended.
            coro.close()
            return _begun_nothing(loop)
        task = loop.create_task(coro)
        key = getCppPointer(owner)[0]
        if key not in self._owned:
            self._owned[key] = set()
            owner.destroyed.connect(lambda *_: self._orphaned(key))
        self._owned[key].add(task)
        self._owner_of[task] = (owner, on_error)
        task.add_done_callback(lambda ended: self._ended(ended, key))
        return task

    def _orphaned(self, key: int) -> None:
        for task in self._owned.pop(key, set()):
            task.cancel()

    def _ended(self, task: "asyncio.Task[Any]", key: int) -> None:
        owner, on_error = self._owner_of.pop(task)
        self._owned.get(key, set()).discard(task)
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
        """Cancel what is still going and wait for it, but for the caller itself. Nothing begins after it."""
        self._closed = True
        rest = [task for task in self._owner_of if task is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    """The loop that runs now; the policy's loop may be another one, or none."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _begun_nothing(running: asyncio.AbstractEventLoop | None) -> "asyncio.Future[Any]":
    """Cancelled from the start. Without a loop that runs it belongs to none that could: every future needs one."""
    loop = running or asyncio.new_event_loop()
    never: asyncio.Future[Any] = loop.create_future()
    never.cancel()
    if running is None:
        loop.close()
    return never
