"""What fills a context window: parts, their texts and token counts."""

from typing import Literal

from app.domain.base import Frozen

PartKind = Literal["system", "tools", "tool_rules", "memory", "summary", "files", "messages"]


class ContextPart(Frozen):
    """One part of a request: its text, and how many tokens that is by our calibrated count."""

    kind: PartKind
    label: str
    text: str
    tokens: int
    block_id: str | None = None


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
