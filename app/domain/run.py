"""A run: one invocation of an agent until a stop. A step: one model call and the tools it asked for."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from app.domain.base import Field, Frozen, Micros

RunStatus = Literal["created", "running", "completed", "failed", "cancelled"]
ACTIVE: tuple[RunStatus, ...] = ("created", "running")
"""The statuses of a run that goes on; a conversation has one such run at most."""

StopReason = Literal[
    "end_turn",
    "error",
    "llm_api_error",
    "invalid_llm_response",
    "invalid_tool_call",
    "max_steps",
    "max_tokens_exceeded",
    "no_tool_call",
    "tool_rule",
    "cancelled",
    "requires_approval",
    "context_window_overflow_in_system_prompt",
]


class StopMeaning(Frozen):
    """What a stop reason means, wherever it is asked: in the run's row, to programs, in the lists of the window."""

    status: Literal["completed", "failed", "cancelled"]
    """`failed`: the run could not do what was asked; its `failure` is told to programs as an error."""
    complete: bool = False
    """The turn is whole, so there is nothing to go on with: it cannot be tried again."""
    by_model: bool = False
    """The model or its server is what failed; programs read an `llm_error`."""


STOP_REASONS: Mapping[StopReason, StopMeaning] = MappingProxyType(
    {
        "end_turn": StopMeaning(status="completed", complete=True),
        "tool_rule": StopMeaning(status="completed", complete=True),
        "requires_approval": StopMeaning(status="completed", complete=True),
        "max_steps": StopMeaning(status="completed"),
        "max_tokens_exceeded": StopMeaning(status="completed"),
        "cancelled": StopMeaning(status="cancelled"),
        "error": StopMeaning(status="failed"),
        "llm_api_error": StopMeaning(status="failed", by_model=True),
        "invalid_llm_response": StopMeaning(status="failed", by_model=True),
        "invalid_tool_call": StopMeaning(status="failed", by_model=True),
        "no_tool_call": StopMeaning(status="failed", by_model=True),
        "context_window_overflow_in_system_prompt": StopMeaning(status="failed", by_model=True),
    }
)
"""The one table of stop reasons. Statuses are those that the Letta API gives to runs with these reasons."""


class Usage(Frozen):
    """Token counts as the server gave them, summed over steps. None: the server did not say."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    steps: int = 0
    context_tokens: int | None = None
    """Of the newest step alone: its prompt and its reply, which is what the context window holds after it."""

    def plus(self, other: "Usage") -> "Usage":
        newest = self.context_tokens if other.context_tokens is None else other.context_tokens
        return Usage(
            context_tokens=newest,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            cached_tokens=_sum(self.cached_tokens, other.cached_tokens),
            reasoning_tokens=_sum(self.reasoning_tokens, other.reasoning_tokens),
            steps=self.steps + other.steps,
        )


def _sum(a: int | None, b: int | None) -> int | None:
    return None if a is None and b is None else (a or 0) + (b or 0)


class Failure(Frozen):
    """Why a run ended badly, in the words of `AppError`: a code for programs, a sentence and a way out for people."""

    code: str
    message: str
    hint: str = ""
    details: dict[str, str | int | float | bool | None] = Field(default_factory=dict)


ASSISTANT = "mcp"
"""Who began a run that another program's assistant asked for over MCP: it gets no tool with an effect beyond memory."""
RunPurpose = Literal["reply", "title", "summary", "fit_test"]
"""What a run is for, which decides its place in the queue of its server. A child has that of its parent."""


class Run(Frozen):
    """A run as it is stored: what was asked, how far it came, and why it ended."""

    id: str
    agent_id: str
    conversation_id: str
    status: RunStatus
    stop_reason: StopReason | None = None
    failure: Failure | None = None
    background: bool = False
    """True: nobody waits for it; it is resumed after a restart however old it is."""
    started_by: str = "window"
    """Client that asked: window, terminal, api, sleep-time, or `ASSISTANT`, which binds the run."""
    purpose: RunPurpose = "reply"
    parent_run_id: str | None = None
    """The run that asked for this one by a tool; stopping it stops this one too."""
    message_id: str | None = None
    """The message that started it."""
    usage: Usage = Usage()
    resumed: int = 0
    """How often it was taken up again after the engine died (an orderly end does not count)."""
    created_at: Micros
    completed_at: Micros | None = None

    @property
    def active(self) -> bool:
        return self.status in ACTIVE


RepairKind = Literal[
    "call_in_text",
    "call_in_thinking",
    "thinking_in_text",
    "tags",
    "arguments",
    "name",
    "types",
    "cut_call",
    "stray_call",
    "empty_reply",
    "only_thinking",
    "repetition",
    "repeated_call",
    "form",
]


class Repair(Frozen):
    """Something in a reply that was not taken as it stood: the model wrote this, it was read as that."""

    kind: RepairKind
    wrote: str
    read_as: str


class Step(Frozen):
    """One model call as it is stored. Its bytes are in `StepTrace`."""

    id: str
    run_id: str
    agent_id: str
    step_no: int
    """1 for the first of the run."""
    attempt: int = 1
    purpose: RunPurpose = "reply"
    """What the call was for: a run whose window is full has the summary written too."""
    model: str
    status: Literal["completed", "failed", "cancelled"]
    usage: Usage = Usage()
    estimated_tokens: int = 0
    """Our own count of the request, to compare with `usage.prompt_tokens`."""
    memory_seq: int = 0
    """Newest memory event that the request could see: with the two positions, a checkpoint."""
    window_first: int | None = None
    window_last: int | None = None
    agent_version: int = 1
    finish_reason: str = ""
    repairs: tuple[Repair, ...] = ()
    """What was read otherwise than it was written."""
    answered_by: str = ""
    """The model that wrote the reply, as its server names it, where that was not `model`: some use what they have."""
    truncated: bool = False
    """True: the server read clearly less than was sent, and did not say so."""
    created_at: Micros
    """When the request was sent."""
    first_token_at: Micros | None = None
    completed_at: Micros | None = None


RAW_REPLY_MAX = 1_000_000
"""Bytes of a raw reply that are stored with its step; what comes after them is not kept."""


class StepTrace(Frozen):
    """The bytes of a step, as they went over the wire."""

    step_id: str
    request: str
    reply: str
    reply_truncated: bool = False
