"""Pages of long lists: which rows, in which order, from where on."""

from app.domain.base import Frozen, Micros
from app.domain.run import RunStatus, StopReason


class Cut(Frozen):
    """A piece of an ordered list. `after`: what follows this id in the given order; `before`: what precedes it."""

    before: str | None = None
    after: str | None = None
    limit: int = 50
    descending: bool = True
    """Newest first."""


class RunFilter(Frozen):
    agent_ids: tuple[str, ...] = ()
    conversation_id: str | None = None
    """A thread; its branches count as it."""
    statuses: tuple[RunStatus, ...] = ()
    stop_reason: StopReason | None = None
    background: bool | None = None


class StepFilter(Frozen):
    run_id: str | None = None
    agent_id: str | None = None
    model: str | None = None
    """A model handle or the name at its provider."""
    start: Micros | None = None
    end: Micros | None = None
    feedback: str | None = None
    has_feedback: bool | None = None
    tags: tuple[str, ...] = ()
