"""A starter: an agent to begin with, before it has a model."""

from typing import Literal

from app.domain.base import Frozen
from app.domain.block import BlockDraft


class Starter(Frozen):
    """What an agent begins with when somebody chooses its card."""

    id: str
    """`companion`, `research`, ...; also the name of its file."""
    name: str
    icon: str
    """Name of one of the shipped icons."""
    description: str
    """One or two sentences for the card."""
    blocks: tuple[BlockDraft, ...] = ()
    tool_names: tuple[str, ...] | None = None
    """None: the default memory tools."""
    system: str | None = None
    """None: the default instructions."""
    waits_for: Literal["files", "tools"] | None = None
    """What it promises and Lares cannot do yet: until then it is not offered."""
