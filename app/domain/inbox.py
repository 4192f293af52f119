"""The inbox of memory: changes that agents made and that a person has not looked at yet."""

from typing import Literal

from app.domain.base import Frozen, Micros
from app.domain.history import ActorKind, MemoryEvent

WRITERS: frozenset[ActorKind] = frozenset(("agent", "sleep-time", "schedule", "mcp"))
"""Whose changes wait for somebody to look at them."""
Outcome = Literal["kept", "edited", "undone"]


class Looked(Frozen):
    """A change that a person has looked at."""

    event: MemoryEvent
    outcome: Outcome
    at: Micros


class Waiting(Frozen):
    """A change that waits, with what its card says beside it."""

    event: MemoryEvent
    agent_id: str
    agent_name: str
    """Of the agent whose memory it is."""
    shared_with: tuple[str, ...] = ()
    """Names of the other agents that hold the block."""
    superseded: bool = False
    """Its text was changed again since in the same place, so it cannot be undone alone."""
    now: str = ""
    """The text of the block as it is; empty for anything else."""


class Inbox(Frozen):
    """What waits now, the beginning of it, and what was looked at since the last time."""

    waiting: tuple[Waiting, ...]
    total: int
    """How many wait in all."""
    agents: int
    """By how many agents."""
    since: Micros | None
    """When a person looked for the last time, or when the first of it was written."""
    looked: tuple[Looked, ...] = ()
    """The latest first."""
