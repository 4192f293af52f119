"""The search over passages, as agents, programs and people use it: one order, and why each hit is there."""

from collections import defaultdict
from typing import NamedTuple

from app.domain.archive import FoundPassage, PassageFilter, PassageHit, PassageSearchResult
from app.domain.embedding import EmbeddingFailed
from app.domain.retrieval import SearchState, SearchWay, Term
from app.engine.meaning import AskedSpace, Meaning, spread
from app.engine.retrieval.fusion import NEAREST, Candidate, Ranked, Spread, passages_ranked, spread_of
from app.engine.retrieval.query_words import Asked, asked, terms_of
from app.ports.embedding import Embedders
from app.ports.storage import Repositories, Storage
from app.ports.vector_index import VectorIndex


class _Words(NamedTuple):
    """What the words of a query find, and what each of them weighs."""

    found: tuple[FoundPassage, ...]
    query: Asked
    archives: dict[str | None, list[int]]
    """The seqs of the searched archives by the handle of their embedder."""
    among: tuple[int, ...] | None


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
        words = await self._storage.read(lambda repos: _words(repos, query if terms else "", terms, wanted, most))
        ask = way != "words" and bool(query.strip())
        spaces, note = await self._meaning.asked(query, words.archives) if ask else ((), "")
        meanings: list[_Near] = []
        try:
            meanings = [await _near(space, words, most) for space in spaces]
        except EmbeddingFailed as error:
            note = f"{error.message} {error.hint}".strip()
        hits = await self._storage.read(lambda repos: _ranked(repos, words, meanings, wanted))
        if way == "meaning":
            hits = tuple(hit for hit in hits if hit.reasons)
        return PassageSearchResult(
            hits=hits[:limit],
            state=SearchState(by_meaning=bool(meanings), note=note),
            names=tuple(term.shown for term in terms if term.exact),
        )


def _words(repos: Repositories, query: str, terms: tuple[Term, ...], wanted: PassageFilter, limit: int) -> _Words:
    counts = [repos.passages.frequency(term.words if term.exact else (term.stem,), term.exact) for term in terms]
    archives: dict[str | None, list[int]] = defaultdict(list)
    for one in repos.archives.embedders(wanted):
        archives[one.handle].append(one.seq)
    total = sum(archive.passages for archive in repos.archives.list())
    found = repos.passages.search(query, wanted, limit) if query else ()
    return _Words(found, asked(terms, counts, total), archives, repos.passages.within(wanted))


async def _near(space: AskedSpace, words: _Words, most: int) -> _Near:
    near = await space.nearest("passage", words.among, most)
    return _Near(await space.filled("passage", near, {one.seq for one in words.found} | near.keys()), spread(near))


def _ranked(repos: Repositories, words: _Words, meanings: list[_Near], wanted: PassageFilter) -> tuple[PassageHit, ...]:
    found = {one.seq: one.passage for one in words.found}
    more = {seq for near in meanings for seq in near.cosines if seq not in found}
    found |= {one.seq: one.passage for one in repos.passages.at(sorted(more), wanted)}
    ranked: list[Ranked] = []
    left = set(found)
    for number, near in enumerate(meanings or [_Near({}, spread_of(()))], 1):
        mine = left if number >= len(meanings) else left & near.cosines.keys()
        left = left - mine
        candidates = [Candidate(seq, found[seq].text, near.cosines.get(seq)) for seq in mine]
        ranked += passages_ranked(words.query, candidates, near.spread)
    ranked.sort(key=lambda one: (-one.score, -one.seq))
    return tuple(PassageHit(passage=found[one.seq], score=one.score, reasons=one.reasons) for one in ranked)
