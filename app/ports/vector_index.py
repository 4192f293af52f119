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


class IndexState(NamedTuple):
    """What an index was like when it was to follow."""

    state: str
    """`right`, `new`, `missing`, `broken` or `outdated`; the last three are made anew."""
    more: bool
    """Whether there is more to take over."""
    stored: int
    """How many vectors there are."""


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
        but: Sequence[int] = (),
    ) -> tuple[Near, ...]:
        """The `k` nearest, nearest first. `scope`: only these agents or archives, by their seq. `among`: only these
        messages or passages; `but`: none of these.

        All are looked at inside of the search, exactly. Without `among` a large space is searched by an index that may
        miss one of a hundred. Raises `EmbeddingFailed`.
        """
        ...

    async def follow(self, space: str, of: VectorOf, *, was_made: bool) -> IndexState:
        """Takes over some of what has been stored and deleted since: a third of a second's work, in the background.

        `was_made`: there was an index once, so a missing one is worth a line. Raises `EmbeddingFailed`.
        """
        ...
