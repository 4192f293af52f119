"""Pages of long lists: which rows, in which order, from where on."""

from app.domain.agent import Agent
from app.domain.base import Field, Frozen, Micros
from app.domain.block import Block
from app.domain.identity import Identity
from app.domain.model import Provider
from app.domain.run import Run, RunStatus, Step, StopReason
from app.domain.tool import Tool
from app.domain.turn import RunRequest, StepFeedback


class PageRequest(Frozen):
    """A piece of an ordered list. `after`: what follows this id in the given order; `before`: what precedes it."""

    before: str | None = None
    after: str | None = None
    limit: int = 50
    descending: bool = True
    """Newest first."""
    next_to_cursor: bool = True
    """With `before` alone: the rows just before it, not the first ones of the list."""


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


class AgentPage(Frozen):
    """Agents with what a program sees of them."""

    agents: tuple[Agent, ...]
    last_runs: dict[str, Run]
    """The newest ended run, by agent id."""
    message_ids: dict[str, tuple[str, ...]]
    """What is in the context window of the default thread, by agent id."""
    blocks: dict[str, Block] = Field(default_factory=dict)
    identities: dict[str, Identity] = Field(default_factory=dict)
    holders: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Agents connected with each of the identities."""
    tools: dict[str, Tool] = Field(default_factory=dict)
    """By name."""
    providers: dict[str, Provider] = Field(default_factory=dict)
    """By name."""


class RunPage(Frozen):
    runs: tuple[Run, ...] = ()
    requests: dict[str, RunRequest] = Field(default_factory=dict)
    threads: dict[str, str] = Field(default_factory=dict)
    """The thread of each conversation."""
    first_token_at: dict[str, Micros] = Field(default_factory=dict)
    """When each run's model began to answer."""


class StepPage(Frozen):
    steps: tuple[Step, ...] = ()
    feedback: dict[str, StepFeedback] = Field(default_factory=dict)
    runs: dict[str, Run] = Field(default_factory=dict)
    providers: dict[str, Provider] = Field(default_factory=dict)
    """By name."""
    windows: dict[str, int] = Field(default_factory=dict)
    """Tokens of the context windows that their agents have, by agent id."""
