"""Pure: notices a reply that is no answer but an echo: of a sample from the prompt, or of the reply before."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from app.domain.message import Message
from app.engine.repairs.reprompt import ANSWER_NOW, ANSWER_OR_CALL, LAST, NEW_WORDS, SHORTER

SAMPLE = "your words"
"""What stands for the words in the example of the JSON rules."""
LEAST = 40
"""Characters of a reply from which saying it twice is no usual politeness."""
_SAMPLES = (SAMPLE, ANSWER_OR_CALL, ANSWER_NOW, SHORTER, LAST, NEW_WORDS)
_AGAIN = re.compile(
    r"again|repeat|once more|same|verbatim|retry|nochmal|noch einmal|noch mal|wiederhol|erneut|encore|répét|repet|"
    r"repit|otra vez|de nuevo|ripet|ancora|di nuovo|再|重复|重複|又|もう一度|繰り返|다시",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Before:
    """What was said before a reply: the person's newest words, those before, and the reply to the latter."""

    asked: str = ""
    asked_before: str = ""
    answered: str = ""


NOTHING_SAID = Before()


def said_before(newest_first: Iterable[Message]) -> Before:
    """Looks back from the newest message, no further than the turn before."""
    asked: list[str] = []
    answered = ""
    for message in newest_first:
        if message.role == "user":
            asked.append(message.text)
        elif message.role == "assistant" and len(asked) == 1 and not answered and not message.tool_calls:
            answered = message.text if message.note == "" else ""
        if len(asked) == 2:
            break
    return Before(*asked[:1], *asked[1:], answered=answered)


def is_echo(text: str, before: Before) -> bool:
    """Whether a reply only repeats what it was shown, without having been asked to.

    The same question, and any question, may rightly get the same answer.
    """
    words, asked = _plain(text), _plain(before.asked)
    if words in {_plain(sample) for sample in _SAMPLES}:
        return words not in asked
    if len(words) < LEAST or words != _plain(before.answered):
        return False
    may_ask = asked == _plain(before.asked_before) or "?" in asked or "？" in asked or _AGAIN.search(asked)
    return bool(asked) and not may_ask


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).strip("\"'()<>[]{}.…! ")
