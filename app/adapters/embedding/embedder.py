"""Which adapter embeds: the recall process for the built-in embedder, a server's client for its models."""

import asyncio
from collections.abc import Sequence

from app.adapters.embedding.servers import embedded
from app.adapters.recall.client import RecallProcess
from app.domain.embedding import EmbeddingFailed
from app.domain.model import Provider
from app.domain.vector import Vector
from app.ports.secrets import SecretStore


class AnyEmbedder:
    """Implements `app.ports.embedding.Embedder`."""

    def __init__(self, recall: RecallProcess, secrets: SecretStore, *, consent_implied: bool = False) -> None:
        """`consent_implied`: as `Catalog`: servers that wait for a consent may be used."""
        self._recall = recall
        self._secrets = secrets
        self._consent_implied = consent_implied

    async def embed(
        self, handle: str, provider: Provider | None, texts: Sequence[str], *, background: bool = False
    ) -> tuple[Vector, ...]:
        if provider is None:
            return await self._recall.embed(texts, background=background)
        if provider.awaits_consent and not self._consent_implied:
            raise EmbeddingFailed(
                f"Nothing was sent to {provider.title} for vectors: nobody has agreed yet that texts go there.",
                hint="Allow it in the settings, under “Model servers”. Words are searched all the same.",
            )
        key = await asyncio.to_thread(self._secrets.get, f"provider/{provider.id}") if provider.has_key else None
        return await embedded(handle, provider, key, texts)
