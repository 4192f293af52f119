"""Which stored vectors are nearest to one."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

from app.domain.vector import Vector

VectorOf = Literal["passage", "message", "neighbours"]
"""Whose vectors: a passage's, a message's, or a message's together with what was said before and after it."""


class Near(NamedTuple):
    seq: int
    """Of the row that the vector belongs to."""
    cosine: float


class VectorIndex(Protocol):
    """An index over the vectors in the database, which stay the truth: it can be lost and is then made again."""

    async def nearest(
        self, space: str, of: VectorOf, query: Vector, k: int, among: Sequence[int] | None = None
    ) -> tuple[Near, ...]:
        """The `k` nearest, nearest first. `among`: only these rows, by their seq, compared exactly.

        Without `among` a large space is searched approximately. Raises `EmbeddingFailed`.
        """
        ...
