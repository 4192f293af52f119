"""Texts to vectors."""

from collections.abc import Sequence
from typing import Literal, Protocol

from app.domain.embedding import EmbeddingModel
from app.domain.vector import Vector

TextKind = Literal["text", "query"]
"""Some models want a text that is stored and one that is asked written differently."""


class Embedders(Protocol):
    """Every embedder that can be used now: the built-in one, and models of the servers that are connected."""

    async def known(self) -> tuple[EmbeddingModel, ...]:
        """All of them, the built-in one first. A server that does not answer offers none. Raises nothing."""
        ...

    async def chosen(self, handle: str | None) -> EmbeddingModel:
        """The one that stands behind a handle: itself if it is offered, else the built-in one, which stands in."""
        ...

    async def embed(
        self, model: EmbeddingModel, texts: Sequence[str], kind: TextKind, *, background: bool = False
    ) -> tuple[Vector, ...]:
        """A vector for each text, in the space of the model. `background`: nobody waits, what hurries goes first.

        Raises `EmbeddingFailed`: then words are searched alone.
        """
        ...
