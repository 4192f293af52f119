"""The stream of changes that a client watches to keep its views true."""

from collections.abc import AsyncIterator

from app.domain.error import AppError
from app.domain.event import Changed, Progress
from app.services.events.bus import EventBus


class Events:
    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self._watchers = 0

    @property
    def watched(self) -> bool:
        """Whether any client watches."""
        return self._watchers > 0

    async def subscribe(self) -> AsyncIterator[Changed | Progress]:
        """All changes and progress from now on. Raises `AppError` (`too_slow`) when the reader falls behind."""
        subscription = self._bus.subscribe(lambda event: isinstance(event, Changed | Progress))
        self._watchers += 1
        try:
            async for event in subscription:
                if isinstance(event, Changed | Progress):
                    yield event
        finally:
            self._watchers -= 1
            subscription.close()
        if subscription.overflowed:
            raise AppError("This reader fell behind. Reload what it shows.", code="too_slow")
