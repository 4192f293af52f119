"""Forgetting for good what was deleted long ago."""

from dataclasses import dataclass
from typing import Protocol

from app.domain.base import Micros


@dataclass(frozen=True)
class Forgotten:
    """A portion of what was forgotten."""

    more: bool
    """Whether there is another one."""
    parts: frozenset[bytes] = frozenset()
    """Request parts that perhaps nobody uses now, by their hashes."""
    blobs: frozenset[str] = frozenset()
    """The same of blobs."""


class DeletedRepository(Protocol):
    """Soft-deleted agents, conversations and blocks, and all that nobody sees without them."""

    def secrets(self, before: Micros) -> dict[str, tuple[str, ...]]:
        """The names of the secrets of each agent that was deleted before a time, by agent id."""
        ...

    def forget(self, before: Micros) -> Forgotten:
        """Removes a portion of what was deleted before a time."""
        ...

    def sweep(self, forgotten: Forgotten) -> None:
        """Removes those of these request parts and blobs that nothing uses. Reads all steps."""
        ...
