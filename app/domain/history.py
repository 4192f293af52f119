"""Memory history: one append-only row for every change of what an agent is and knows."""

from typing import Any, Literal

from pydantic import model_validator

from app.domain.base import Frozen, Micros

ActorKind = Literal["user", "agent", "sleep-time", "api", "import", "helper", "mcp", "schedule", "rescue"]
"""`user`: a person in a client. `agent`: a tool call of its own. `sleep-time`: an agent that tends another's memory.
`api`: a program over HTTP. `import`: a file. `helper`: the memory helper, which proposes edits for a model too weak for
them; a person has accepted. `mcp`: an MCP client. `schedule`: a run that nobody asked for just then. `rescue`: not
written any more."""
TargetKind = Literal["block", "attachment", "agent", "passage", "archive", "summary", "folder", "file", "tool"]
"""`block`: its fields. `attachment`: a block attached or detached. `agent`: system prompt, model, tools, settings.
How a kind is read and undone stands in `app.engine.memory.undo.TARGETS`; those without a row are not written yet."""
Op = Literal["create", "update", "delete", "restore", "attach", "detach"]


class Actor(Frozen):
    """Who causes a change."""

    kind: ActorKind = "user"
    name: str = ""
    """Which one of its kind, as people know it: the agent's, the program's, the schedule's name. May be unknown."""

    @model_validator(mode="before")
    @classmethod
    def _read_kind_alone(cls, given: object) -> object:
        """Earlier versions wrote only the kind."""
        return {"kind": given} if isinstance(given, str) else given


class Origin(Frozen):
    """By whom, and by what, a change is caused. Given to every service call that changes memory."""

    actor: Actor = Actor()
    run_id: str | None = None
    step_id: str | None = None
    tool_call_id: str | None = None
    tool_name: str | None = None
    message_id: str | None = None
    """The user message that led to it."""
    client: str = ""
    """Which window or connection asked, so that it does not react to its own edit."""


USER = Origin()
"""A person, nothing else being known: what holds where a caller says nothing."""


class MemoryEvent(Frozen):
    """One change. `before` and `after` hold only the fields that changed (None when created or deleted)."""

    seq: int
    """Global order over all agents; also a point in time to look back to."""
    id: str
    at: Micros
    agent_id: str | None
    """An agent whose memory it is; None for a change of a block that no agent holds. Of a shared block it is one of
    the holders: the history of each shows the event."""
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
    """seq of the event that this one undoes."""
    undone_by: int | None = None
    """seq of the event that undid this one (and was not itself undone)."""
    cause: str = ""
    """Text of the user message that led to it, shortened; filled when read."""
