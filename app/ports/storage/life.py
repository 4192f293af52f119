"""The changes of an agent's memory as one life, counted without reading their texts."""

from typing import Protocol

from app.domain.base import Micros
from app.domain.history import ChangeFilter, ChangeKind, LifeMark, MemoryEvent, TargetKind, Tick


class LifeRepository(Protocol):
    """Cost depends on the number of changes, 100 ns to 1 us each, not on the length of what they changed."""

    def began(self, agent_id: str) -> Micros | None:
        """When the first change was made."""
        ...

    def counts(self, agent_id: str, target_id: str = "") -> dict[ChangeKind, int]:
        """How many changes there are by kind; those without any are missing."""
        ...

    def counts_between(self, agent_id: str, after: int, until: int) -> dict[ChangeKind, int]:
        """As `counts`, of the changes after one event and until another."""
        ...

    def made_at(self, agent_id: str, seq: int) -> Micros | None:
        """When the newest change until a point was made; None if there was none."""
        ...

    def summary_at(self, agent_id: str, seq: int) -> str:
        """What the newest summary until a point says; empty if there was none, or if it was undone."""
        ...

    def ticks(self, agent_id: str, since: Micros, until: Micros, parts: int, target_id: str = "") -> tuple[Tick, ...]:
        """The changes of a span of time, oldest first; those of one kind in one of `parts` equal pieces are one."""
        ...

    def marks(self, agent_id: str, since: Micros, until: Micros, limit: int) -> tuple[LifeMark, ...]:
        """The newest changes of the model and the newest summaries of a span of time, oldest first."""
        ...

    def page(self, agent_id: str, wanted: ChangeFilter, before: int | None, limit: int) -> tuple[MemoryEvent, ...]:
        """The wanted changes before one, or the newest, newest first."""
        ...

    def last_until(self, agent_id: str, at: Micros) -> int:
        """The seq of the newest change that was made by then; 0 if there was none."""
        ...

    def touched(self, agent_id: str, after: int, until: int) -> tuple[tuple[TargetKind, str], ...]:
        """What was changed after one event and until another, each once."""
        ...

    def moves_since(self, agent_id: str, seq: int) -> tuple[MemoryEvent, ...]:
        """What was created, deleted, brought back, attached or detached after an event, newest first."""
        ...
