"""One order out of two searches, by meaning and by words; and why each hit is there.

Both searches give their fifty best. Of all of them

    passages:  z(cosine) + 5 * share^4
    messages:  .5 z(cosine) + .5 z(cosine with neighbours) + 8 * share^2 + 4 * (share with neighbours)^2

decides, where z counts standard deviations over the query's nearest fifty and `share` is what of the query's words a
text has, by weight (`query_words.share_of`). A text without its words is found by its meaning alone; a rare name, a
number or a quote outdoes any meaning. The figures of both rules on both sets: `python -m tests.benchmarks.retrieval`.
"""

import heapq
import math
from collections.abc import Sequence
from typing import NamedTuple

from app.domain.retrieval import Meaning, Reason, Word
from app.engine.retrieval.query_words import Asked, Covered, covered, share_of

NEAREST = 50
"""How many of each search are looked at: the spread of so many cosines is what z is counted in."""
FLOOR_Z = -1.0
"""Of what has no vector yet: a little below the nearest fifty's middle, so that its words can still carry it."""
BREVITY, USUAL_LENGTH = 0.001, 200
"""What a very short text gains, so little that it decides between equals only; characters."""
TELLING_Z = 0.0
"""Meaning is a reason from here on: the better half of the nearest fifty."""


class Candidate(NamedTuple):
    """A text that one of both searches found."""

    seq: int
    text: str
    cosine: float | None = None
    """None: it has no vector yet."""
    around: str = ""
    """Of a message: what was said before and after it."""
    near: float | None = None
    """The cosine of all three together."""


class Ranked(NamedTuple):
    seq: int
    score: float
    """Comparable within one search only."""
    reasons: tuple[Reason, ...]


class Spread(NamedTuple):
    """Middle and width of a query's nearest cosines."""

    middle: float
    width: float

    def z(self, cosine: float | None) -> float:
        return FLOOR_Z if cosine is None else (cosine - self.middle) / self.width


def heaviest(found: Sequence[tuple[float, Sequence[int]]], most: int = NEAREST) -> tuple[int, ...]:
    """The rows with the most weight of a query's terms, heaviest first, of equals the newest. `found`: rows by term."""
    held: dict[int, float] = {}
    for weight, rows in found:
        for seq in rows:
            held[seq] = held.get(seq, 0.0) + weight
    return tuple(heapq.nlargest(most, held, key=lambda seq: (held[seq], seq)))


def spread_of(nearest: Sequence[float]) -> Spread:
    """Of the cosines of the `NEAREST` nearest. Without any, every z is 0."""
    if not nearest:
        return Spread(0.0, math.inf)
    middle = sum(nearest) / len(nearest)
    width = math.sqrt(sum((one - middle) ** 2 for one in nearest) / len(nearest))
    return Spread(middle, max(width, 1e-6))


def passages_ranked(query: Asked, candidates: Sequence[Candidate], nearest: Spread) -> tuple[Ranked, ...]:
    """Passages, best first. `nearest`: the spread of the search by meaning; of no cosines, if it was not made."""
    ranked: list[Ranked] = []
    for one in candidates:
        held = covered(query, one.text)
        z = nearest.z(one.cosine)
        meaning = one.cosine if z >= TELLING_Z else None
        score = z + 5 * share_of(query, held) ** 4 + _brevity(one.text)
        ranked.append(Ranked(one.seq, score, _reasons(held, meaning, nearby=False)))
    return _best_first(ranked)


def messages_ranked(query: Asked, candidates: Sequence[Candidate], alone: Spread, around: Spread) -> tuple[Ranked, ...]:
    """Messages, best first. `alone` and `around`: the spreads of the searches over messages and over neighbours."""
    ranked: list[Ranked] = []
    for one in candidates:
        held, around_it = covered(query, one.text), covered(query, one.around)
        z, z_around = alone.z(one.cosine), around.z(one.near)
        score = (z + z_around) / 2 + 8 * share_of(query, held) ** 2 + 4 * share_of(query, held, around_it) ** 2
        score += _brevity(one.text)
        nearby = z_around > z
        meaning = one.near if nearby else one.cosine
        telling = meaning if max(z, z_around) >= TELLING_Z else None
        ranked.append(Ranked(one.seq, score, _reasons(held if held.terms else around_it, telling, nearby=nearby)))
    return _best_first(ranked)


def _brevity(text: str) -> float:
    """Of texts that are alike otherwise, the shorter one is more about what was asked."""
    return BREVITY / (1 + len(text) / USUAL_LENGTH)


def _reasons(held: Covered, cosine: float | None, *, nearby: bool) -> tuple[Reason, ...]:
    words = tuple(Word(word=term.shown, exact=term.exact) for term in held.terms)
    return (*((Meaning(cosine=cosine, nearby=nearby),) if cosine is not None else ()), *words)


def _best_first(ranked: list[Ranked]) -> tuple[Ranked, ...]:
    return tuple(sorted(ranked, key=lambda one: (-one.score, -one.seq)))
