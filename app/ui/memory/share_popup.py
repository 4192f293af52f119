"""The blocks that the open agent could share, under the button that adds one: searched by name, text and owner."""

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QRect, Qt, QTimer, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from app.domain.block import Block
from app.ui.kit.buttons import Button
from app.ui.kit.choice_popup import ChoicePopup
from app.ui.kit.choosing import ChoicePainter, ChoiceRows, Index
from app.ui.theme import Theme

SEARCH_AFTER_MS = 150


@dataclass(frozen=True)
class SharedBlock:
    block: Block
    owner: str
    """Who has it, in words."""
    taken: bool = False
    """The open agent has a block of this label already."""


class SharedBlocks(ChoiceRows[SharedBlock]):
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return row.block.label
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{row.block.label}, {row.owner}, {self.below(row)}"
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        able = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return Qt.ItemFlag.NoItemFlags if self.rows[index.row()].taken else able

    def below(self, row: SharedBlock) -> str:
        """The second line: the text's beginning, or why it cannot be shared."""
        if row.taken:
            return self.tr("This agent already has a block with this name.")
        return " ".join(row.block.value[:200].split()) or self.tr("Empty")


class SharedBlockPainter(ChoicePainter[SharedBlock]):
    searched = ""
    """Words that the rows were found by."""

    def height_of(self, row: SharedBlock) -> int:
        return 46

    def draw(self, painter: QPainter, rect: QRect, row: SharedBlock) -> None:
        px, rows = self.theme.px, self.model
        assert isinstance(rows, SharedBlocks)
        top = rect.adjusted(px(10), px(4), -px(10), 0)
        top.setHeight(px(18))
        below = top.translated(0, px(19))
        name = top.adjusted(0, 0, -top.width() // 3, 0)
        ink = "disabled" if row.taken else "text"
        taken = self.line(painter, name, row.block.label, "base", ink, 500, marks=self.searched)
        owner = top.adjusted(taken + px(12), 0, 0, 0)
        self.line(painter, owner, row.owner, "label", "muted", right=True)
        self.line(painter, below, rows.below(row), "label", "muted", marks="" if row.taken else self.searched)


class SharePopup(ChoicePopup[SharedBlock]):
    wanted = Signal(str, int)
    """What is searched, and how many rows are wanted; `show_found` has the answer."""
    picked = Signal(str)
    """Id of a block."""
    new_wanted = Signal()

    model: SharedBlocks

    def __init__(self, theme: Theme, button: QWidget, page: int) -> None:
        """`page`: rows that are read at once."""
        rows = SharedBlocks(button)
        self._look = SharedBlockPainter(theme, rows, button)
        super().__init__(theme, button, rows, self._look)
        self.set_words(self.tr("Blocks to share"), self.tr("Search blocks by name, text or agent"))
        self._page = self._limit = page
        self.new = Button(theme, self.tr("New block"), "ghost", "plus", "small")
        self.more = Button(theme, self.tr("Show more"), "ghost", "chevron-down", "small")
        self.more.hide()
        self.set_foot(self.new, None, self.more)
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(SEARCH_AFTER_MS)
        self._wait.timeout.connect(self._ask)
        self.new.clicked.connect(lambda: self.leave(self.new_wanted))
        self.more.clicked.connect(lambda: self._ask_more())

    def _ask(self) -> None:
        self.wanted.emit(self.words, self._limit)

    def _ask_more(self) -> None:
        self._limit += self._page
        self._ask()

    def search(self) -> None:
        self._limit = self._page
        if self.words:
            self._wait.start()
        else:
            self._wait.stop()
            self._ask()

    def show_found(self, words: str, rows: tuple[SharedBlock, ...], more: bool) -> None:
        """`more`: there are others that were not read."""
        if self.isVisible() and words == self.words:
            self.more.setVisible(more)
            self._look.searched = words
            chosen = self.chosen
            self.fill(rows, next((at for at, row in enumerate(rows) if chosen and row.block.id == chosen.block.id), -1))

    def take(self, row: SharedBlock) -> None:
        self.picked.emit(row.block.id)

    def place_at_right(self) -> bool:
        return True
