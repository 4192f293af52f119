"""Recall: searching everything that was said, and how far it is indexed by meaning."""

from collections import Counter

from app.domain.embedding import USUAL_EMBEDDER, ChosenEmbedder, EmbeddingModel, IndexingProgress, OwnEmbedder
from app.domain.error import Invalid
from app.domain.event import Changed
from app.domain.message import FoundMessages, MessageScope
from app.engine.deps import EngineDeps
from app.engine.recall import EVERYTHING, MessageRecall
from app.ports.storage import Repositories
from app.services.indexing import Indexing
from app.services.models.embedders import EmbedderChoice


class Recall:
    def __init__(self, deps: EngineDeps, recall: MessageRecall, embedders: EmbedderChoice, indexing: Indexing) -> None:
        self._deps = deps
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

    async def usual_embedder(self) -> ChosenEmbedder:
        """What embeds for all agents and archives that ask for no embedder of their own."""
        return ChosenEmbedder(handle=await self._embedders.usual(), model=await self._embedders.chosen(None))

    async def choose_embedder(self, handle: str) -> ChosenEmbedder:
        """From now on it embeds for all that ask for none; they are embedded again in the background, words are
        searched meanwhile. Raises `Invalid`.
        """
        if "/" not in handle.strip("/"):
            raise Invalid(f"“{handle}” names no embedder.", hint="It is written as server/model.")

        def work(repos: Repositories) -> None:
            repos.settings.set(USUAL_EMBEDDER, handle)
            repos.changed(Changed(kind="setting", ids=(USUAL_EMBEDDER,)))

        await self._deps.storage.write(work)
        return await self.usual_embedder()

    async def own_embedders(self) -> tuple[OwnEmbedder, ...]:
        """The embedders that agents and archives ask for themselves, by their handles."""
        agents, archives = await self._deps.storage.read(_asked_for)
        found: list[OwnEmbedder] = []
        for handle in sorted(agents.keys() | archives.keys()):
            chosen = ChosenEmbedder(handle=handle, model=await self._embedders.chosen(handle))
            found.append(OwnEmbedder(chosen=chosen, agents=agents[handle], archives=archives[handle]))
        return tuple(found)

    async def progress(self) -> IndexingProgress:
        """How far everything is embedded. While it works, a `Changed` of kind `setting` with the id `indexing_paused`
        tells each second of news.
        """
        return await self._indexing.progress()

    async def pause_indexing(self, paused: bool = True) -> IndexingProgress:
        """Stops embedding until it is to go on, over restarts too; or lets it go on."""
        return await self._indexing.pause(paused)


def _asked_for(repos: Repositories) -> tuple[Counter[str], Counter[str]]:
    """How many agents and how many archives ask for each embedder."""
    agents = Counter(one.handle for one in repos.agents.embedders() if one.handle is not None)
    return agents, Counter(one.handle for one in repos.archives.embedders() if one.handle is not None)
