"""Which embedder stands behind a handle."""

from collections.abc import Awaitable, Callable, Sequence

from app.domain.embedding import BUILT_IN, BUILT_IN_MODEL, USUAL_EMBEDDER, EmbeddingFailed, EmbeddingModel
from app.domain.model import Model, ModelHandle, Provider, ProviderModels
from app.domain.vector import Vector
from app.ports.embedding import Embedder, TextKind
from app.ports.storage import Storage

PROBE = "dimension"
"""What a model is asked to embed where its server does not tell how many numbers its vectors have."""

NO_PREFIXES: dict[TextKind, str] = {"text": "", "query": ""}
PREFIXES: dict[str, dict[TextKind, str]] = {
    "nomic-embed-text": {"text": "search_document: ", "query": "search_query: "},
    "mxbai-embed-large": {"text": "", "query": "Represent this sentence for searching relevant passages: "},
    "embeddinggemma": {"text": "title: none | text: ", "query": "task: search result | query: "},
}
"""What the makers of these models want before texts and queries, by how the names of the models begin."""


def embeds(model: Model) -> bool:
    """Whether a model makes vectors; most servers tell it by the name alone."""
    return model.embedding or (bool(model.unfit) and "embed" in model.name.lower())


class EmbedderChoice:
    """Implements `app.ports.embedding.Embedders` by what the connected servers offer."""

    def __init__(
        self, storage: Storage, embedder: Embedder, offered: Callable[[], Awaitable[tuple[ProviderModels, ...]]]
    ) -> None:
        """`offered`: every server with its models, as `ModelCache.all`."""
        self._storage = storage
        self._embedder = embedder
        self._offered = offered
        self._dimensions: dict[str, int] = {}

    async def known(self) -> tuple[EmbeddingModel, ...]:
        """Every model that makes vectors now, the built-in one first. A server that does not answer offers none."""
        offered = (model for found in await self._offered() for model in found.models if embeds(model))
        return (BUILT_IN_MODEL, *(_unprobed(model) for model in offered))

    async def chosen(self, handle: str | None) -> EmbeddingModel | None:
        """As the port says. Never raises: a server that fails is silent."""
        if handle is None:
            handle = await self.usual()
        if handle == BUILT_IN or await self._provider(handle) is None:
            return BUILT_IN_MODEL
        for found in await self._offered():
            for model in found.models:
                if model.handle == handle:
                    return await self._described(model)
            if found.error and found.provider.name == ModelHandle.parse(handle).provider:
                return None
        return BUILT_IN_MODEL

    async def usual(self) -> str:
        """The handle of the embedder of all that ask for none."""
        setting = await self._storage.read(lambda repos: repos.settings.get(USUAL_EMBEDDER))
        return str(setting.value) if setting is not None and setting.value else BUILT_IN

    async def _described(self, model: Model) -> EmbeddingModel | None:
        known = _unprobed(model)
        dimension = self._dimensions.get(known.space) or known.dimension
        if not dimension:
            try:
                (probe,) = await self.embed(known, (PROBE,), "text")
            except EmbeddingFailed:
                return None
            dimension = self._dimensions[known.space] = probe.dimension
        return known.model_copy(update={"dimension": dimension})

    async def embed(
        self, model: EmbeddingModel, texts: Sequence[str], kind: TextKind, *, background: bool = False
    ) -> tuple[Vector, ...]:
        """As the port says. Raises `EmbeddingFailed`."""
        provider = None if model.built_in else await self._provider(model.handle)
        if provider is None and not model.built_in:
            raise EmbeddingFailed(f"The server of {model.handle} is no longer connected.")
        before = PREFIXES.get(model.prefixes, NO_PREFIXES)[kind]
        written = [before + text for text in texts]
        return await self._embedder.embed(model.handle, provider, written, background=background)

    async def _provider(self, handle: str) -> Provider | None:
        name = ModelHandle.parse(handle).provider
        provider = await self._storage.read(lambda repos: repos.providers.named(name))
        return provider if provider is not None and provider.enabled else None


def _unprobed(model: Model) -> EmbeddingModel:
    name = model.name.rpartition("/")[2].partition(":")[0].lower()
    prefixes = next((style for style in PREFIXES if name.startswith(style)), "")
    return EmbeddingModel(
        handle=model.handle, dimension=model.embedding_dim or 0, digest=model.digest[:12], prefixes=prefixes
    )
