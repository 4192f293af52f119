"""The memory blocks of the open agent, each with its last change and the number of agents that share it."""

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Qt

from app.domain.block import Block
from app.domain.history import MemoryEvent
from app.ui.kit.tooltip import literal
from app.ui.state.list_rows import RowList


@dataclass(frozen=True)
class BlockRow:
    block: Block
    holders: int = 1
    """Agents that have this block."""
    change: MemoryEvent | None = None
    """The newest change, while it is worth showing."""


class BlockList(RowList[BlockRow]):
    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(lambda row: row.block.id, parent)

    def row_of(self, block_id: str) -> BlockRow | None:
        place = self.index_of(block_id)
        return self.rows[place] if place >= 0 else None

    def value(self, row: BlockRow, role: int) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return row.block.label
        if role == Qt.ItemDataRole.ToolTipRole:
            return literal(row.block.description)
        if role == Qt.ItemDataRole.AccessibleDescriptionRole:
            return row.block.description
        return None
