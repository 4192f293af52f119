"""Embedders: models that make a text a vector, so that texts of one meaning lie near each other."""

from typing import Literal

from app.domain.base import Frozen
from app.domain.error import AppError

BUILT_IN = "lares/built-in"
"""The handle of the embedder that comes with Lares and needs no server."""
USUAL_EMBEDDER = "embedder"
"""Key of the setting that names the embedder of all agents and archives that ask for none; none: the built-in one."""
INDEXING_PAUSED = "indexing_paused"
"""Key of the setting by which a person stops embedding for now."""
VectorOf = Literal["passage", "message", "neighbours"]
"""Whose vector: a passage's, a message's, or a message's together with what was said before and after it."""

VECTOR_KINDS: dict[VectorOf, int] = {"passage": 1, "message": 2, "neighbours": 3}
"""Their numbers in the database."""


class EmbeddingModel(Frozen):
    """One embedder as it can be used now."""

    handle: str
    """`provider/model`, as an agent or an archive names it."""
    dimension: int
    """Numbers of a vector; 0: not known before it is first asked."""
    digest: str = ""
    """Of the model's files, where its server tells it: another version of a model makes other vectors."""
    prefixes: str = ""
    """How texts and queries are written for it, if they are written differently; empty: as they are."""
    languages: tuple[str, ...] = ()
    """What it understands, as language codes; empty: not known."""

    @property
    def space(self) -> str:
        """What makes two vectors comparable: of two spaces none are."""
        return " ".join(part for part in (self.handle, self.digest, self.prefixes, str(self.dimension)) if part)

    @property
    def built_in(self) -> bool:
        return self.handle == BUILT_IN


BUILT_IN_DIGEST = "minilm-int8+use3-6bit.1"
"""Names the files of `adapters/recall/child/weights.py`, their shares, and how long texts are parted: whoever changes
one of these changes it too, and everything is embedded again."""
BUILT_IN_MODEL = EmbeddingModel(
    handle=BUILT_IN, dimension=896, digest=BUILT_IN_DIGEST, languages=("en", "de", "es", "fr", "it", "pt", "zh", "ja")
)
"""Always there, also without a server and without a network."""


class ChosenEmbedder(Frozen):
    """The embedder of all agents and archives that ask for none of their own."""

    handle: str
    """The one that was chosen, whether it is offered or not."""
    model: EmbeddingModel | None
    """What embeds in fact; None: the server of the chosen one does not answer."""

    @property
    def stood_in(self) -> bool:
        """Nobody offers the chosen one."""
        return self.model is not None and self.model.handle != self.handle


class OwnEmbedder(Frozen):
    """An embedder that agents or archives ask for themselves."""

    chosen: ChosenEmbedder
    agents: int
    archives: int
    """How many ask for it."""


class IndexingProgress(Frozen):
    """How far what was said and stored is embedded, so that it is found by its meaning."""

    looked: bool = False
    """Whether it has looked since the start what there is to do; before, the numbers below say nothing."""
    done: int = 0
    """Texts that were looked through since the start, and have their vector."""
    waiting: int = 0
    """Texts that are still to be looked through: most of them have no vector yet."""
    per_second: float = 0.0
    """Texts, as of late; 0: not known."""
    paused: bool = False
    """By a person, in the settings."""
    problem: str = ""
    """Why it does not go on, in a sentence; empty: it goes on or is done."""

    @property
    def seconds_left(self) -> float | None:
        """An estimate; None: not known."""
        if not self.waiting:
            return 0.0
        return self.waiting / self.per_second if self.per_second else None


class EmbeddingFailed(AppError):
    """Meaning cannot be searched just now; words can."""

    code = "embedding_failed"
