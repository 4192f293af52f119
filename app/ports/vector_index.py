"""Which stored vectors are nearest to one."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from app.domain.embedding import VectorOf
from app.domain.vector import Vector


class Near(NamedTuple):
    """A stored vector that lies near."""

    seq: int
    """Of the row that the vector belongs to."""
    cosine: float


class VectorIndex(Protocol):
    """An index over the vectors in the database, which stay the truth: it can be lost and is then made again."""

    async def nearest(
        self,
        space: str,
        of: VectorOf,
        query: Vector,
        k: int,
        *,
        scope: Sequence[int] = (),
        among: Sequence[int] | None = None,
    ) -> tuple[Near, ...]:
        """The `k` nearest, nearest first. `scope`: only these agents or archives, by their seq. `among`: only these
        messages or passages.

        Both are looked at inside of the search, exactly. Without them a large space is searched by an index that may
        miss one of a hundred. Raises `EmbeddingFailed`.
        """
        ...
