"""Texts to vectors."""

from collections.abc import Sequence
from typing import Literal, Protocol

from app.domain.embedding import EmbeddingModel
from app.domain.model import Provider
from app.domain.vector import Vector

TextKind = Literal["text", "query"]
"""Some models want a text that is stored and one that is asked written differently."""


class Embedder(Protocol):
    """Carries out what `Embedders` decides."""

    async def embed(
        self,
        handle: str,
        provider: Provider | None,
        texts: Sequence[str],
        *,
        background: bool = False,
    ) -> tuple[Vector, ...]:
        """A vector for each text as it is written. `provider`: the server of the model; None: the built-in embedder.

        `background`: nobody waits, what hurries goes first. Raises `EmbeddingFailed`, with a sentence.
        """
        ...


class Embedders(Protocol):
    """Which embedder stands behind a handle, and what it makes of texts."""

    async def chosen(self, handle: str | None) -> EmbeddingModel | None:
        """The model of a handle if it is offered, else the built-in one, which stands in.

        None: its server is connected and silent, so nothing can be said of it.
        """
        ...

    async def embed(
        self, model: EmbeddingModel, texts: Sequence[str], kind: TextKind, *, background: bool = False
    ) -> tuple[Vector, ...]:
        """A vector for each text, in the space of the model. Raises `EmbeddingFailed`."""
        ...
