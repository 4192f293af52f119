"""Changes of memory."""

from typing import Any, Protocol

from app.domain.history import MemoryEvent


class HistoryRepository(Protocol):
    """Memory events are only ever added."""

    def add(self, event: MemoryEvent) -> MemoryEvent:
        """Stores it and returns it with its global `seq` (the given one is ignored)."""
        ...

    def get(self, seq: int) -> MemoryEvent:
        """With `undone_by` filled. Raises `NotFound`."""
        ...

    def last_seq(self) -> int:
        """The newest event's, 0 if there is none."""
        ...

    def of_target(self, target_id: str, *, before: int | None = None, limit: int = 100) -> tuple[MemoryEvent, ...]:
        """Newest first, with `undone_by` filled."""
        ...

    def fields_at(self, target_id: str, seq: int) -> dict[str, Any]:
        """The fields, as JSON values, that were changed after an event, as they were right after it."""
        ...

    def first_after(self, target_id: str, seq: int) -> MemoryEvent | None:
        """The first change of a target that came after an event."""
        ...

    def version_at(self, target_id: str, seq: int) -> int | None:
        """The version that a target had right after an event; None where nothing is known of it until then."""
        ...

    def of_agent(self, agent_id: str, *, before: int | None = None, limit: int = 100) -> tuple[MemoryEvent, ...]:
        """Everything that changed this agent or a block while it was attached to it, newest first."""
        ...

    def since(self, agent_id: str, seq: int) -> tuple[MemoryEvent, ...]:
        """As `of_agent`, all that came after an event."""
        ...

    def of_runs(self, run_ids: tuple[str, ...]) -> tuple[MemoryEvent, ...]:
        """Changes that these runs made, oldest first, with `undone_by` filled."""
        ...
