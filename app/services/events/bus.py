"""Publish and subscribe inside the engine process. A reader that is too slow loses its place, never the writer."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

from app.domain.event import Event

CAPACITY = 4_096


class Subscription:
    """Events since the subscription began, in order. Iterating ends when it is closed or has overflowed."""

    def __init__(self, wants: Callable[[Event], bool], on_close: Callable[["Subscription"], None]) -> None:
        self._wants = wants
        self._on_close = on_close
        self._queue: deque[Event] = deque()
        self._arrived = asyncio.Event()
        self._closed = False
        self.overflowed = False

    def offer(self, event: Event) -> None:
        if self._closed or not self._wants(event):
            return
        if len(self._queue) >= CAPACITY:
            self.overflowed = True
            self.close()
            return
        self._queue.append(event)
        self._arrived.set()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._on_close(self)
            self._arrived.set()

    async def __aiter__(self) -> AsyncIterator[Event]:
        while True:
            while self._queue and not self.overflowed:
                yield self._queue.popleft()
            if self._closed:
                return
            self._arrived.clear()
            await self._arrived.wait()


class EventBus:
    """One per engine; used from its loop only."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription] = []

    def publish(self, event: Event) -> None:
        for subscription in tuple(self._subscriptions):
            subscription.offer(event)

    def subscribe(self, wants: Callable[[Event], bool]) -> Subscription:
        subscription = Subscription(wants, self._subscriptions.remove)
        self._subscriptions.append(subscription)
        return subscription

    def close(self) -> None:
        for subscription in tuple(self._subscriptions):
            subscription.close()
