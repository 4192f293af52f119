"""The single listener of the window to the engine's live events; hands them on in batches, 30 a second at most."""

from collections.abc import AsyncIterator, Callable

from PySide6.QtCore import QObject, QTimer, Signal

from app.domain.event import Changed, Progress

INTERVAL_MS = 33


class EventRelay(QObject):
    """One Qt signal per interval, however many events came."""

    batch = Signal(object)
    """tuple[Changed | Progress, ...] in order of arrival; equal changes are merged, of each run's progress the last."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._changed: dict[tuple[object, ...], Changed] = {}
        self._progress: dict[str, Progress] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(INTERVAL_MS)
        self._timer.timeout.connect(self._flush)

    async def follow(self, subscribe: Callable[[], AsyncIterator[Changed | Progress]]) -> None:
        """Until the stream ends or breaks."""
        async for event in subscribe():
            self.take(event)

    def drop(self) -> None:
        """Forget what waits: who listens has gone, or will read everything anew."""
        self._timer.stop()
        self._changed.clear()
        self._progress.clear()

    def take(self, event: Changed | Progress) -> None:
        if isinstance(event, Progress):
            self._progress[event.run_id] = event
        else:
            self._merge(event)
        if not self._timer.isActive():
            self._timer.start()

    def _merge(self, event: Changed) -> None:
        key = (event.kind, event.agent_id, event.conversation_id, event.client)
        earlier = self._changed.get(key)
        if earlier is not None:
            ids = tuple(dict.fromkeys((*earlier.ids, *event.ids)))
            event = earlier.model_copy(update={"ids": ids})
        self._changed[key] = event

    def _flush(self) -> None:
        events = (*self._changed.values(), *self._progress.values())
        self._changed.clear()
        self._progress.clear()
        self.batch.emit(events)
