"""A block: a labelled piece of core memory that is always in the agent's context window."""

from typing import Any

from app.domain.base import Field, Frozen, Micros

DEFAULT_LIMIT = 20_000
"""Characters. A person or persona rarely needs more, and small models suffer from long prompts."""


class Block(Frozen):
    """A piece of memory that stands in the system prompt of every agent it is attached to."""

    id: str
    label: str
    value: str
    limit: int = DEFAULT_LIMIT
    """Characters (Unicode code points)."""
    description: str = ""
    read_only: bool = False
    """True: the agent's tools refuse to change it; people still can."""
    tags: tuple[str, ...] = ()
    hidden: bool = False
    metadata: dict[str, Any] = Field(default_factory=dict)
    version: int = 1
    """Grows by one with each change of any field."""
    created_at: Micros
    updated_at: Micros

    def excess(self, before: "Block | None" = None) -> int:
        """By how many characters its text is too long to be stored in place of `before`; 0: it may be stored.

        The one rule of limits. A text that is over its limit already may be shortened, and may stay while other fields
        change; else nobody could mend it.
        """
        over = len(self.value) - self.limit
        if before is None or over <= 0:
            return max(over, 0)
        shorter = over < len(before.value) - before.limit
        untouched = self.value == before.value and self.limit >= before.limit
        return 0 if shorter or untouched else over


class BlockDraft(Frozen):
    """A block that is to be created; fields as in `Block`."""

    label: str
    value: str = ""
    limit: int = DEFAULT_LIMIT
    description: str = ""
    read_only: bool = False
    tags: tuple[str, ...] = ()
    hidden: bool = False
    metadata: dict[str, Any] = Field(default_factory=dict)


class BlockPatch(Frozen):
    """Fields to change; None leaves a field as it is."""

    label: str | None = None
    value: str | None = None
    limit: int | None = None
    description: str | None = None
    read_only: bool | None = None
    tags: tuple[str, ...] | None = None
    hidden: bool | None = None
    metadata: dict[str, Any] | None = None
