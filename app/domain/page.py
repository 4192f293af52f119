"""Pages of long lists: which rows, in which order, from where on."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Literal, TypeVar

from app.domain.agent import Agent
from app.domain.base import Field, Frozen, Micros
from app.domain.block import Block
from app.domain.history import MemoryEvent
from app.domain.identity import Identity, IdentityType
from app.domain.message import Message
from app.domain.model import Provider
from app.domain.run import Run, RunStatus, Step, StopReason
from app.domain.tool import Tool
from app.domain.turn import RunRequest, StepFeedback

T = TypeVar("T")
Order = Literal["created_at", "updated_at", "last_run_completion", "last_message_at", "activity", "deleted_at", "name"]
"""What a list is sorted by. `activity`, of agents: the pinned ones, then those that were spoken to last."""


class PageRequest(Frozen):
    """A piece of an ordered list. `after`: what follows this id in the given order; `before`: what precedes it.

    A cursor may name a row that is not in the list any more: the place where it would stand counts.
    """

    before: str | None = None
    after: str | None = None
    limit: int = 50
    descending: bool = True
    """Newest first."""
    next_to_cursor: bool = True
    """With `before` alone: the rows just before it, not the first ones of the list."""
    order: Order = "created_at"


LARGEST = 10_000
"""The most rows of one page: a person's program may ask for all it has, but not for a million."""
OLDEST_FIRST = PageRequest(limit=LARGEST, descending=False)
"""All of a list, as far as one page goes."""
BY_ACTIVITY = PageRequest(order="activity")
"""As the window lists agents: who spoke last comes first."""
LAST_DELETED = PageRequest(order="deleted_at")
"""As the window lists what can be restored."""


async def every_page(
    read: Callable[[PageRequest], Awaitable[Sequence[T]]], id_of: Callable[[T], str], first: PageRequest
) -> AsyncIterator[Sequence[T]]:
    """The pages of a list from the first to the last, each read when the one before was taken."""
    page = first
    while rows := await read(page):
        yield rows
        if len(rows) < page.limit:
            return
        page = page.model_copy(update={"after": id_of(rows[-1])})


class AgentFilter(Frozen):
    """Which agents a list holds. Empty sets and None say nothing; what is said must all hold. Hidden ones never."""

    ids: tuple[str, ...] | None = None
    name: str | None = None
    search: str | None = None
    """A part of the name, in any case."""
    tags: tuple[str, ...] = ()
    all_tags: bool = False
    """True: those with all of the tags; else those with any."""
    block_id: str | None = None
    """Those that hold this block."""
    identity_id: str | None = None
    identifier_keys: tuple[str, ...] = ()
    """Those connected with an identity of any of these keys."""
    last_stop_reason: StopReason | None = None


class BlockFilter(Frozen):
    """Which blocks a list holds. Empty sets and None say nothing; what is said must all hold."""

    ids: tuple[str, ...] | None = None
    hidden: bool | None = False
    """None: those that are hidden and those that are not."""
    label: str | None = None
    label_search: str | None = None
    description_search: str | None = None
    value_search: str | None = None
    """Parts of the texts, in any case."""
    search: str | None = None
    """Part of the label, the text or the name of an agent that holds it, in any case."""
    tags: tuple[str, ...] = ()
    all_tags: bool = False
    agent_id: str | None = None
    """Those that this agent holds."""
    shareable_with: str | None = None
    """Those that this agent could be given: it has them not, and they were not deleted along with all their agents."""
    identity_id: str | None = None
    identifier_keys: tuple[str, ...] = ()
    """Those of an identity of any of these keys."""
    more_holders_than: int | None = None
    fewer_holders_than: int | None = None
    holders: tuple[int, ...] = ()
    """How many agents hold it: any of these numbers."""


class ConversationFilter(Frozen):
    """Which threads are wanted: those that pass every field that is given."""

    agent_id: str | None = None
    """None: of all agents that are not deleted."""
    further: bool = False
    """Only those that were begun later, not the ones that agents were made with."""
    search: str | None = None
    """A part of the title, in any case."""


class IdentityFilter(Frozen):
    """Which identities are wanted: those that pass every field that is given."""

    ids: tuple[str, ...] | None = None
    search: str | None = None
    """A part of the name, in any case."""
    identifier_key: str | None = None
    identity_type: IdentityType | None = None


