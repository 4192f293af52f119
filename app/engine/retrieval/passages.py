"""The search over passages, as agents, programs and people use it: one order, and why each hit is there."""

from typing import NamedTuple

from app.domain.archive import FoundPassage, PassageFilter, PassageHit, PassageSearchResult
from app.domain.retrieval import SearchState, Term
from app.engine.retrieval.fusion import NEAREST, Candidate, passages_ranked, spread_of
from app.engine.retrieval.query_words import Asked, asked, terms_of
from app.ports.storage import Repositories, Storage


class _Words(NamedTuple):
    """What the words of a query find, and what each of them weighs."""

    found: tuple[FoundPassage, ...]
    query: Asked


class PassageSearch:
    """Words decide until meaning can be asked too."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def find(self, query: str, wanted: PassageFilter, limit: int) -> PassageSearchResult:
        """The best `limit` of those that pass the filter. Raises `StorageError` only."""
        terms = terms_of(query)
        words = await self._storage.read(lambda repos: _words(repos, query, terms, wanted, max(limit, NEAREST)))
        candidates = [Candidate(one.seq, one.passage.text) for one in words.found]
        passages = {one.seq: one.passage for one in words.found}
        ranked = passages_ranked(words.query, candidates, spread_of(()))
        hits = (PassageHit(passage=passages[one.seq], score=one.score, reasons=one.reasons) for one in ranked[:limit])
        return PassageSearchResult(
            hits=tuple(hits),
            state=SearchState(by_meaning=False),
            names=tuple(term.shown for term in terms if term.exact),
        )


def _words(repos: Repositories, query: str, terms: tuple[Term, ...], wanted: PassageFilter, limit: int) -> _Words:
    counts = [repos.passages.frequency(term.words if term.exact else (term.stem,), term.exact) for term in terms]
    total = sum(archive.passages for archive in repos.archives.list())
    return _Words(repos.passages.search(query, wanted, limit), asked(terms, counts, total))
