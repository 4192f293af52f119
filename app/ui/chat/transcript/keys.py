"""Moving through the conversation by keys: Tab in reading order, arrows from card to card, pages and ends."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QApplication, QWidget

from app.ui.kit.focus_order import focusable_in, next_outside

if TYPE_CHECKING:
    from app.ui.chat.transcript.area import TranscriptArea

PAGE_OVERLAP = 40


class TabOrdered(QWidget):
    """Holds the cards; Tab walks them in reading order, whatever order they were made in."""

    def __init__(self, parent: QWidget, area: "TranscriptArea") -> None:
        super().__init__(parent)
        self._area = area

    def paintEvent(self, event: QPaintEvent) -> None:
        ringed = next((card for card in self._area.cards() if card.ringed), None)
        if ringed is None:
            return
        px, theme = ringed.theme.px, ringed.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("focus"), px(2)))
        around = QRectF(ringed.geometry()).adjusted(-px(6), -px(5), px(6), px(5))
        painter.drawRoundedRect(around, px(8), px(8))

    def focusNextPrevChild(self, forward: bool) -> bool:
        area, current = self._area, QApplication.focusWidget()
        order = focusable_in(area.cards())
        step = order.index(current) + (1 if forward else -1) if current in order else -1
        inside = 0 <= step < len(order)
        target = order[step] if inside else next_outside(area, forward=forward)
        if target is None:
            return False
        target.setFocus(Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason)
        if inside:
            area.reveal(target)
        return True


class TranscriptKeys:
    def __init__(self, area: "TranscriptArea") -> None:
        self._area = area

    def take(self, event: QKeyEvent) -> bool:
        """True if the key moved the view or the focus."""
        bar = self._area.verticalScrollBar()
        page = bar.pageStep() - PAGE_OVERLAP
        match event.key():
            case Qt.Key.Key_Home:
                bar.setValue(0)
            case Qt.Key.Key_End:
                self._area.go_below()
            case Qt.Key.Key_PageUp:
                bar.setValue(bar.value() - page)
            case Qt.Key.Key_PageDown:
                bar.setValue(bar.value() + page)
            case Qt.Key.Key_Up:
                self._step(-1)
            case Qt.Key.Key_Down:
                self._step(1)
            case _:
                return False
        return True

    def _step(self, by: int) -> None:
        """From the focused card to its neighbour; from anywhere else to the last card in view."""
        area, focused = self._area, QApplication.focusWidget()
        held = [card for card in area.cards() if card is focused or (focused and card.isAncestorOf(focused))]
        keys = [row.key for row in area.rows]
        number = keys.index(held[0].row.key) + by if held else area.in_view().stop - 1
        if not 0 <= number < len(keys):
            return
        card = area.card(keys[number]) or area.show_row(number)
        if card is not None:
            card.setFocus(Qt.FocusReason.TabFocusReason)
            area.reveal(card)
