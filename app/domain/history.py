"""Memory history: one append-only row for every change of what an agent is and knows."""

from typing import Any, Literal

from app.domain.base import Frozen, Micros

Actor = Literal["user", "agent", "sleep-time", "api", "import"]
TargetKind = Literal["block", "attachment", "agent"]
"""`block`: its fields. `attachment`: a block attached or detached. `agent`: system prompt, model, tools, settings."""
Op = Literal["create", "update", "delete", "restore", "attach", "detach"]


class Origin(Frozen):
    """Who causes a change, and by what. Given to every service call that changes memory."""

    actor: Actor = "user"
    run_id: str | None = None
    step_id: str | None = None
    tool_call_id: str | None = None
    tool_name: str | None = None
    message_id: str | None = None
    """The user message that led to it."""
    client: str = ""
    """Which window or connection asked, so that it does not react to its own edit."""


USER = Origin()


class MemoryEvent(Frozen):
    """One change. `before` and `after` hold only the fields that changed (None when created or deleted)."""

    seq: int
    """Global order over all agents; also a point in time to look back to."""
    id: str
    at: Micros
    agent_id: str | None
    """The agent whose memory it is; None for a change of a block that no agent holds."""
    target_kind: TargetKind
    target_id: str
    label: str
    """Block label or changed setting, for people."""
    op: Op
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    version: int
    """Version of the target after the change."""
    origin: Origin
    undoes: int | None = None
    """seq of the event that this one takes back."""
    undone_by: int | None = None
    """seq of the event that took this one back (and was not itself taken back)."""
    cause: str = ""
    """Text of the user message that led to it, shortened; filled when read."""
