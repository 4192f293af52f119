"""What is known of the shown conversation, whatever order it came in. Plain values; rows are built elsewhere.

Everything here can be told twice or in another order without a difference: deltas are kept by their number, stored
messages by their id, and a stored message voids its deltas.
"""

import datetime
from bisect import insort
from dataclasses import dataclass, field
from typing import Literal

from app.domain.conversation import Fork, TranscriptPage
from app.domain.event import Progress, RunEvent
from app.domain.history import MemoryEvent
from app.domain.message import ImagePart, Message
from app.domain.run import Run, Step, StopReason
from app.domain.turn import Feedback, StepFeedback
from app.domain.wire_message import (
    ApprovalRequestMessage,
    AssistantMessage,
    Content,
    ErrorMessage,
    ReasoningMessage,
    StopReasonObject,
    ToolCallMessage,
)

HELD = 300
"""Messages kept at most; the far end is let go when a page arrives at the other, so every cost here is bounded."""

News = Literal["final", "live", "late"]
"""`final`: something stored or the end of a run. `live`: text being written. `late`: a piece of a stored message."""

DraftKey = tuple[str, str, str]
"""Message id, message type, tool call id."""


@dataclass
class Draft:
    """One text that is still being written: pieces by number."""

    key: DraftKey
    run_id: str
    step_id: str | None
    step_no: int
    attempt: int
    pieces: dict[int, str] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    name: str = ""
    began: float = 0.0
    """Seconds since 1970 of the first piece."""
    latest: float = 0.0
    _text: str | None = ""

    def add(self, seq_id: int, piece: str, at: float) -> None:
        if seq_id in self.pieces:
            return
        self.pieces[seq_id] = piece
        in_order = not self.order or seq_id > self.order[-1]
        insort(self.order, seq_id)
        self._text = self._text + piece if in_order and self._text is not None else None
        self.began = min(self.began or at, at)
        self.latest = max(self.latest, at)

    @property
    def text(self) -> str:
        if self._text is None:
            self._text = "".join(self.pieces[number] for number in self.order)
        return self._text

    @property
    def first_seq(self) -> int:
        return self.order[0] if self.order else 0


@dataclass(frozen=True)
class Pending:
    """A message that the person sent and the engine has not stored yet."""

    otid: str
    text: str
    images: tuple[ImagePart, ...] = ()
    state: str = "sending"
    """`sending`, `not_sent` or `queued`."""
    reason: str = ""
    role: str = "user"


@dataclass
class LiveRun:
    """What the events of one run said so far."""

    stop: StopReason | None = None
    error: ErrorMessage | None = None
    progress: Progress | None = None
    steps: dict[str, int] = field(default_factory=dict)
    """Number of each step by its id."""
    attempts: dict[str, int] = field(default_factory=dict)
    last_seq: int = 0


