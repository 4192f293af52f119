"""Tells clients that something about a provider's models changed, four times a second at most."""

import asyncio
from collections.abc import Callable

from app.domain.event import Changed, Event

PAUSE = 0.25


class ModelNotices:
    def __init__(self, publish: Callable[[Event], None]) -> None:
        self._publish = publish
        self._pausing: dict[str, asyncio.TimerHandle] = {}
        self._due: set[str] = set()

    def say(self, provider_id: str) -> None:
        """At once, or together with what comes until the pause is over."""
        if provider_id in self._pausing:
            self._due.add(provider_id)
            return
        self._publish(Changed(kind="model", ids=(provider_id,)))
        self._pausing[provider_id] = asyncio.get_running_loop().call_later(PAUSE, self._over, provider_id)

    def close(self) -> None:
        for timer in self._pausing.values():
            timer.cancel()

    def _over(self, provider_id: str) -> None:
        del self._pausing[provider_id]
        if provider_id in self._due:
            self._due.discard(provider_id)
            self.say(provider_id)
