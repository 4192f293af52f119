"""Asks the questions of a set: by meaning alone, by words alone, and by both as the engine joins them."""

import hashlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.adapters.database.search_terms import any_of, match_of
from app.adapters.recall.child.builtin import BuiltIn
from app.domain.retrieval import around_text
from app.domain.retrieval import neighbourhood as embedded
from app.domain.search_text import index_text
from app.engine.retrieval.fusion import (
    NEAREST,
    Candidate,
    Ranked,
    Spread,
    heaviest,
    messages_ranked,
    passages_ranked,
    spread_of,
)
from app.engine.retrieval.query_words import Asked, asked, terms_of
from tests.benchmarks.retrieval.sets import Entry, Question, Set

Ranks = dict[str, list[int]]
"""For each way to search: the place of the answer of each question, counted from 1."""
Matrix = npt.NDArray[np.float32]
AT_ONCE = 64
SESSION = 60
"""Minutes: what was said longer ago is no neighbour."""
NOWHERE = 1_000_000


class Vectors:
    """Vectors of the built-in embedder, kept in a folder."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._embedder: BuiltIn | None = None

    def of(self, texts: Sequence[str]) -> Matrix:
        digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
        kept = self._folder / f"{digest}.npy" if self._folder else None
        if kept is not None and kept.exists():
            return np.load(kept)
        self._embedder = self._embedder or BuiltIn()
        portions = (list(texts[at : at + AT_ONCE]) for at in range(0, len(texts), AT_ONCE))
        rows = np.concatenate([self._embedder.embed(portion) for portion in portions])
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            np.save(kept, rows)
        return rows


class Finder:
    """One set, indexed as the engine indexes it."""

    def __init__(self, one: Set, vectors: Vectors) -> None:
        self._set = one
        self._messages = one.name == "life"
        self._turn = 2 if self._messages else 1
        texts = [entry.text for entry in one.entries]
        self._around = [_around(one.entries, at) if self._messages else "" for at in range(len(texts))]
        questions = vectors.of([question.text for question in one.questions])
        self._cosines = questions @ vectors.of(texts).T
        self._near = self._cosines
        if self._messages:
            self._near = questions @ vectors.of([neighbourhood(one.entries, at) for at in range(len(texts))]).T
        self._index = sqlite3.connect(":memory:")
        self._index.execute("CREATE VIRTUAL TABLE f USING fts5(words, tokenize=\"unicode61 categories 'L* N* Co M*'\")")
        rows = ((at, index_text(text)) for at, text in enumerate(texts))
        self._index.executemany("INSERT INTO f(rowid, words) VALUES (?, ?)", rows)

    def ranks(self) -> Ranks:
        found: Ranks = {"meaning": [], "words (bm25)": [], "words (ours)": [], "both": []}
        for number, question in enumerate(self._set.questions):
            terms = terms_of(question.text)
            query = asked(terms, [self._frequency(match_of(term)) for term in terms], len(self._set.entries))
            bm25 = self._by_bm25(any_of(terms)) if terms else []
            weights = zip(query.weights, terms, strict=True)
            words = heaviest([(weight, self._rows(match_of(term))) for weight, term in weights])
            meaning = [int(at) for at in np.argsort(-self._cosines[number], kind="stable")]
            alone = [one.seq for one in self._without_vectors(query, words)]
            both = [one.seq for one in self._joined(number, query, words, meaning[:NEAREST])]
            for name, order in (("meaning", meaning), ("words (bm25)", bm25), ("words (ours)", alone), ("both", both)):
                found[name].append(self._place(order, question))
        return found

    def _without_vectors(self, query: Asked, words: Sequence[int]) -> tuple[Ranked, ...]:
        """As the engine searches while nothing is embedded."""
        candidates = [Candidate(at, self._set.entries[at].text, None, self._around[at]) for at in words]
        ranked = messages_ranked if self._messages else _passages_ranked
        return ranked(query, candidates, spread_of([]), spread_of([]))

    def _joined(self, number: int, query: Asked, words: Sequence[int], meaning: list[int]) -> tuple[Ranked, ...]:
        cosines, near = self._cosines[number], self._near[number]
        nearest = [int(at) for at in np.argsort(-near, kind="stable")[:NEAREST]] if self._messages else []
        candidates = [
            Candidate(at, self._set.entries[at].text, float(cosines[at]), self._around[at], float(near[at]))
            for at in dict.fromkeys((*meaning, *nearest, *words))
        ]
        alone = spread_of([float(cosines[at]) for at in meaning])
        if self._messages:
            return messages_ranked(query, candidates, alone, spread_of([float(near[at]) for at in nearest]))
        return passages_ranked(query, candidates, alone)

    def _frequency(self, match: str) -> int:
        return int(self._index.execute("SELECT count(*) FROM f WHERE f MATCH ?", (match,)).fetchone()[0])

    def _rows(self, match: str) -> list[int]:
        return [row[0] for row in self._index.execute("SELECT rowid FROM f WHERE f MATCH ?", (match,))]

    def _by_bm25(self, match: str) -> list[int]:
        rows = self._index.execute("SELECT rowid FROM f WHERE f MATCH ? ORDER BY bm25(f), rowid DESC", (match,))
        return [row[0] for row in rows]

    def _place(self, order: Sequence[int], question: Question) -> int:
        """Of the first right one; messages of one turn have one place."""
        turns = list(dict.fromkeys(at // self._turn for at in order))
        gold = {at // self._turn for at in question.gold}
        return next((place for place, turn in enumerate(turns, 1) if turn in gold), NOWHERE)


def _passages_ranked(query: Asked, candidates: list[Candidate], alone: Spread, _: Spread) -> tuple[Ranked, ...]:
    return passages_ranked(query, candidates, alone)


def neighbourhood(entries: Sequence[Entry], at: int) -> str:
    """A message with what was said before and after it."""
    before, after = _sides(entries, at)
    return embedded(before, entries[at].text, after)


def _around(entries: Sequence[Entry], at: int) -> str:
    return around_text(*_sides(entries, at))


def _sides(entries: Sequence[Entry], at: int) -> tuple[str, str]:
    here = entries[at].minute
    before = entries[at - 1] if at and here - entries[at - 1].minute <= SESSION else None
    after = entries[at + 1] if at + 1 < len(entries) and entries[at + 1].minute - here <= SESSION else None
    return (before.text if before else ""), (after.text if after else "")
