"""Recall: searching everything that was said, and how far it is indexed by meaning."""

from app.domain.embedding import EmbeddingModel, IndexingProgress
from app.domain.message import FoundMessages, MessageScope
from app.engine.recall import EVERYTHING, MessageRecall
from app.services.indexing import Indexing
from app.services.models.embedders import EmbedderChoice


class Recall:
    def __init__(self, recall: MessageRecall, embedders: EmbedderChoice, indexing: Indexing) -> None:
        self._recall = recall
        self._embedders = embedders
        self._indexing = indexing

    async def messages(
        self, query: str, scope: MessageScope = EVERYTHING, limit: int = 30, by_meaning: bool = True
    ) -> FoundMessages:
        """The best messages within the scope, by meaning and words, each with the reasons why.

        `by_meaning` False: by words alone. Words are searched whatever happens: `FoundMessages.state` says why meaning
        was not asked.
        """
        return await self._recall.messages(query, scope, limit, by_meaning=by_meaning)

    async def embedders(self) -> tuple[EmbeddingModel, ...]:
        """Every model that makes vectors now, the built-in one first."""
        return await self._embedders.known()

    async def embedder(self, handle: str | None) -> EmbeddingModel | None:
        """What embeds for an agent or an archive that asks for this handle (None: for none). The built-in one stands in
        for one that nobody offers; None: its server does not answer.
        """
        return await self._embedders.chosen(handle)

    async def progress(self) -> IndexingProgress:
        """How far everything is embedded. While it works, a `Changed` of kind `setting` with the id `indexing_paused`
        tells each second of news.
        """
        return await self._indexing.progress()

    async def pause_indexing(self, paused: bool = True) -> IndexingProgress:
        """Stops embedding until it is to go on, over restarts too; or lets it go on."""
        return await self._indexing.pause(paused)
