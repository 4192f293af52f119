"""What the agent thought: one folded line, open with a plum edge."""

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from app.ui.chat.cards.card import TEXT_X, Card, FoldHead, draw_text
from app.ui.chat.cards.context import CardContext
from app.ui.chat.transcript.row import Row
from app.ui.kit.markdown import MarkdownView

HEAD = 24


class ReasoningCard(Card):
    def __init__(self, context: CardContext, row: Row, parent: QWidget | None = None) -> None:
        super().__init__(context, row, parent)
        self.opened = False
        self._text: MarkdownView | None = None
        self._head = FoldHead(self.theme, self)
        self._head.clicked.connect(lambda _checked=False: self._toggle())

    def unfold(self) -> None:
        if not self.opened:
            self._toggle()

    def _toggle(self) -> None:
        self.opened = not self.opened
        self._fill()
        self.resized.emit()

    def _fill(self) -> None:
        title = self.title()
        self.setAccessibleName(f"{title}: {self.row.text[:200]}")
        self._head.setAccessibleName((self.tr("Collapse {0}") if self.opened else self.tr("Expand {0}")).format(title))
        self._head.update()
        if self.opened and self._text is None:
            self._text = self._text_view("label", "text2")
            self._text.setAccessibleName(self.tr("Reasoning"))
            self._text.show()
        elif not self.opened and self._text is not None:
            self._text.deleteLater()
            self._text = None
        if self._text is not None:
            self._text.set_markdown(self.row.text, whole=self.row.state == "writing")

    def title(self) -> str:
        seconds = self.row.seconds
        if self.row.state == "writing":
            return self.tr("Reasoning, {0} s").format(int(seconds)) if seconds else self.tr("Reasoning")
        return self.tr("Reasoned for {0:.1f} s").format(seconds) if seconds else self.tr("Reasoned")

    def _lay_body(self, width: int) -> int:
        px = self.theme.px
        left = px(TEXT_X)
        self._head.setGeometry(left, px(1), width - left, px(HEAD))
        top = px(HEAD) + px(1)
        if self._text is not None:
            height = self._text.height_for(width - left - px(14))
            self._text.setGeometry(left + px(14), top + px(4), width - left - px(14), height)
            top += height + px(8)
        return top

    def _paint_body(self, painter: QPainter) -> None:
        if self._text is not None:
            place = self._text.geometry()
            edge = QRect(self.theme.px(TEXT_X) + 1, place.top(), self.theme.px(2), place.height())
            painter.fillRect(edge, self.theme.color("plum"))

    def paint_head(self, painter: QPainter, rect: QRect) -> None:
        px, theme = self.theme.px, self.theme
        side = px(14)
        chevron = theme.pixmap("chevron-down" if self.opened else "chevron-right", "plum", 14)
        painter.drawPixmap(0, (rect.height() - side) // 2, side, side, chevron)
        x = px(19)
        title = QRect(x, 0, rect.width() - x, rect.height())
        x = draw_text(painter, title, self.title(), theme.font("label", 500), theme.color("plum")) + px(7)
        words = [self.tr("{0:,} tokens").format(self.row.tokens)] if self.row.tokens else []
        if not self.opened:
            words.append("“" + " ".join(self.row.text[:300].split()) + "”")
        rest = QRect(x, 0, rect.width() - x, rect.height())
        draw_text(painter, rest, " · ".join(words), theme.font("label"), theme.color("muted"))
