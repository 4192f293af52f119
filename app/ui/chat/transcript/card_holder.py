"""Holds the cards of a conversation: the focused one has a ring around it, and Tab walks what is inside of it."""

from collections.abc import Callable

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QApplication, QWidget

from app.ui.chat.cards.card import Card
from app.ui.kit.focus_order import focusable_in, next_outside


class CardHolder(QWidget):
    """`cards` gives the cards in reading order, whatever order they were made in."""

    tabbed = Signal(QWidget)
    """Tab went to this widget of a card."""

    def __init__(self, parent: QWidget, area: QWidget, cards: Callable[[], list[Card]]) -> None:
        super().__init__(parent)
        self._area = area
        self._cards = cards

    def paintEvent(self, event: QPaintEvent) -> None:
        ringed = next((card for card in self._cards() if card.ringed), None)
        if ringed is None:
            return
        px, theme = ringed.theme.px, ringed.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("focus"), px(2)))
        around = QRectF(ringed.geometry()).adjusted(-px(6), -px(5), px(6), px(5))
        painter.drawRoundedRect(around, px(8), px(8))

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Inside of one card; then on to what follows the conversation. Arrows go to the other cards."""
        current = QApplication.focusWidget()
        here = [card for card in self._cards() if current is card or (current and card.isAncestorOf(current))]
        order = focusable_in(here)
        step = order.index(current) + (1 if forward else -1) if current in order else -1
        inside = 0 <= step < len(order)
        target = order[step] if inside else next_outside(self._area, forward=forward)
        if target is None:
            return False
        target.setFocus(Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason)
        if inside:
            self.tabbed.emit(target)
        return True
