"""Runs, their steps, and their log."""

from typing import Protocol

from app.domain.base import Micros
from app.domain.event import RunEvent
from app.domain.run import Run, RunPurpose, Step, StepTrace


class RunRepository(Protocol):
    def get(self, run_id: str) -> Run:
        """Raises `NotFound`."""
        ...

    def add(self, run: Run, state: str) -> None:
        """Raises `Conflict` (code `busy`, details run_id) when the conversation has an active run."""
        ...

    def save(self, run: Run, state: str) -> None:
        """Writes what changes of a run, and its `RunState` as JSON: not whose it is, nor how it began."""
        ...

    def state(self, run_id: str) -> str:
        """The run's `RunState` as JSON."""
        ...

    def active(self) -> tuple[Run, ...]:
        """Of all conversations, oldest first."""
        ...

    def active_in(self, conversation_id: str) -> Run | None:
        """The one run of this conversation that goes on, if any."""
        ...

    def list(
        self,
        *,
        agent_id: str | None = None,
        conversation_id: str | None = None,
        before_id: str | None = None,
        limit: int = 50,
        purpose: RunPurpose | None = None,
    ) -> tuple[Run, ...]:
        """Newest first; `purpose`: only those that are for this."""
        ...

    def many(self, run_ids: tuple[str, ...]) -> tuple[Run, ...]:
        """Those of these ids that exist."""
        ...

    def add_step(self, step: Step, request_parts: tuple[bytes, ...], reply: bytes) -> None:
        """Stores a step with the bytes it sent and received. Equal parts are stored once, replies cut at 1 MB."""
        ...

    def steps(self, run_ids: tuple[str, ...]) -> tuple[Step, ...]:
        """Steps of these runs, in order."""
        ...

    def step(self, step_id: str) -> Step:
        """Raises `NotFound`."""
        ...

    def last_step(self, agent_id: str, *, whole: bool = False) -> Step | None:
        """Newest completed step of an agent that has a real prompt count; `whole`: and that its server read whole."""
        ...

    def trace(self, step_id: str) -> StepTrace:
        """The bytes of a step. Raises `NotFound`."""
        ...

    def request(self, step_id: str) -> tuple[bytes, ...]:
        """The parts of the request that a step sent, as they were given. Raises `NotFound`."""
        ...

    def add_events(self, events: tuple[RunEvent, ...]) -> None:
        """Stores events of one run or of several; each seq_id of a run once."""
        ...

    def events(self, run_id: str, after_seq: int = 0, limit: int = 1000) -> tuple[RunEvent, ...]:
        """In order, after a seq_id."""
        ...

    def last_seq(self, run_id: str) -> int:
        """Highest stored seq_id of a run, 0 if none."""
        ...

    def drop_deltas(self, ended_before: Micros) -> int:
        """Removes delta events (not whole ones) of runs that ended before a time."""
        ...
