"""Memory history: one append-only row for every change of what an agent is and knows."""

from typing import Any, Literal

from pydantic import model_validator

from app.domain.base import Frozen, Micros
from app.domain.block import Block

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
    sources: tuple[str, ...] = ()
    """Whose text the run had before it that no person here and no agent's model wrote, as `app.domain.source` names it.
    """


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


ChangeKind = Literal["user", "agent", "sleep-time", "api", "import", "helper", "mcp", "schedule", "rescue", "undo"]
"""By whom a change was made, as a life is divided: an undo is told apart from the edits of whoever pressed it."""


def kind_of(event: MemoryEvent) -> ChangeKind:
    """By whom it was made, with undos apart."""
    return event.origin.actor.kind if event.undoes is None else "undo"


class ChangeFilter(Frozen):
    """Which changes of an agent's memory are meant; empty fields mean all."""

    kinds: tuple[ChangeKind, ...] = ()
    target_id: str = ""


ALL_CHANGES = ChangeFilter()
"""No filter."""


class Tick(Frozen):
    """Changes of one kind that lie close together in time."""

    kind: ChangeKind
    at: Micros
    """Of the first of them."""
    count: int
    first_seq: int
    last_seq: int


class LifeMark(Frozen):
    """A moment worth its own line: another model, or a summary."""

    seq: int
    at: Micros
    kind: Literal["model", "summary"]
    text: str = ""
    """The model; of a summary the number among the agent's."""


class Blame(Frozen):
    """Who wrote each line of a text."""

    of_line: tuple[int | None, ...]
    """For each line the seq of the change that brought it; None where that lies further back than was looked."""
    events: tuple[MemoryEvent, ...]
    """Those changes, without what they changed."""


class EntryChange(Frozen):
    """A passage, or anything else that is no block, at two points of the history. None: it was not there."""

    kind: TargetKind
    target_id: str
    label: str
    before: str | None
    after: str | None


class MemoryAt(Frozen):
    """All that an agent knew and how it was set right after a change."""

    seq: int
    at: Micros | None
    """When that change was made; None for a point before the first one."""
    blocks: tuple[Block, ...]
    """In the order of the prompt; also those that were deleted since."""
    settings: dict[str, Any]
    """As in `Agent`, by the name of the field."""
    summary: str = ""
    """What the newest summary said; empty while there was none."""


class MemoryBetween(Frozen):
    """An agent's memory at two points, and what happened between them."""

    before: MemoryAt
    after: MemoryAt
    counts: dict[ChangeKind, int]
    """Changes after the first point and until the second."""
    entries: tuple[EntryChange, ...] = ()
    """Passages that differ, the first so many."""
    more_entries: int = 0
    """How many further ones were touched."""


class Life(Frozen):
    """The changes of an agent's memory over a span of time, counted."""

    began: Micros | None
    """When the first change was made, of the whole life."""
    counts: dict[ChangeKind, int]
    """Of the whole life."""
    since: Micros
    until: Micros
    ticks: tuple[Tick, ...]
    """Within the span, oldest first."""
    marks: tuple[LifeMark, ...] = ()
    """The newest ones within the span, oldest first."""

    @property
    def total(self) -> int:
        return sum(self.counts.values())
