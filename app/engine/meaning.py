"""Asking what a query means: its vector in each space that is searched, and the nearest of what is stored there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain.embedding import EmbeddingFailed, EmbeddingModel, VectorOf
from app.domain.vector import Vector
from app.engine.retrieval.fusion import NEAREST, Spread, spread_of
from app.ports.embedding import Embedders
from app.ports.storage import Storage
from app.ports.vector_index import VectorIndex

SERVER_SILENT = "The server of an embedding model does not answer, so what belongs to it was searched by words alone."
NOTHING_EMBEDDED = "Nothing here is indexed by meaning yet, so only words were searched."


@dataclass(frozen=True)
class AskedSpace:
    """A query in one space."""

    index: VectorIndex
    model: EmbeddingModel
    scope: tuple[int, ...]
    """The agents or archives whose texts have their vectors here."""
    vector: Vector

    async def nearest(
        self, of: VectorOf, among: Sequence[int] | None, k: int = NEAREST, but: Sequence[int] = ()
    ) -> dict[int, float]:
        """The nearest of a kind and their cosines, nearest first."""
        near = await self.index.nearest(self.model.space, of, self.vector, k, scope=self.scope, among=among, but=but)
        return {one.seq: one.cosine for one in near}

    async def filled(self, of: VectorOf, known: Mapping[int, float], every: set[int]) -> dict[int, float]:
        """The cosines of every one of these that has a vector: what words found must be compared as well."""
        missing = sorted(every - known.keys())
        return {**known, **await self.nearest(of, missing, len(missing))}


class Meaning:
    """Without embedders or an index nothing is asked."""

    def __init__(self, storage: Storage, embedders: Embedders | None, index: VectorIndex | None) -> None:
        self._storage = storage
        self._embedders = embedders
        self._index = index

    async def asked(self, query: str, owners: Mapping[str | None, Sequence[int]]) -> tuple[tuple[AskedSpace, ...], str]:
        """The query in every space that has vectors, and a sentence if something could not be asked.

        `owners`: the agents or archives that are searched, by the handles of their embedders: vectors of two models
        cannot be compared. Raises nothing: words are searched whatever happens here.
        """
        if self._embedders is None or self._index is None or not owners:
            return (), ""
        try:
            return await self._asked(self._embedders, self._index, query, owners)
        except EmbeddingFailed as error:
            return (), f"{error.message} {error.hint}".strip()

    async def _asked(
        self, embedders: Embedders, index: VectorIndex, query: str, owners: Mapping[str | None, Sequence[int]]
    ) -> tuple[tuple[AskedSpace, ...], str]:
        scopes: dict[str, list[int]] = {}
        models: dict[str, EmbeddingModel] = {}
        silent = False
        for handle, seqs in owners.items():
            model = await embedders.chosen(handle)
            if model is None:
                silent = True
                continue
            models[model.space] = model
            scopes.setdefault(model.space, []).extend(seqs)
        known = await self._storage.read(lambda repos: {s for s in models if repos.vectors.known_space(s) is not None})
        found: list[AskedSpace] = []
        for space in models:
            if space in known:
                (vector,) = await embedders.embed(models[space], [query], "query")
                found.append(AskedSpace(index, models[space], tuple(scopes[space]), vector))
        return tuple(found), SERVER_SILENT if silent else "" if found else NOTHING_EMBEDDED


def spread(near: Mapping[int, float]) -> Spread:
    """How wide the cosines of the nearest are spread."""
    return spread_of(list(near.values())[:NEAREST])
