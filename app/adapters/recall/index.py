"""The vectors of the database, searched by the recall process."""

from collections.abc import Sequence
from pathlib import Path

from app.adapters.recall.client import NearestAsked, RecallProcess, StoredPlace
from app.domain.embedding import VECTOR_KINDS, VectorOf
from app.domain.vector import Vector
from app.ports.vector_index import IndexState, Near

FOLDER = "meaning-index"
"""Beside the database. It can be deleted at any time."""


class RecallIndex:
    """Implements `app.ports.vector_index.VectorIndex` over one database."""

    def __init__(self, recall: RecallProcess, database: Path) -> None:
        self._recall = recall
        self._stored = StoredPlace(database, database.parent / FOLDER)

    async def nearest(
        self,
        space: str,
        of: VectorOf,
        query: Vector,
        k: int,
        *,
        scope: Sequence[int] = (),
        among: Sequence[int] | None = None,
        but: Sequence[int] = (),
    ) -> tuple[Near, ...]:
        if k < 1 or (among is not None and not among):
            return ()
        asked = NearestAsked(space, VECTOR_KINDS[of], query, k, scope, among, but)
        return await self._recall.nearest(self._stored, asked)

    async def follow(self, space: str, of: VectorOf, *, was_made: bool) -> IndexState:
        return await self._recall.follow(self._stored, space, VECTOR_KINDS[of], was_made=was_made)
