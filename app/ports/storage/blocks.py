"""Blocks of core memory."""

from collections.abc import Sequence
from typing import Protocol

from app.domain.base import Micros
from app.domain.block import Block
from app.domain.page import ALL_BLOCKS, OLDEST_FIRST, BlockFilter, PageRequest


class BlockRepository(Protocol):
    def get(self, block_id: str) -> Block:
        """Raises `NotFound`, for a deleted one too."""
        ...

    def find(self, block_id: str) -> Block | None:
        """Also None for a deleted one."""
        ...

    def of_agent(self, agent_id: str) -> tuple[Block, ...]:
        """In the order of attachment."""
        ...

    def many(self, block_ids: Sequence[str]) -> tuple[Block, ...]:
        """Those that are there, in any order."""
        ...

    def list(self, wanted: BlockFilter = ALL_BLOCKS, page: PageRequest = OLDEST_FIRST) -> tuple[Block, ...]:
        """Of those that are not deleted. Order: created_at."""
        ...

    def count(self, wanted: BlockFilter = ALL_BLOCKS) -> int:
        """How many `list` would give without a page."""
        ...

    def add(self, block: Block) -> None:
        """Stores a new one."""
        ...

    def save(self, block: Block) -> None:
        """Writes all fields as given. Whoever calls writes the history (`engine.memory.changes`)."""
        ...

    def delete(self, block_id: str, at: Micros) -> None:
        """Soft: the row stays for at least 30 days."""
        ...

    def undelete(self, block_id: str) -> None:
        """Makes a deleted one what it was."""
        ...
