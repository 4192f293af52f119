"""Whether a text says again what another one says already. It makes a notice, never a refusal: people may repeat."""

from app.domain.search_text import stem_of, words_of
from app.domain.stop_words import STOP_WORDS
from app.engine.retrieval.query_words import is_identifier

SHARE = 0.8
"""Words that both have, of all that either has: above it they say the same, if nothing telling differs."""
SHARE_WITH_MEANING, COSINE = 0.4, 0.9
"""So few words are enough where meaning is so near. Below it "likes tea" and "likes coffee" are near too."""
_TURNING = frozenset(
    ("not", "no", "never", "without", "nicht", "kein", "keine", "nie", "ohne", "nunca", "sin", "jamas")
)
_TURNING_SIGNS = frozenset("不没无未")
"""A text with one of these more says the opposite."""


def nearly_the_same(text: str, other: str, cosine: float | None = None) -> bool:
    """True if only wording differs: never where a number, an identifier or a negation does.

    `cosine`: of both texts' vectors, if they are known.
    """
    first, second = words_of(text), words_of(other)
    if first == second:
        return bool(first)
    if _telling(first) != _telling(second) or _TURNING_SIGNS & {*text} != _TURNING_SIGNS & {*other}:
        return False
    ours, theirs = _forms(first), _forms(second)
    every = ours | theirs
    share = len(ours & theirs) / len(every) if every else 0.0
    return share >= SHARE or (cosine is not None and cosine >= COSINE and share >= SHARE_WITH_MEANING)


def _forms(words: tuple[str, ...]) -> set[str]:
    return {stem_of(word) for word in words if word not in STOP_WORDS}


def _telling(words: tuple[str, ...]) -> set[str]:
    return {word for word in words if word in _TURNING or any(map(str.isdigit, word)) or is_identifier(word)}
