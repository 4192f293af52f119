"""The search over passages, as agents, programs and people use it: one order, and why each hit is there."""

from collections import defaultdict
from typing import NamedTuple

from app.domain.archive import PassageFilter, PassageHit, PassageSearchResult
from app.domain.embedding import EmbeddingFailed
from app.domain.retrieval import SearchState, SearchWay, Term
from app.engine.meaning import AskedSpace, Meaning, spread
from app.engine.retrieval.fusion import NEAREST, Candidate, Ranked, Spread, heaviest, passages_ranked, spread_of
from app.engine.retrieval.query_words import Asked, asked, terms_of
from app.ports.embedding import Embedders
from app.ports.storage import Repositories, Storage
from app.ports.storage.archives import Narrowed
from app.ports.vector_index import VectorIndex


class _Words(NamedTuple):
    """What the words of a query find, and what each of them weighs."""

    query: Asked
    rows: tuple[int, ...]
    archives: dict[str | None, list[int]]
    """The seqs of the searched archives by the handle of their embedder."""
    narrowed: Narrowed


class _Near(NamedTuple):
    cosines: dict[int, float]
    spread: Spread


class PassageSearch:
    """Without embedders or an index it goes by words."""

    def __init__(self, storage: Storage, embedders: Embedders | None = None, index: VectorIndex | None = None) -> None:
        self._storage = storage
        self._meaning = Meaning(storage, embedders, index)

    async def find(self, query: str, wanted: PassageFilter, limit: int, way: SearchWay = "both") -> PassageSearchResult:
        """The best `limit` of those that pass the filter. Raises `StorageError` only."""
        terms = terms_of(query) if way != "meaning" else ()
        most = max(limit, NEAREST)
        words = await self._storage.read(lambda repos: _words(repos, terms, wanted, most))
        ask = way != "words" and bool(query.strip())
        spaces, note = await self._meaning.asked(query, words.archives) if ask else ((), "")
        meanings: list[_Near] = []
        try:
            meanings = [await _near(space, words, most) for space in spaces]
        except EmbeddingFailed as error:
            note = f"{error.message} {error.hint}".strip()
        hits = await self._storage.read(lambda repos: _ranked(repos, words, meanings, limit))
        if way == "meaning":
            hits = tuple(hit for hit in hits if hit.reasons)
        return PassageSearchResult(
            hits=hits,
            state=SearchState(by_meaning=bool(meanings), note=note),
            names=tuple(term.shown for term in terms if term.exact),
        )


def _words(repos: Repositories, terms: tuple[Term, ...], wanted: PassageFilter, most: int) -> _Words:
    archives: dict[str | None, list[int]] = defaultdict(list)
    for one in repos.archives.embedders(wanted):
        archives[one.handle].append(one.seq)
    narrowed = repos.passages.within(wanted)
    found = repos.passages.with_words(terms, wanted, narrowed)
    query = asked(terms, found.frequencies, found.total)
    return _Words(query, heaviest(list(zip(query.weights, found.rows, strict=True)), most), archives, narrowed)


async def _near(space: AskedSpace, words: _Words, most: int) -> _Near:
    near = await space.nearest("passage", words.narrowed.among, most, words.narrowed.but)
    return _Near(await space.filled("passage", near, {*words.rows} | near.keys()), spread(near))


def _ranked(repos: Repositories, words: _Words, meanings: list[_Near], limit: int) -> tuple[PassageHit, ...]:
    every = {*words.rows, *(seq for near in meanings for seq in near.cosines)}
    texts = repos.passages.texts(sorted(every))
    ranked: list[Ranked] = []
    left = set(texts)
    for number, near in enumerate(meanings or [_Near({}, spread_of(()))], 1):
        mine = left if number >= len(meanings) else left & near.cosines.keys()
        left = left - mine
        candidates = [Candidate(seq, texts[seq], near.cosines.get(seq)) for seq in mine]
        ranked += passages_ranked(words.query, candidates, near.spread)
    best = sorted(ranked, key=lambda one: (-one.score, -one.seq))[:limit]
    found = repos.passages.at([one.seq for one in best])
    return tuple(PassageHit(passage=found[one.seq], score=one.score, reasons=one.reasons) for one in best)
