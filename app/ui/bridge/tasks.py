"""The only place of the window that starts coroutines."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from PySide6.QtCore import QObject
from shiboken6 import getCppPointer, isValid

from app.domain.error import AppError

T = TypeVar("T")


class Tasks:
    """Runs coroutines for widgets: held until they end, cancelled when their owner is destroyed, errors never lost."""

    def __init__(self, on_error: Callable[[BaseException], object]) -> None:
        self._on_error = on_error
        self._closed = False
        self._owned: dict[int, set[asyncio.Task[Any]]] = {}
        """By address of the owner: its Python side may come and go while it lives."""
        self._owner_of: dict[asyncio.Task[Any], QObject] = {}

    def spawn(
        self,
        work: Coroutine[Any, Any, T],
        owner: QObject,
        *,
        done: Callable[[T], object] | None = None,
        failed: Callable[[AppError], object] | None = None,
    ) -> "asyncio.Future[T]":
        """`done` is called with the result. An `AppError` goes to `failed`, all else, and without it, the common way.

        Nothing is called for an owner that is gone or work that was cancelled. For such an owner, while no loop runs,
        and after `end`, the work does not begin.
        """
        loop = _running_loop()
        if self._closed or loop is None or not isValid(owner):
            # Closed at once: a task that is only cancelled would need one more turn of a loop that may have ended.
            work.close()
            return _begun_nothing(loop)
        task = loop.create_task(work)
        key = getCppPointer(owner)[0]
        if key not in self._owned:
            self._owned[key] = set()
            owner.destroyed.connect(lambda: self._orphaned(key))
        self._owned[key].add(task)
        self._owner_of[task] = owner
        task.add_done_callback(lambda ended: self._ended(ended, key, done, failed))
        return task

    def _orphaned(self, key: int) -> None:
        for task in self._owned.pop(key, set()):
            task.cancel()

    def _ended(
        self,
        task: "asyncio.Task[T]",
        key: int,
        done: Callable[[T], object] | None,
        failed: Callable[[AppError], object] | None,
    ) -> None:
        owner = self._owner_of.pop(task)
        self._owned.get(key, set()).discard(task)
        if task.cancelled():
            return
        error, there = task.exception(), isValid(owner)
        if error is None:
            if done is not None and there:
                done(task.result())
        elif failed is not None and there and isinstance(error, AppError):
            failed(error)
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


def _begun_nothing(running: asyncio.AbstractEventLoop | None) -> "asyncio.Future[T]":
    """Cancelled from the start. Without a loop that runs it belongs to none that could: every future needs one."""
    loop = running or asyncio.new_event_loop()
    never: asyncio.Future[T] = loop.create_future()
    never.cancel()
    if running is None:
        loop.close()
    return never
