"""What agents wrote, until a person has looked at it."""

from collections.abc import Sequence
from typing import Protocol

from app.domain.base import Micros
from app.domain.history import MemoryEvent
from app.domain.inbox import Looked, Outcome


class InboxRepository(Protocol):
    """Filled by the history when it is written; an undo from anywhere counts as having looked."""

    def count(self, agent_id: str | None = None) -> int:
        """How many changes wait, of one agent or of all that are not deleted."""
        ...

    def waiting(self, agent_id: str | None = None, limit: int = 100) -> tuple[MemoryEvent, ...]:
        """Those of runs that read what strangers wrote first, then the newest."""
        ...

    def of_run(self, run_id: str) -> tuple[int, ...]:
        """The seqs of the changes of a run that wait."""
        ...

    def all_waiting(self, agent_id: str | None = None) -> tuple[int, ...]:
        """The seqs of all that wait."""
        ...

    def note(self, seqs: Sequence[int], outcome: Outcome | None, at: Micros) -> int:
        """What a person made of these changes, or None: they wait again. Returns how many it was news for."""
        ...

    def looked(self, since: Micros, agent_id: str | None = None, limit: int = 100) -> tuple[Looked, ...]:
        """What was looked at since then, the latest first."""
        ...

    def first_waiting_at(self, agent_id: str | None = None) -> Micros | None:
        """When the oldest of those that wait was written."""
        ...

    def last_looked_at(self) -> Micros | None:
        """When a person looked at anything for the last time."""
        ...
