"""A stream of items from the engine, at the client: what came waits here until it is asked for."""

import asyncio
import contextlib
import weakref
from collections import deque
from typing import Any, Self

from app.domain.error import AppError, LinkError
from app.link.protocol import CREDIT, Wire
from app.link.values import from_wire

_REFILL = CREDIT // 2


class Stream:
    """An async iterator. One consumer; ends the engine's side when closed or forgotten."""

    def __init__(self, number: int, wire: Wire) -> None:
        self.number = number
        self._wire = wire
        self._loop = asyncio.get_running_loop()
        self._items: deque[Any] = deque()
        self._news = asyncio.Event()
        self._ended = False
        self._error: AppError | None = None
        self._taken = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        while not self._items:
            if self._ended:
                self._raise_end()
            self._news.clear()
            await self._news.wait()
        item = self._items.popleft()
        self._give_credit()
        try:
            return from_wire(item)
        except LinkError:
            self._cancel()
            raise

    def _raise_end(self) -> None:
        error, self._error = self._error, None
        raise error or StopAsyncIteration

    def _give_credit(self) -> None:
        self._taken += 1
        if self._taken >= _REFILL and not self._ended:
            self._wire.send({"k": "credit", "id": self.number, "n": self._taken})
            self._taken = 0

    def put(self, item: Any) -> None:
        self._items.append(item)
        self._news.set()

    def finish(self, error: AppError | None) -> None:
        """Items that came before are still given."""
        if not self._ended:
            self._ended, self._error = True, error
            self._news.set()

    async def aclose(self) -> None:
        """Tells the engine that nobody listens any more."""
        self._items.clear()
        self._cancel()

    def _cancel(self) -> None:
        if not self._ended:
            self._ended = True
            self._news.set()
            self._wire.send({"k": "cancel", "id": self.number})

    def __del__(self) -> None:
        # A consumer that was cancelled forgets its stream without closing it. Collecting may happen in any thread.
        if not self._ended and not self._loop.is_closed():
            cancel = {"k": "cancel", "id": self.number}
            with contextlib.suppress(RuntimeError):  # The loop was closed meanwhile.
                self._loop.call_soon_threadsafe(self._wire.send, cancel)


class OpenStreams:
    """The streams of one link by number, held weakly: one that nobody iterates any more ends itself."""

    def __init__(self) -> None:
        self._streams: weakref.WeakValueDictionary[int, Stream] = weakref.WeakValueDictionary()

    def add(self, stream: Stream) -> None:
        self._streams[stream.number] = stream

    def put(self, number: int, item: Any) -> None:
        stream = self._streams.get(number)
        if stream is not None:
            stream.put(item)

    def finish(self, number: int, error: AppError | None) -> None:
        stream = self._streams.pop(number, None)
        if stream is not None:
            stream.finish(error)

    def finish_all(self, error: AppError) -> None:
        for number in list(self._streams.keys()):
            self.finish(number, error)