class ToolFilter(Frozen):
    """Which tools are wanted: those that pass every field that is given."""

    ids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    search: str | None = None
    """A part of the name or of the description, in any case."""
    types: tuple[str, ...] = ()
    without_types: tuple[str, ...] = ()
    built_in: bool = False
    """Only those that come with Lares."""
    agent_id: str | None = None
    """Those that this agent has."""


class MessageFilter(Frozen):
    """Messages of one agent, conversation, run or step; of all agents that are not deleted when nothing is said.

    What an edit left behind belongs to its run and its branch alone.
    """

    agent_id: str | None = None
    """In all its threads."""
    conversation_id: str | None = None
    run_id: str | None = None
    step_id: str | None = None
    types: tuple[str, ...] = ()
    """Those that are told by at least one object of these kinds (`message_type` of the wire objects)."""


ALL_AGENTS, ALL_BLOCKS, ALL_IDENTITIES, ALL_TOOLS = AgentFilter(), BlockFilter(), IdentityFilter(), ToolFilter()
"""Filters that let everything pass."""


class RunFilter(Frozen):
    """Which runs are wanted: those that pass every field that is given."""

    agent_ids: tuple[str, ...] = ()
    conversation_id: str | None = None
    """A thread; its branches count as it."""
    statuses: tuple[RunStatus, ...] = ()
    stop_reason: StopReason | None = None
    background: bool | None = None
    started_by: str | None = None
    """As `Run.started_by`."""
    since: Micros | None = None
    """Those that began then or later."""
    changes_memory: bool = False
    """True: those that changed memory."""
    search: str = ""
    """A part of what was said or called in it, or of why it failed, in any case."""


class StepFilter(Frozen):
    """Which steps are wanted: those that pass every field that is given. `start` and `end` are included."""

    run_id: str | None = None
    agent_id: str | None = None
    model: str | None = None
    """A model handle or the name at its provider."""
    start: Micros | None = None
    end: Micros | None = None
    feedback: str | None = None
    has_feedback: bool | None = None
    tags: tuple[str, ...] = ()


class AgentPage(Frozen):
    """Agents with what a program sees of them."""

    agents: tuple[Agent, ...]
    last_runs: dict[str, Run]
    """The newest ended run, by agent id."""
    message_ids: dict[str, tuple[str, ...]]
    """What is in the context window of the default thread, by agent id."""
    default_threads: dict[str, str]
    """By agent id."""
    blocks: dict[str, Block] = Field(default_factory=dict)
    identities: dict[str, Identity] = Field(default_factory=dict)
    holders: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Agents connected with each of the identities."""
    tools: dict[str, Tool] = Field(default_factory=dict)
    """By name."""
    providers: dict[str, Provider] = Field(default_factory=dict)
    """By name."""
    pending: dict[str, Message] = Field(default_factory=dict)
    """The message that waits for an answer in the default thread, by agent id."""


class RunPage(Frozen):
    """Runs with what a program sees of them; dictionaries by run id where nothing else is said."""

    runs: tuple[Run, ...] = ()
    requests: dict[str, RunRequest] = Field(default_factory=dict)
    threads: dict[str, str | None] = Field(default_factory=dict)
    """The thread of each conversation; None for an agent's default thread."""
    first_token_at: dict[str, Micros] = Field(default_factory=dict)
    """When each run's model began to answer."""
    causes: dict[str, str] = Field(default_factory=dict)
    """First words of the message that started each run; only where they were asked for."""


class RunReport(Frozen):
    """All that is stored of a run but the bytes of its requests."""

    run: Run
    cause: str = ""
    """The message that started it."""
    steps: tuple[Step, ...] = ()
    messages: tuple[Message, ...] = ()
    changes: tuple[MemoryEvent, ...] = ()
    """Of memory, oldest first."""


class StepPage(Frozen):
    """Steps with what a program sees of them."""

    steps: tuple[Step, ...] = ()
    feedback: dict[str, StepFeedback] = Field(default_factory=dict)
    runs: dict[str, Run] = Field(default_factory=dict)
    providers: dict[str, Provider] = Field(default_factory=dict)
    """By name."""
    windows: dict[str, int] = Field(default_factory=dict)
    """Tokens of the context windows that their agents have, by agent id."""
