"""Starters as cards to choose from, and what the chosen one brings: its blocks and its tools."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QPushButton, QSizePolicy, QWidget

from app.domain.block import BlockDraft
from app.domain.starter import Starter
from app.domain.tool import Tool
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import Icon, column_of, empty, follow, frame_of, row_of
from app.ui.kit.wording import count
from app.ui.theme import Theme

LEAST = 220
PREVIEW_LINES = 4
MOVES = {Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1}


class StarterCard(QPushButton):
    def __init__(self, theme: Theme, starter: Starter, cards: "StarterCards") -> None:
        super().__init__()
        self.starter = starter
        self._cards = cards
        self.setCheckable(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setProperty("role", "card")
        self.setAccessibleName(starter.name)
        self.setAccessibleDescription(starter.description)
        name = Label(theme, starter.name, "base")
        name.set_weight(600)
        said = Label(theme, starter.description, "label", "text2")
        said.setWordWrap(True)
        texts = column_of(theme, name, said, None, gap=2)
        icon = column_of(theme, Icon(theme, starter.icon, "accent", 16), None)
        self._row = row_of(theme, icon, texts, parent=self, inset=(12, 10, 12, 10), gap=10)
        self._row.setStretch(1, 1)
        for child in self.findChildren(QWidget):
            child.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def sizeHint(self) -> QSize:
        return self._row.sizeHint()

    def minimumSizeHint(self) -> QSize:
        return self._row.minimumSize()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = MOVES.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        self._cards.move_by(step)


class StarterCards(QWidget):
    """One stop for Tab; the arrows choose."""

    chosen_changed = Signal(object)
    """The Starter that is chosen now."""

    def __init__(self, theme: Theme, least: int = LEAST) -> None:
        super().__init__()
        self._theme, self._least = theme, least
        self.setAccessibleName(self.tr("Starters"))
        self.cards: list[StarterCard] = []
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        follow(theme, self, self._fit)

    @property
    def chosen_card(self) -> StarterCard | None:
        return next((card for card in self.cards if card.isChecked()), None)

    @property
    def chosen(self) -> Starter | None:
        return self.chosen_card.starter if self.chosen_card is not None else None

    def show_starters(self, starters: Sequence[Starter]) -> None:
        if tuple(starters) == tuple(card.starter for card in self.cards):
            return
        before = self.chosen
        empty(self._grid)
        self.cards = [StarterCard(self._theme, starter, self) for starter in starters]
        for card in self.cards:
            self._group.addButton(card)
            card.clicked.connect(lambda _checked=False, card=card: self._choose(card))
        self._fit()
        again = next((card for card in self.cards if before is not None and card.starter.id == before.id), None)
        if self.cards:
            self._choose(again or self.cards[0])

    def _choose(self, card: StarterCard) -> None:
        card.setChecked(True)
        for other in self.cards:
            other.setFocusPolicy(Qt.FocusPolicy.StrongFocus if other is card else Qt.FocusPolicy.ClickFocus)
        self.chosen_changed.emit(card.starter)

    def move_by(self, step: int) -> None:
        at = next((place for place, card in enumerate(self.cards) if card.isChecked()), 0) + step
        if 0 <= at < len(self.cards):
            self._choose(self.cards[at])
            self.cards[at].setFocus(Qt.FocusReason.TabFocusReason)

    def focus_chosen(self) -> None:
        if (card := self.chosen_card) is not None:
            card.setFocus(Qt.FocusReason.OtherFocusReason)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        px = self._theme.px
        self._grid.setSpacing(px(10))
        columns = max(1, min(3, (self.width() + px(10)) // px(self._least + 10)))
        for place, card in enumerate(self.cards):
            self._grid.addWidget(card, place // columns, place % columns)
        for column in range(3):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)
        width = (self.width() - px(10) * (columns - 1)) // columns
        for row in range(max(self._grid.rowCount(), 1)):
            cards = self.cards[row * columns : (row + 1) * columns]
            self._grid.setRowMinimumHeight(row, max((card.heightForWidth(width) for card in cards), default=0))


class StarterPreview(QWidget):
    """What an agent made from a starter begins with."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._tools: dict[str, Tool] = {}
        self._grid = QGridLayout()
        self._count = 0
        self._tool_names = Label(theme, "", "label", "text2")
        self._tool_names.setWordWrap(True)
        column_of(
            theme,
            Label(theme, self.tr("Memory it starts with"), "strong"),
            self._grid,
            8,
            Label(theme, self.tr("Tools"), "strong"),
            self._tool_names,
            parent=self,
            gap=6,
        )
        follow(theme, self, lambda: self._grid.setSpacing(theme.px(10)))

    def show_tools(self, tools: Sequence[Tool]) -> None:
        self._tools = {tool.name: tool for tool in tools}

    def show_starter(self, starter: Starter) -> None:
        empty(self._grid)
        for place, block in enumerate(starter.blocks):
            self._grid.addWidget(self._block(block), place // 2, place % 2)
        names = starter.tool_names
        usual = self.tr("The usual tools: changing its memory and searching earlier messages.")
        self._tool_names.setText(", ".join(names) if names else usual if names is None else self.tr("None"))

    def _block(self, block: BlockDraft) -> QWidget:
        theme = self._theme
        card = frame_of("card")
        label = Label(theme, block.label, "label")
        label.set_weight(600)
        about = ElidedLabel(theme, block.description or "", "label", "muted")
        limit = Label(theme, self.tr("{} characters").format(count(block.limit)), "caption", "muted")
        head = row_of(theme, label, about, limit, gap=8)
        head.setStretch(1, 1)
        text = Label(theme, _first_lines(block.value) or self.tr("Empty. The agent writes here."), "mono")
        text.set_kind("" if block.value else "muted")
        text.setWordWrap(True)
        column_of(theme, head, text, None, parent=card, inset=(12, 8, 12, 8), gap=4)
        card.setAccessibleName(self.tr("Block {}").format(block.label))
        return card


def _first_lines(text: str) -> str:
    lines = text.strip().splitlines()
    return "\n".join(lines[:PREVIEW_LINES]) + ("\n…" if len(lines) > PREVIEW_LINES else "")
