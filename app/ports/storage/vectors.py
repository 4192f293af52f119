"""Vectors of texts, and which texts have none yet."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from app.domain.base import Micros
from app.domain.embedding import EmbeddingModel, VectorOf
from app.domain.vector import Vector


class OwnVector(NamedTuple):
    """A vector and what it belongs to."""

    of: VectorOf
    owner_seq: int
    """The message or passage."""
    scope_seq: int
    """Its agent or archive."""
    vector: Vector


class WaitingText(NamedTuple):
    """A text that has no vector in a space."""

    owner_seq: int
    scope_seq: int
    text: str
    before: str = ""
    """Of a message: what was said before it."""
    after: str = ""
    previous_seq: int | None = None
    """The message before it, whose neighbourhood it belongs to."""


class VectorRepository(Protocol):
    def known_space(self, space: str) -> int | None:
        """The seq of a space (`EmbeddingModel.space`); None: nothing was ever embedded in it."""
        ...

    def space(self, model: EmbeddingModel, at: Micros) -> int:
        """The seq of a model's space, which is made if it is new."""
        ...

    def add(self, space_seq: int, own: Sequence[OwnVector]) -> None:
        """Stores them, each in place of the one that its owner had. What has been deleted meanwhile gets none."""
        ...

    def drop(self, of: VectorOf, owner_seqs: Sequence[int]) -> None:
        """Deletes vectors of these owners in every space, as when their text changes or goes."""
        ...

    def drop_spaces_but(self, space_seqs: Sequence[int], most: int) -> int:
        """Deletes at most so many vectors of all other spaces. Returns how many."""
        ...

    def waiting_messages(
        self, space_seq: int | None, agent_ids: Sequence[str], low: int, high: int, most: int
    ) -> tuple[WaitingText, ...]:
        """Messages of these agents with `low < seq <= high` and no vector in the space, newest first."""
        ...

    def waiting_passages(
        self, space_seq: int | None, archive_ids: Sequence[str], low: int, high: int, most: int
    ) -> tuple[WaitingText, ...]:
        """Passages of these archives likewise."""
        ...

    def last_message(self) -> int:
        """The seq of the newest message; 0: there is none."""
        ...

    def last_passage(self) -> int:
        """The seq of the newest passage."""
        ...
