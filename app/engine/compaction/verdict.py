"""Pure: whether what a model wrote can serve as a summary. A wrong one would stand in every later request."""

import re
from collections.abc import Sequence

from app.domain.compaction import folded
from app.engine.repairs.loops import repeating_tail

LEAST_CHARS = 20
"""Characters; no sentence about anybody is shorter."""
LEAST_SHARE = 0.02
"""Of the characters summed up: a shorter text says only that there was a conversation."""
ENOUGH = 200
"""Characters from which on that does not count: long conversations may be of few words."""
_AWAITING = re.compile(
    r"^\W*(?:awaiting|waiting for)\b.{0,60}$"
    r"|^\W*(?:i(?:'m| am)? (?:ready|here to help|happy to help)|how can i (?:help|assist)|what would you like"
    r"|please provide|i(?:'m| am) sorry|sorry,|i can(?:not|'t)\b|as an ai\b|there is no conversation"
    r"|no conversation|understood[.!]?$|okay[.!]?$|sure[.!]?$)",
    re.I,
)
_CALL = re.compile(r'^\W*(?:<tool_call>|\{\s*"(?:name|tool|function|arguments)"\s*:)')
_OPENING = re.compile(
    r"^\s*(?:(?:sure|okay|ok|certainly|of course)[,!.]?\s*)?"
    r"(?:here(?:'s| is)[^\n:]{0,60}:|(?:the )?summary[^\n:]{0,30}:|\*\*summary[^\n]{0,30}\*\*:?|#+\s*summary[^\n]*)\s*",
    re.I,
)
_SENTENCE_END = re.compile(r"[.!?。！？](?=\s|$)|\n")


def usable(written: str, messages: Sequence[str], most_chars: int) -> tuple[str, str]:
    """The text as it is taken over, and why not: one of both is empty.

    A text that is too long is cut behind its last whole sentence where two thirds of it remain.
    """
    text = _OPENING.sub("", written.strip(), count=1).strip()
    if not text:
        return "", "it wrote nothing"
    if _CALL.search(text):
        return "", "it wrote a tool call"
    if _AWAITING.search(text):
        return "", "it answered as if it were asked for something else"
    if repeating_tail(text) is not None:
        return "", "it repeated itself without end"
    size = sum(map(len, messages))
    if len(text) < LEAST_CHARS or (len(text) < ENOUGH and len(text) < size * LEAST_SHARE):
        return "", "it wrote next to nothing"
    if any(len(one) >= LEAST_CHARS and folded(text) == folded(one.strip()) for one in messages):
        return "", "it only repeated a message"
    if len(text) <= most_chars:
        return text, ""
    ends = [found.end() for found in _SENTENCE_END.finditer(text, 0, most_chars)]
    if len(text) > most_chars * 4 or not ends or ends[-1] < most_chars * 2 // 3:
        return "", "it wrote more than it may"
    return text[: ends[-1]].strip(), ""
