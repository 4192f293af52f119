"""Compaction: the oldest messages leave a full context window, and a summary takes their place."""

from typing import Any, Literal, Self

from app.domain.base import Frozen

CompactionMode = Literal["sliding_window", "all", "self_compact_sliding_window", "self_compact_all"]
"""`sliding_window`: the oldest part leaves. `all`: all but the newest turn. `self_compact_...`: the same, for agents
that have it from earlier versions; programs are refused it, since no agent is asked in its own conversation yet."""
SUMMARY_CHARS = 2_000
"""Characters of a summary where nobody says otherwise: about 500 tokens, a sixteenth of a window of 8k."""
LEAST_CHARS, MOST_CHARS = 100, 1_000_000
"""Of a summary: less says nothing, more is no summary of any window there is."""
LEAVE_SHARE = 0.4
"""Share of the messages' room that leaves a window of itself, so that the next turns find place."""
SummaryBy = Literal["model", "extract", "person"]
"""`extract`: picked from the messages by Lares, because no model gave a usable summary."""


class CompactionSettings(Frozen):
    """How an agent's window is compacted."""

    mode: CompactionMode = "sliding_window"
    model: str | None = None
    """Handle of the model that writes the summary; None: the agent's."""
    prompt: str | None = None
    """What that model is told; None: the instructions of Lares."""
    most_chars: int = SUMMARY_CHARS
    leave_share: float = LEAVE_SHARE

    @property
    def whole(self) -> bool:
        """Whether all but the newest turn leaves."""
        return self.mode in ("all", "self_compact_all")

    @classmethod
    def of(cls, asked: dict[str, Any] | None) -> Self:
        """From what programs ask of an agent (`CompactionSettings` of the Letta V1 API). What cannot be read counts as
        not said: earlier versions took anything.
        """
        asked = asked or {}
        names = {"mode": "mode", "model": "model", "prompt": "prompt"}
        names |= {"clip_chars": "most_chars", "sliding_window_percentage": "leave_share"}
        given = {ours: asked[theirs] for theirs, ours in names.items() if asked.get(theirs) is not None}
        settings = cls()
        for name, value in given.items():
            try:
                wanted = cls.model_validate({**settings.model_dump(), name: value})
            except ValueError:
                continue
            settings = wanted if wanted._can_be else settings
        return settings

    @property
    def _can_be(self) -> bool:
        return LEAST_CHARS <= self.most_chars <= MOST_CHARS and 0 < self.leave_share <= 1


class Summary(Frozen):
    """What takes the place of messages that left the window."""

    text: str
    by: SummaryBy
    model: str = ""
    """Handle of the model that wrote it."""
    why: str = ""
    """Why no model did: a sentence for people."""
    portions: int = 1
    """In how many parts the messages were read; more than one where they did not fit the model's window at once."""


class CompactionPreview(Frozen):
    """What a compaction would do to a conversation's window. Tokens are calibrated estimates."""

    conversation_id: str
    leave_before: int
    """Position of the first message that stays."""
    last_position: int
    """Of the newest message that was looked at."""
    summary: Summary
    messages_leaving: int
    messages_before: int
    tokens_before: int
    """Of the messages in the window."""
    tokens_after: int
    missing: tuple[str, ...] = ()
    """Names, numbers and dates of what leaves that stand neither in the summary nor in a block. Counted, not judged."""


class CompactionResult(Frozen):
    """What a compaction did."""

    summary: Summary
    message_id: str
    messages_before: int
    """In the window."""
    messages_after: int
