"""Which adapter embeds: the recall process for the built-in embedder, a server's client for its models."""

from collections.abc import Sequence

from app.adapters.recall.client import RecallProcess
from app.domain.embedding import EmbeddingFailed
from app.domain.model import Provider
from app.domain.vector import Vector
from app.ports.embedding import TextKind


class AnyEmbedder:
    """Implements `app.ports.embedding.Embedder`."""

    def __init__(self, recall: RecallProcess) -> None:
        self._recall = recall

    async def embed(
        self, handle: str, provider: Provider | None, texts: Sequence[str], kind: TextKind, *, background: bool = False
    ) -> tuple[Vector, ...]:
        if provider is None:
            return await self._recall.embed(texts, background=background)
        raise EmbeddingFailed(f"{handle} cannot be asked for vectors.")
