"""Compaction: the oldest messages leave a full context window, and a summary takes their place."""

import re
import unicodedata
from typing import Any, Literal, Self

from app.domain.base import Frozen, Micros
from app.domain.json_value import object_of
from app.domain.message import Role

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
    temperature: float | None = None
    """None: what suits summaries."""
    most_tokens: int | None = None
    """Of what the model may write; None: as many as `most_chars` takes."""
    acknowledged: bool = False
    """Whether the model first confirms that it will write a summary and nothing else, in words of ours."""

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
        names |= {"prompt_acknowledgement": "acknowledged"}
        given = {ours: asked[theirs] for theirs, ours in names.items() if asked.get(theirs) is not None}
        of_model = object_of(asked.get("model_settings"))
        names = {"temperature": "temperature", "max_output_tokens": "most_tokens"}
        given |= {ours: of_model[theirs] for theirs, ours in names.items() if of_model.get(theirs) is not None}
        settings = cls()
        for name, value in given.items():
            try:
                wanted = cls.model_validate({**settings.model_dump(), name: value})
            except ValueError:
                continue
            settings = wanted if wanted._can_be else settings
        return settings

    def asked(self, before: dict[str, Any] | None = None) -> dict[str, Any]:
        """As programs ask for them, so that `of` reads these again; what else was asked `before` is kept."""
        wanted: dict[str, Any] = {"mode": self.mode, "model": self.model, "prompt": self.prompt}
        wanted |= {"clip_chars": self.most_chars, "sliding_window_percentage": self.leave_share}
        return {**(before or {}), **wanted}

    @property
    def _can_be(self) -> bool:
        sizes = LEAST_CHARS <= self.most_chars <= MOST_CHARS and 0 < self.leave_share <= 1
        written = self.most_tokens is None or self.most_tokens > 0
        return sizes and written and 0 <= (self.temperature or 0) <= 2


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


class Leaving(Frozen):
    """One message of a window, as a line of a list of what may leave."""

    position: int
    role: Role
    text: str
    """Its beginning, in one line."""
    at: Micros
    tokens: int
    """A calibrated estimate."""
    cut: bool
    """Whether the window may be cut before it: never between a call and its result."""


class CompactionOutlook(Frozen):
    """A window as it is, and where it could be cut; no model is asked for it."""

    agent_id: str
    conversation_id: str
    rows: tuple[Leaving, ...]
    """Oldest first; a summary from before is none of them."""
    leave_before: int | None
    """Position of the first message that would stay; None: nothing can leave."""
    last_position: int
    """Of the newest message that was looked at."""
    old_summary: str


class SummaryDetail(Frozen):
    """A name, number or date that stands in what leaves. Counted, not judged."""

    text: str
    quote: str
    """The words around it."""
    positions: tuple[int, ...]
    """Of the leaving messages that have it."""
    remembered: bool
    """Whether it stands in a memory block."""

    def stands_in(self, folded_text: str) -> bool:
        """`folded_text`: by `folded`."""
        return has_detail(folded_text, folded(self.text))


class CompactionDraft(Frozen):
    """What is to happen: what a preview gave, or what a person made of it."""

    leave_before: int
    """Position of the first message that stays."""
    last_position: int
    """Of the newest message that was looked at."""
    summary: Summary


class SummaryProgress(Frozen):
    """Where the writing of a summary stands."""

    text: str
    """A sentence."""


class CompactionPreview(Frozen):
    """What a compaction would do to a conversation's window. Tokens are calibrated estimates."""

    conversation_id: str
    draft: CompactionDraft
    messages_leaving: int
    messages_before: int
    tokens_before: int
    """Of the messages in the window."""
    tokens_after: int
    details: tuple[SummaryDetail, ...] = ()
    """In the order in which they were said."""

    @property
    def missing(self) -> tuple[str, ...]:
        """Details that stand neither in the summary nor in a block."""
        text = folded(self.draft.summary.text)
        return tuple(one.text for one in self.details if not one.remembered and not one.stands_in(text))


class CompactionResult(Frozen):
    """What a compaction did."""

    summary: Summary
    message_id: str
    event_seq: int
    """Of its row in the history, by which it is undone."""
    messages_before: int
    """In the window."""
    messages_after: int


def has_detail(text: str, detail: str) -> bool:
    """Whether a text has a detail, both by `folded`. Digits count only where the number ends: 1003 has no 3."""
    if detail not in text:
        return False
    before = r"(?<!\d)" if detail[:1].isdigit() else ""
    after = r"(?!\d)" if detail[-1:].isdigit() else ""
    return not (before or after) or re.search(f"{before}{re.escape(detail)}{after}", text) is not None


def folded(text: str) -> str:
    """Lower case, composed as one: as details are compared."""
    return unicodedata.normalize("NFKC", text).casefold()
