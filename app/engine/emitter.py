"""A run's voice: numbers its events, publishes them at once and writes them to the run's log in batches."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable

from app.domain.event import Event, Progress, RunEvent
from app.domain.wire_message import Payload
from app.ports.storage import Storage
from app.ports.system import Clock

FLUSH_AFTER_US = 200_000
"""Microseconds that deltas wait to be written together: what a crash may cost of a reply under way."""
FLUSH_AFTER = 1_000
"""Events: with so many waiting the batch is written before its time is up."""

REMEMBERED = 1_000
"""Events of a run that are at hand for whoever comes to it while it goes on; a longer run is read from its log."""


class Emitter:
    """One per run. `publish` must not block."""

    def __init__(
        self,
        run_id: str,
        last_seq: int,
        storage: Storage,
        clock: Clock,
        publish: Callable[[Event], None],
        first: tuple[RunEvent, ...] | None = None,
    ):
        """`first`: all events so far, published now; None for a run that goes on from its log."""
        self._run_id = run_id
        self._seq = last_seq
        self._storage = storage
        self._clock = clock
        self._publish = publish
        self._unwritten: list[RunEvent] = []
        self._written_at = clock.ticks()
        self._writing = asyncio.Lock()
        self._piece: RunEvent | None = None
        """What all pieces are copied from, because copying costs half of making one."""
        self._said: list[RunEvent] | None = None if first is None else []
        self.publish(first or ())

    def delta(self, payload: Payload, *, step_id: str, step_no: int, attempt: int) -> RunEvent:
        """Publishes the next piece of a message and keeps it for the log."""
        if self._piece is None:
            self._piece = RunEvent(run_id=self._run_id, seq_id=0, whole=False, payload=payload)
        place = {"seq_id": self.next_seq(), "step_id": step_id, "step_no": step_no, "attempt": attempt}
        event = self._piece.model_copy(update={**place, "payload": payload})
        self._unwritten.append(event)
        self._tell(event)
        return event

    def progress(self, progress: Progress) -> None:
        self._publish(progress)

    def next_seq(self) -> int:
        self._seq += 1
        return self._seq

    @property
    def due(self) -> bool:
        """Whether the batch should be written now."""
        late = self._clock.ticks() - self._written_at >= FLUSH_AFTER_US
        return bool(self._unwritten) and (late or len(self._unwritten) >= FLUSH_AFTER)

    async def flush(self) -> None:
        """Writes the batch in a transaction of its own. Whatever was published before is in the log afterwards."""
        async with self.batch() as batch:
            if batch:
                await self._storage.write(lambda repos: repos.runs.add_events(batch))

    @contextlib.asynccontextmanager
    async def batch(self) -> AsyncGenerator[tuple[RunEvent, ...]]:
        """The batch, for a transaction that stores it; kept for the next one if that fails.

        One at a time: whoever flushes while another writes waits, so that a reader of the log never meets a hole.
        """
        async with self._writing:
            batch = tuple(self._unwritten)
            self._unwritten.clear()
            self._written_at = self._clock.ticks()
            try:
                yield batch
            except Exception:
                self._unwritten[:0] = batch
                raise

    def publish(self, events: tuple[RunEvent, ...]) -> None:
        """Publishes events that a transaction has stored."""
        for event in events:
            self._tell(event)

    def said(self, after_seq: int) -> tuple[RunEvent, ...] | None:
        """All that was published after that number; None where only the log knows."""
        if self._said is None:
            return None
        return tuple(event for event in self._said if event.seq_id > after_seq)

    def _tell(self, event: RunEvent) -> None:
        if self._said is not None:
            self._said.append(event)
            if len(self._said) > REMEMBERED:
                self._said = None
        self._publish(event)
