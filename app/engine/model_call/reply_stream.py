"""Listening to a model: collects its deltas into a reply and passes them on as events, without leaked tags."""

from collections.abc import Collection
from typing import Any

from app.domain.base import Micros, mended
from app.domain.run import RAW_REPLY_MAX, Usage
from app.domain.wire_message import (
    ApprovalRequestMessage,
    AssistantMessage,
    Payload,
    ReasoningMessage,
    ToolCallDelta,
    ToolCallMessage,
    iso,
    otid_of,
)
from app.engine.emitter import Emitter
from app.engine.repairs.constrained import SayReader
from app.engine.repairs.loops import RepetitionWatch
from app.engine.repairs.policy import MOST_CALLS, REPEATED
from app.engine.repairs.tags import Piece, TagStripper
from app.engine.reply import RawCall, Reply
from app.engine.state import CallModel
from app.engine.tools.send_message import OPENING, SEND_MESSAGE
from app.ports.models import ModelDelta
from app.ports.system import Clock

LONGEST_REPLY = 400_000
"""Characters of one reply, its thinking and the arguments of its calls included: about 100,000 tokens, which is more
than models are let write at once. What comes after it is cut, as at the server's own output limit."""
MOST_PIECES = 65_536
"""Pieces of one reply. Each is stored as an event for a week, so this bounds the disk, however small they are."""
CUT = "length"
"""Finish of a reply that was cut, be it by the server or here."""
MAX_ID = 40
"""Characters of a tool call's id; OpenAI's service refuses longer ones when they come back."""


class _Call:
    def __init__(self, call_id: str) -> None:
        self.id = call_id
        self.name = ""
        self.arguments: list[str] = []
        self.words = SayReader(OPENING)
        """What a call of `send_message` says."""


