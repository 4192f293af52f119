"""The words of a shown conversation: one `Row` per card, as plain values. Builds nothing and draws nothing."""

from dataclasses import dataclass
from typing import Literal

from app.domain.conversation import Fork
from app.domain.history import MemoryEvent
from app.domain.message import ImagePart, Message, ReturnedFile
from app.domain.run import Run, Step, StopReason
from app.domain.turn import Feedback

RowKind = Literal[
    "day",
    "boundary",
    "user",
    "assistant",
    "reasoning",
    "tool",
    "event",
    "summary",
    "error",
    "working",
    "queued",
    "repair",
]
RowState = Literal["done", "writing", "stopped", "not_finished", "edited", "sending", "not_sent"]
ToolState = Literal["writing", "running", "waiting", "done", "failed", "undone", "interrupted"]
ViewMode = Literal["simple", "interactive", "debug"]
MODES: tuple[ViewMode, ...] = ("simple", "interactive", "debug")

_ALWAYS: frozenset[RowKind] = frozenset({"day", "user", "assistant", "error", "working", "queued"})
_WORK: frozenset[RowKind] = frozenset({"reasoning", "tool", "summary", "event", "boundary"})
_DEBUG: frozenset[RowKind] = frozenset({"repair"})
VISIBLE: dict[ViewMode, frozenset[RowKind]] = {
    "simple": _ALWAYS,
    "interactive": _ALWAYS | _WORK,
    "debug": _ALWAYS | _WORK | _DEBUG,
}


@dataclass(frozen=True, slots=True)
class Footer:
    """The small print under a reply. None: not known, so not said."""

    tokens: int | None = None
    per_second: float | None = None
    first_token_s: float | None = None
    stop: StopReason | None = None
    step_no: int = 0
    max_steps: int = 0
    answered_by: str = ""
    """The model that wrote it, where it is not the one that was asked."""
    asked: str = ""
    """Handle of the model that was asked."""
    estimated: bool = False
    """True while the reply is written: the server has not counted yet."""


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool call with its return and the memory changes it made."""

    call_id: str
    name: str
    arguments: str
    """JSON text; incomplete while it is being written."""
    state: ToolState
    result: str = ""
    stdout: tuple[str, ...] = ()
    stderr: tuple[str, ...] = ()
    duration_ms: int | None = None
    approximate: bool = False
    files: tuple[ReturnedFile, ...] = ()
    changes: tuple[MemoryEvent, ...] = ()
    step_no: int = 0
    since: int | None = None
    """When it started (microseconds), while it runs."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a run ended badly, for the error card."""

    code: str
    message: str
    hint: str
    details: tuple[tuple[str, str], ...] = ()
    solved: bool = False
    """True: the conversation went on after it, so the card folds."""


@dataclass(frozen=True, slots=True)
class Row:
    """One card of the conversation, as plain values: equal rows look the same."""

    key: str
    """Stays the same from the first delta to the stored message, so that a card survives it."""
    kind: RowKind
    text: str = ""
    state: RowState = "done"
    at: int | None = None
    position: int | None = None
    lead: bool = False
    """True: the first card of the agent's turn, the one that carries its tile."""
    message: Message | None = None
    run_id: str | None = None
    run: Run | None = None
    step: Step | None = None
    images: tuple[ImagePart, ...] = ()
    footer: Footer | None = None
    fork: Fork | None = None
    feedback: Feedback | None = None
    """What the person thinks of the step that said this."""
    tool: ToolUse | None = None
    problem: Problem | None = None
    seconds: float | None = None
    tokens: int | None = None

    @property
    def message_id(self) -> str | None:
        return self.message.id if self.message else None

    @property
    def words(self) -> int:
        return len(self.text.split())
