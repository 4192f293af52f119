"""A reply that nobody reads while it comes: collected within bounds. One that is told as it comes is the matter of
`reply_stream.py`.
"""

from dataclasses import dataclass, field

from app.domain.run import RAW_REPLY_MAX, Usage
from app.engine.reply import RawCall, Reply
from app.ports.models import ModelDelta


@dataclass
class Heard:
    """What a model wrote so far. Readable at any moment."""

    most: int
    """Characters that are listened to; a piece counts as one at least, so that nothing is endless."""
    text: list[str] = field(default_factory=list[str])
    reasoning: list[str] = field(default_factory=list[str])
    usage: Usage | None = None
    _raw: bytearray = field(default_factory=bytearray)
    _calls: dict[int, list[str]] = field(default_factory=dict[int, list[str]])
    """Id, name and arguments by index."""
    _finish: str = ""
    _answered_by: str = ""

    def takes(self, delta: ModelDelta) -> bool:
        """Takes one piece in; False when more is no use."""
        if len(self._raw) < RAW_REPLY_MAX:
            self._raw += delta.raw
        self.text.append(delta.text)
        self.reasoning.append(delta.reasoning)
        if delta.call_index is not None:
            call = self._calls.setdefault(delta.call_index, ["", "", ""])
            call[0] = call[0] or delta.call_id
            call[1] += delta.call_name
            call[2] += delta.call_arguments
        self._finish = delta.finish or self._finish
        self._answered_by = delta.answered_by or self._answered_by
        self.usage = delta.usage or self.usage
        self.most -= max(1, len(delta.text) + len(delta.reasoning) + len(delta.call_arguments))
        return self.most > 0

    @property
    def reply(self) -> Reply:
        calls = tuple(RawCall(*call) for call in self._calls.values())
        words, thoughts = "".join(self.text), "".join(self.reasoning)
        return Reply(words, thoughts, calls, self._finish, self.usage, self._answered_by)

    @property
    def raw(self) -> bytes:
        """The bytes that it was read from, as far as they are kept."""
        return bytes(self._raw)
