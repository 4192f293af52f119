"""Embedders: models that make a text a vector, so that texts of one meaning lie near each other."""

from app.domain.base import Frozen
from app.domain.error import AppError

BUILT_IN = "lares/built-in"
"""The handle of the embedder that comes with Lares and needs no server."""


class EmbeddingModel(Frozen):
    """One embedder as it can be used now."""

    handle: str
    """`provider/model`, as an agent or an archive names it."""
    name: str
    provider: str
    dimension: int
    """Numbers of a vector; 0: not known before it is first asked."""
    space: str
    """What makes two vectors comparable: handle, digest of the model's files, prefixes. Of two spaces none are."""
    languages: str = ""
    """What it understands, in a person's words; empty: not known."""
    window: int = 0
    """Tokens of a text that it reads; 0: not known."""


class EmbeddingFailed(AppError):
    """Meaning cannot be searched just now; words can."""

    code = "embedding_failed"
