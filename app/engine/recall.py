"""Recall: the one door to everything that was ever said. By meaning and by words; by words alone if need be."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from app.domain.embedding import EmbeddingFailed
from app.domain.message import FoundMessages, MessageScope
from app.domain.retrieval import SearchState
from app.engine.meaning import AskedSpace, Meaning, spread
from app.engine.retrieval.fusion import NEAREST, Candidate, Ranked, Spread, heaviest, messages_ranked, spread_of
from app.engine.retrieval.query_words import Asked, asked, terms_of
from app.ports.embedding import Embedders
from app.ports.storage import Repositories, Storage
from app.ports.vector_index import VectorIndex

EVERYTHING = MessageScope()
"""All that was said by anybody."""
MOST = 1_000
"""Hits of one search."""
LONGEST_QUERY = 2_000
"""Characters of a query that are looked at."""


class _Words(NamedTuple):
    """What the database says of a query's words, and whom to ask for meaning."""

    query: Asked
    rows: tuple[int, ...]
    agents: dict[str | None, list[int]]
    """The seqs of the searched agents by the handle of their embedder."""
    among: tuple[int, ...] | None


class _Near(NamedTuple):
    """What the index says: cosines of messages, alone and with their neighbours, and how wide they are spread."""

    alone: dict[int, float]
    around: dict[int, float]
    spread_alone: Spread
    spread_around: Spread


class MessageRecall:
    """Searches messages. Without embedders or an index it goes by words."""

    def __init__(self, storage: Storage, embedders: Embedders | None = None, index: VectorIndex | None = None) -> None:
        self._storage = storage
        self._meaning = Meaning(storage, embedders, index)

    async def messages(
        self, query: str, scope: MessageScope = EVERYTHING, limit: int = 20, *, by_meaning: bool = True
    ) -> FoundMessages:
        """The best messages within the scope, each with the reasons why. `by_meaning` False: words alone.

        Whatever happens to vectors, words are searched; `FoundMessages.state` says so. Raises `StorageError` only.
        """
        query = query[:LONGEST_QUERY].strip()
        limit = max(0, min(limit, MOST))
        if not query or not limit:
            return FoundMessages()
        most = max(limit, NEAREST)
        words = await self._storage.read(lambda repos: _words_of(repos, query, scope, most, by_meaning=by_meaning))
        spaces, note = await self._meaning.asked(query, words.agents) if by_meaning else ((), "")
        meanings: list[_Near] = []
        try:
            meanings = [await _near(space, words) for space in spaces]
        except EmbeddingFailed as error:
            note = f"{error.message} {error.hint}".strip()
        state = SearchState(by_meaning=bool(meanings), note=note)
        return await self._storage.read(lambda repos: _found(repos, query, scope, words, meanings, limit, state))


async def _near(space: AskedSpace, words: _Words) -> _Near:
    alone = await space.nearest("message", words.among)
    around = await space.nearest("neighbours", words.among)
    every = {*words.rows, *alone, *around}
    own, together = await space.filled("message", alone, every), await space.filled("neighbours", around, every)
    return _Near(own, together, spread(alone), spread(around))


def _words_of(repos: Repositories, query: str, scope: MessageScope, most: int, *, by_meaning: bool) -> _Words:
    terms = terms_of(query)
    found = repos.search.with_words(terms, scope)
    weighed = asked(terms, found.frequencies, found.total)
    agents: dict[str | None, list[int]] = defaultdict(list)
    for one in repos.agents.embedders(scope.agent_id):
        agents[one.handle].append(one.seq)
    narrowed = scope.narrowed or not {"user", "assistant"} <= {*scope.roles}
    return _Words(
        weighed,
        heaviest(list(zip(weighed.weights, found.rows, strict=True)), most),
        agents,
        repos.search.within(scope) if narrowed and by_meaning else None,
    )


def _found(
    repos: Repositories,
    query: str,
    scope: MessageScope,
    words: _Words,
    meanings: Sequence[_Near],
    limit: int,
    state: SearchState,
) -> FoundMessages:
    seqs = {*words.rows, *(seq for one in meanings for seq in (*one.alone, *one.around))}
    texts = repos.search.texts(sorted(seqs), scope)
    ranked: list[Ranked] = []
    left = set(texts)
    nothing = _Near({}, {}, spread_of(()), spread_of(()))
    for number, meaning in enumerate(meanings or (nothing,), 1):
        own = left & (meaning.alone.keys() | meaning.around.keys())
        last = number == max(1, len(meanings))
        mine = left if last else own
        left = left - mine
        candidates = [
            Candidate(seq, texts[seq].message.text, meaning.alone.get(seq), texts[seq].around, meaning.around.get(seq))
            for seq in mine
        ]
        ranked += messages_ranked(words.query, candidates, meaning.spread_alone, meaning.spread_around)
    best = [one for one in sorted(ranked, key=lambda one: (-one.score, -one.seq)) if one.reasons][:limit]
    reasons = {one.seq: one.reasons for one in best}
    hits = repos.search.hits([one.seq for one in best], scope, query)
    told = (hit.model_copy(update={"reasons": reasons[seq]}) for seq, hit in zip(reasons, hits, strict=True))
    return FoundMessages(hits=tuple(told), state=state)
