"""What of a reply was read otherwise than it was written; shown in the debug view."""

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from app.ui.chat.cards.card import TEXT_X, Card
from app.ui.chat.cards.context import CardContext
from app.ui.chat.transcript.row import Row

ICON, GAP = 14, 7


class RepairCard(Card):
    def __init__(self, context: CardContext, row: Row, parent: QWidget | None = None) -> None:
        super().__init__(context, row, parent)
        self.text = self._text_view("label", "text2")

    def _fill(self) -> None:
        self.text.set_plain(self.row.text)
        self.text.setAccessibleName(self.tr("What was repaired"))
        self.setAccessibleName(self.row.text)

    def _lay_body(self, width: int) -> int:
        px = self.theme.px
        left = px(TEXT_X) + px(ICON) + px(GAP)
        height = self.text.height_for(width - left)
        self.text.setGeometry(left, px(2), width - left, height)
        return height + px(4)

    def _paint_body(self, painter: QPainter) -> None:
        px, side = self.theme.px, self.theme.px(ICON)
        place = QRect(px(TEXT_X), px(3), side, side)
        painter.drawPixmap(place, self.theme.pixmap("tool", "warn", ICON))
