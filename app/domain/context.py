"""What fills a context window: parts, their texts and token counts, where each line comes from, what leaves next."""

from typing import Literal

from app.domain.base import Frozen, Micros
from app.domain.history import Actor

PartKind = Literal["system", "tools", "tool_rules", "memory", "summary", "files", "messages"]


Counted = Literal["exact", "calibrated", "estimated"]
"""`exact`: by the server's own tokens. `calibrated`: our estimate, corrected by what the server counted last.
`estimated`: the server has not counted anything of this model yet."""


class ContextPart(Frozen):
    """One part of a request: its text, and how many tokens that is by our calibrated count."""

    kind: PartKind
    label: str
    """A block's label, a tool's name, the first words of a message; empty where the kind says all."""
    text: str
    tokens: int
    key: str = ""
    """Names the part within its request."""
    block_id: str | None = None
    message_id: str | None = None
    run_id: str | None = None
    """Of a message: the run that it belongs to."""
    role: str = ""
    """Of a message."""
    at: Micros | None = None
    """When it was said."""


class RequestPart(Frozen):
    """A part of a request as a list shows it, without its text; fields as in `ContextPart`."""

    key: str
    kind: PartKind
    label: str
    tokens: int
    chars: int
    block_id: str | None = None
    message_id: str | None = None
    run_id: str | None = None
    role: str = ""
    at: Micros | None = None
    leaves: bool = False
    """It leaves the window with the next compaction."""


class LineOrigin(Frozen):
    """Where lines of a part come from: a change in the history, or a message."""

    seq: int | None = None
    """Of the change in the history."""
    actor: Actor = Actor()
    at: Micros
    tool_name: str = ""
    message_id: str | None = None
    """The message that it is, or that led to it."""
    cause: str = ""
    """Beginning of the message that led to it."""


class PartText(Frozen):
    """A part's text, by pages of lines, and the origin of each line."""

    key: str
    lines: tuple[str, ...]
    first: int = 0
    """Number of lines before these."""
    total: int = 0
    origins: tuple[LineOrigin, ...] = ()
    origin_of: tuple[int | None, ...] = ()
    """For each line its place in `origins`; None: nobody wrote it, it belongs to the form."""


class RequestText(Frozen):
    """The bytes of a request or of a reply as text, by pages."""

    text: str
    first: int = 0
    """Characters before these."""
    total: int = 0
    cut: bool = False
    """What came after them was too long to be stored."""


class PartChange(Frozen):
    """How one part of a request differs from another request, or how many in a row do not."""

    status: Literal["same", "changed", "added", "removed"]
    kind: PartKind
    label: str
    before: str = ""
    after: str = ""
    tokens: int = 0
    """Of the later request; of the earlier one for what was removed."""
    parts: int = 1


class RequestDiff(Frozen):
    """Two requests compared, part by part, in the order in which they were sent."""

    changes: tuple[PartChange, ...]
    reused: int
    """Tokens up to the first difference: what a server that kept them need not read again."""
    total: int
    """Tokens of the later request."""


class ContextAlarm(Frozen):
    """The server cut the newest request without saying so."""

    read: int
    """Tokens that the server says it read."""
    sent: int
    """Tokens that were sent, by our count, calibrated."""
    lost: tuple[str, ...]
    """What the model did not see: `instructions`, `memory`, `tools`, `the oldest messages`."""
    sentence: str
    fix_window: int | None = None
    """A context size with which everything would have been read, where the server can be told one."""


class ContextOverview(Frozen):
    """The next request of a conversation, counted. Counts are estimates calibrated by the server's last real count."""

    agent_id: str
    conversation_id: str
    window: int
    """Tokens the agent may use."""
    served: int | None
    """Tokens the server really serves, where known."""
    kept_for_reply: int
    parts: tuple[ContextPart, ...]
    messages_in: int
    messages_out: int
    """Older messages that do not fit, or were put out of the window; they stay searchable."""
    last_estimate: int | None = None
    last_real: int | None = None
    """The server's own count of the last request."""
    alarm: ContextAlarm | None = None
    memory_as_begun: bool = False
    """A run goes on, and its blocks changed since it began: it is shown them as they were then."""

    @property
    def used(self) -> int:
        return sum(part.tokens for part in self.parts)


class RequestOutline(Frozen):
    """A request part by part: the next one of a conversation, or one that a step has sent."""

    agent_id: str
    conversation_id: str
    step_id: str = ""
    """Of the step that sent it; empty for the next one."""
    model: str
    parts: tuple[RequestPart, ...]
    window: int
    served: int | None
    """Tokens the server really serves, where known."""
    kept_for_reply: int
    counted: Counted
    estimate: int | None = None
    """Our own count of the last request that the server counted, uncalibrated, and the server's; of a step its own."""
    real: int | None = None
    full_at: int = 0
    """Tokens at which the oldest messages leave for a summary; 0 for what was sent."""
    turns_left: int | None = None
    """About how many more messages fit until then."""
    reused: int | None = None
    """Tokens that the last request of the conversation sent already, up to the first difference."""
    memory_as_begun: bool = False

    @property
    def used(self) -> int:
        return sum(part.tokens for part in self.parts)
