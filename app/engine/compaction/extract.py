"""Pure: a summary without a model: the telling sentences of what leaves, in their own words.

Every sentence is scored by the words it has that the rest has seldom (as in tf-idf: Karen Spärck Jones, "A statistical
interpretation of term specificity", 1972), and by its names and numbers; a person's words count for more than an
agent's. The best that fit are told in the order in which they were said.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from app.domain.compaction import folded
from app.domain.message import Message
from app.engine.compaction.details import details_of
from app.engine.compaction.told import shortened

HEAD = "In extracts, word for word:"
MOST_OF_SENTENCE = 240
"""Characters."""
EARLIER_SHARE = 0.4
"""Of the room, what the summary so far may keep of it."""
LEAST_WEIGHT = 0.25
"""Of the most telling sentence; less is a greeting."""
_BETWEEN = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n+")
_WORDS = re.compile(r"\w+")
_WISH = re.compile(
    r"\b(remember|don'?t forget|note that|always|never|prefer|allergic|birthday|my name|call me|decided|agreed|promise"
    r"|merk|vergiss|immer|nie|lieber|heiße|recuerda|siempre|nunca|prefiero|llamo|souviens|toujours|jamais|préfère"
    r"|appelle)|记住|不要忘|总是|从不|我叫|覚えて",
    re.I,
)


class _Sentence(NamedTuple):
    at: int
    who: str
    text: str
    weight: float


def extract(messages: Sequence[Message], most_chars: int) -> str:
    """At most `most_chars` characters. Empty where nothing was said."""
    earlier = next((message.text for message in messages if message.role == "summary"), "")
    kept = shortened(earlier.removeprefix(HEAD).strip(), int(most_chars * EARLIER_SHARE)) if earlier.strip() else ""
    room = most_chars - len(HEAD) - len(kept) - 2
    picked: list[_Sentence] = []
    ranked = sorted(_sentences(messages), key=lambda one: -one.weight)
    for sentence in ranked:
        if sentence.weight < ranked[0].weight * LEAST_WEIGHT:
            break
        cost = len(sentence.text) + len(sentence.who) + 5
        if cost <= room:
            picked.append(sentence)
            room -= cost
    lines = [f"- {one.who}: {one.text}" for one in sorted(picked)]
    body = "\n".join(filter(None, (kept, *lines)))
    return f"{HEAD}\n{body}"[:most_chars] if body else ""


def _sentences(messages: Sequence[Message]) -> list[_Sentence]:
    said = [
        (message, text) for message in messages if message.role in ("user", "assistant") for text in _parted(message)
    ]
    seen = Counter(word for _, text in said for word in set(_WORDS.findall(folded(text))))
    once: dict[str, _Sentence] = {}
    for at, (message, text) in enumerate(said):
        who = "User" if message.role == "user" else "You"
        once.setdefault(folded(text), _Sentence(at, who, text, _weight(text, message, seen, len(said))))
    return list(once.values())


def _parted(message: Message) -> list[str]:
    sentences = (" ".join(one.split()) for one in _BETWEEN.split(message.text))
    return [shortened(sentence, MOST_OF_SENTENCE) for sentence in sentences if len(sentence) > 3]


def _weight(text: str, message: Message, seen: Counter[str], sentences: int) -> float:
    words = set(_WORDS.findall(folded(text)))
    rare = sum(math.log((1 + sentences) / (1 + seen[word])) for word in words if len(word) > 2)
    weight = rare / math.sqrt(8 + len(words)) + len(details_of(f". {text}")) * 0.7
    if text.rstrip().endswith(("?", "？")):
        weight *= 0.4
    if message.role == "user":
        weight *= 1.6
        if _WISH.search(text):
            weight += 4
    return weight