class TranscriptLog:
    """All that was told about one conversation."""

    def __init__(self, conversation_id: str = "") -> None:
        self.conversation_id = conversation_id
        self.messages: dict[str, Message] = {}
        self.positions: dict[str, int] = {}
        self.stored: set[str] = set()
        """Ids of all messages seen stored, also those outside of the held part."""
        self.drafts: dict[DraftKey, Draft] = {}
        self.thinking: dict[str, tuple[float, float]] = {}
        """First and last moment of the reasoning of a message that was seen live."""
        self.changes: dict[int, MemoryEvent] = {}
        self.steps: dict[str, Step] = {}
        self.runs: dict[str, Run] = {}
        self.live: dict[str, LiveRun] = {}
        self.feedback: dict[str, Feedback | None] = {}
        """By step."""
        self.forks: dict[int, Fork] = {}
        self.pending: dict[str, Pending] = {}
        self.first_in_context: int | None = None
        self.has_earlier = False
        self.has_later = False

    def load(self, page: TranscriptPage) -> None:
        """Starts over with this page. Live drafts and unsent messages stay."""
        self.messages.clear()
        self.positions.clear()
        self.forks.clear()
        self.has_earlier, self.has_later = page.has_earlier, page.has_later
        self._add(page)

    def prepend(self, page: TranscriptPage) -> None:
        self.has_earlier = page.has_earlier
        self._add(page)
        if self._trim(keep_newest=False):
            self.has_later = True

    def append(self, page: TranscriptPage) -> None:
        self.has_later = page.has_later
        self._add(page)
        if self._trim(keep_newest=True):
            self.has_earlier = True

    def _add(self, page: TranscriptPage) -> None:
        for message, position in zip(page.messages, page.positions, strict=True):
            self._store(message, position)
        self.first_in_context = page.first_in_context
        self.note_changes(page.changes)
        self.note_steps(page.steps)
        self.note_runs(page.runs)
        self.note_feedback(page.feedback)
        self.forks.update({fork.position: fork for fork in page.forks})

    def _trim(self, *, keep_newest: bool) -> bool:
        surplus = len(self.messages) - HELD
        if surplus <= 0:
            return False
        ordered = sorted(self.messages, key=self.positions.__getitem__, reverse=not keep_newest)
        for message_id in ordered[:surplus]:
            del self.messages[message_id]
            del self.positions[message_id]
        return True

    def _store(self, message: Message, position: int) -> None:
        self.messages[message.id] = message
        self.positions[message.id] = position
        self._settle(message)

    def _settle(self, message: Message) -> None:
        self.stored.add(message.id)
        if message.otid:
            self.pending.pop(message.otid, None)
        for key in [key for key in self.drafts if key[0] == message.id]:
            del self.drafts[key]

    def note_changes(self, events: tuple[MemoryEvent, ...]) -> None:
        """Memory changes as they are now; a later copy of the same one wins (it may have been undone since)."""
        self.changes.update({event.seq: event for event in events})

    def note_steps(self, steps: tuple[Step, ...]) -> None:
        self.steps.update({step.id: step for step in steps})

    def note_feedback(self, given: tuple[StepFeedback, ...]) -> None:
        self.feedback.update({one.step_id: one.feedback for one in given})

    def note_runs(self, runs: tuple[Run, ...]) -> None:
        self.runs.update({run.id: run for run in runs})

    def note_progress(self, progress: Progress) -> None:
        self.live.setdefault(progress.run_id, LiveRun()).progress = progress

    @property
    def newest_position(self) -> int:
        return max(self.positions.values(), default=-1)

    @property
    def oldest_position(self) -> int:
        return min(self.positions.values(), default=0)

    def ended(self, run_id: str) -> bool:
        live, run = self.live.get(run_id), self.runs.get(run_id)
        return bool(live and live.stop) or bool(run and not run.active)

    def step_no(self, run_id: str | None, step_id: str | None) -> int:
        if step_id in self.steps:
            return self.steps[step_id].step_no
        live = self.live.get(run_id or "")
        return live.steps.get(step_id or "", 0) if live else 0

    def tell(self, event: RunEvent) -> News:
        """Takes one event and says what it touched."""
        live = self.live.setdefault(event.run_id, LiveRun())
        live.last_seq = max(live.last_seq, event.seq_id)
        if event.step_id:
            live.steps[event.step_id] = event.step_no
            live.attempts[event.step_id] = max(event.attempt, live.attempts.get(event.step_id, 1))
        self.note_changes(event.changes)
        payload = event.payload
        if isinstance(payload, StopReasonObject):
            live.stop = payload.stop_reason
        elif isinstance(payload, ErrorMessage):
            live.error = payload
        if event.message is not None:
            self._arrive(event.message, event.position)
        elif not event.whole:
            return self._delta(event)
        return "final"

    def _arrive(self, message: Message, position: int | None) -> None:
        place = position if position is not None else self.positions.get(message.id, self.newest_position + 1)
        if self.has_later and place > self.newest_position:
            self._settle(message)
            return
        self._store(message, place)
        if self._trim(keep_newest=True):
            self.has_earlier = True

    def _delta(self, event: RunEvent) -> News:
        found = _piece(event)
        if found is None:
            return "live"
        key, piece, name, at = found
        if key[1] == "reasoning_message":
            began, latest = self.thinking.get(key[0], (at, at))
            self.thinking[key[0]] = (min(began, at), max(latest, at))
        if key[0] in self.stored:
            return "late"
        draft = self.drafts.get(key)
        if draft is None:
            draft = Draft(key, event.run_id, event.step_id, event.step_no, event.attempt)
            self.drafts[key] = draft
        draft.name = draft.name or name
        draft.add(event.seq_id, piece, at)
        return "live"

    def live_drafts(self) -> list[Draft]:
        """Drafts that count: of runs under way, of their newest step and its newest attempt, in order."""
        counted = [draft for draft in self.drafts.values() if not self.ended(draft.run_id) and self._counts(draft)]
        return sorted(counted, key=lambda draft: (draft.step_no, draft.first_seq))

    def _counts(self, draft: Draft) -> bool:
        live = self.live[draft.run_id]
        newest = max(live.steps.values(), default=draft.step_no)
        return draft.step_no >= newest and draft.attempt >= live.attempts.get(draft.step_id or "", 1)


def _piece(event: RunEvent) -> tuple[DraftKey, str, str, float] | None:
    """Key, text, tool name and moment of a delta; None for what carries no text."""
    payload = event.payload
    match payload:
        case AssistantMessage():
            return (payload.id, "assistant_message", ""), plain(payload.content), "", _seconds(payload.date)
        case ReasoningMessage():
            return (payload.id, "reasoning_message", ""), payload.reasoning, "", _seconds(payload.date)
        case ToolCallMessage() | ApprovalRequestMessage():
            call = payload.tool_call
            key = (payload.id, "tool_call_message", call.tool_call_id or "")
            return key, call.arguments or "", call.name or "", _seconds(payload.date)
        case _:
            return None


def plain(content: Content) -> str:
    """The text of a wire content."""
    if isinstance(content, str):
        return content
    return "\n".join(str(part.get("text", "")) for part in content if part.get("type") == "text")


def _seconds(date: str) -> float:
    try:
        return datetime.datetime.fromisoformat(date).timestamp()
    except ValueError:
        return 0.0