class ReplyAccumulator:
    """The reply so far. Readable at any moment, so that a cancelled call keeps what was said."""

    def __init__(self, action: CallModel, run_id: str, step_no: int, emitter: Emitter, clock: Clock) -> None:
        self._action = action
        self._run_id = run_id
        self._step_no = step_no
        self._emitter = emitter
        self._clock = clock
        self._date = iso(clock.now())
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._calls: dict[int, _Call] = {}
        self._taken: set[str] = set()
        self._raw = bytearray()
        self._finish = self._answered_by = ""
        self._usage: Usage | None = None
        self._tags = TagStripper()
        self._thinks = False
        self._asked = ""
        self._asking = frozenset[str]()
        self._say: SayReader | None = None
        self._watch = RepetitionWatch()
        self._room = LONGEST_REPLY
        self._pieces = 0
        self._thought = self._said = False
        self._thinking: ReasoningMessage | None = None
        """All pieces of a reply differ in their text only; copying one costs half of making it."""
        self._saying: tuple[bool, AssistantMessage] | None = None
        """The same, and whether the model had thought before it."""
        self.first_token_at: Micros | None = None

    def feed(self, delta: ModelDelta) -> None:
        """Takes one delta in and emits what it adds."""
        if len(self._raw) < RAW_REPLY_MAX:
            self._raw += delta.raw
        self._answered_by = delta.answered_by or self._answered_by
        if delta.usage is not None:
            self._usage = delta.usage
        if self.is_over:
            return
        if delta.finish:
            self._finish = delta.finish
        self._pieces += 1
        if self._pieces >= MOST_PIECES:
            self._finish = CUT
        if not (delta.text or delta.reasoning or delta.call_index is not None):
            return
        if self.first_token_at is None:
            self.first_token_at = self._clock.now()
        text, reasoning = self._fitting(mended(delta.text)), self._fitting(mended(delta.reasoning))
        if reasoning:
            self._reasoning.append(reasoning)
            self._tags.note_thoughts()
            self._show_thinking(reasoning)
        if text:
            self._text.append(text)
            self._show(text if self._say is None else mended(self._say.feed(text)))
        if delta.call_index is not None:
            self._feed_call(delta.call_index, delta)
        elif self._watch.feed(text or reasoning):
            self._finish = REPEATED
        if not self._room:
            self._finish = CUT

    def expect(self, known: Collection[str], *, thinks: bool, asked: str, asking: frozenset[str] = frozenset()) -> None:
        """What tells leaked tags from those that are spoken of: the tools offered, and whether the model thinks.

        `asked`: the person's newest message; it may ask for a repetition. `asking`: tools whose calls wait for an
        answer.
        """
        self._asking = asking
        self._thinks, self._asked = thinks, asked
        self._watch = RepetitionWatch(asked)
        self._tags = TagStripper(known, thinks=thinks)

    def expect_json(self) -> None:
        """The reply will be JSON around the words; only the words are shown."""
        self._say = SayReader()

    @property
    def is_over(self) -> bool:
        """Whether listening on is no use: the model repeats itself by now, or wrote more than a reply may hold."""
        too_much = not self._room or self._pieces >= MOST_PIECES or len(self._calls) > MOST_CALLS
        return too_much or self._watch.unit is not None

    def _fitting(self, text: str) -> str:
        """As much of it as the reply may still hold."""
        kept = text[: self._room]
        self._room -= len(kept)
        return kept

    def close(self) -> None:
        """Shows what was held back because it might have become a tag. To be called after the last delta."""
        self._show_pieces(self._tags.close())

    def _show(self, text: str) -> None:
        self._show_pieces(self._tags.feed(text))

    def _show_pieces(self, pieces: list[Piece]) -> None:
        for kind, piece in pieces:
            if kind == "thinking":
                self._show_thinking(piece)
            elif kind == "text":
                self._show_text(piece)

    def _show_thinking(self, text: str) -> None:
        self._thought = True
        if self._thinking is None:
            self._thinking = ReasoningMessage(**self._common(0), reasoning="")
        self._emit(self._thinking.model_copy(update={"reasoning": text}))

    def _show_text(self, text: str) -> None:
        # The line breaks between a tag and the words belong to the tag.
        text = text.lstrip() if self._tags.tags and not self._said else text
        if text:
            self._said = True
            if self._saying is None or self._saying[0] != self._thought:
                self._saying = self._thought, AssistantMessage(**self._common(int(self._thought)), content="")
            self._emit(self._saying[1].model_copy(update={"content": text}))

    def _feed_call(self, index: int, delta: ModelDelta) -> None:
        call = self._calls.get(index)
        if call is None:
            call = self._calls[index] = _Call(self._call_id(index, delta.call_id))
            self._taken.add(call.id)
        name, arguments = mended(delta.call_name), self._fitting(mended(delta.call_arguments))
        call.name += name
        call.arguments.append(arguments)
        if call.name == SEND_MESSAGE:
            self._show_text(mended(call.words.feed(arguments)))
            return
        kind = ApprovalRequestMessage if call.name in self._asking else ToolCallMessage
        if name:
            self._emit_call(kind, ToolCallDelta(name=name, tool_call_id=call.id))
        if arguments:
            self._emit_call(kind, ToolCallDelta(arguments=arguments, tool_call_id=call.id))

    def _emit_call(self, kind: type[ToolCallMessage | ApprovalRequestMessage], piece: ToolCallDelta) -> None:
        order = self._thought + self._said
        self._emit(kind(**self._common(order), tool_call=piece, tool_calls=piece))

    def _call_id(self, index: int, given: str) -> str:
        """The server's id, unless it gave none, gave it to another call of this reply, or no server would take it."""
        if given in self._taken or not 0 < len(given) <= MAX_ID or not given.isprintable():
            return f"call_{self._action.message_id.partition('-')[2][:8]}_{index}"
        return given

    def _common(self, index: int) -> dict[str, Any]:
        return {
            "id": self._action.message_id,
            "date": self._date,
            "otid": otid_of(self._action.message_id, index),
            "step_id": self._action.step_id,
            "run_id": self._run_id,
        }

    def _emit(self, payload: Payload) -> None:
        action = self._action
        self._emitter.delta(payload, step_id=action.step_id, step_no=self._step_no, attempt=action.attempt)

    @property
    def reply(self) -> Reply:
        calls = tuple(RawCall(call.id, call.name, "".join(call.arguments)) for _, call in sorted(self._calls.items()))
        return Reply(
            "".join(self._text),
            "".join(self._reasoning),
            calls,
            self._finish,
            self._usage,
            self._answered_by,
            self._thinks,
            self._asked,
        )

    @property
    def raw(self) -> bytes:
        return bytes(self._raw)
