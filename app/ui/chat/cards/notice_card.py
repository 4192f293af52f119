"""Quiet lines of a conversation: a day, the edge of the context, an event, a summary, an agent at work."""

import datetime

from PySide6.QtCore import QCoreApplication, QLocale, QRect, QRectF
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QWidget

from app.ui.chat.cards.card import TEXT_X, Card, FoldHead, draw_text
from app.ui.chat.cards.context import CardContext
from app.ui.chat.transcript.row import Row
from app.ui.kit.flame import Flame
from app.ui.kit.markdown import MarkdownView


class LineCard(Card):
    """A centred line with a rule at each side: a day, the edge of what the agent still sees, an event."""

    def __init__(self, context: CardContext, row: Row, parent: QWidget | None = None) -> None:
        super().__init__(context, row, parent)
        self.opened = False
        self._text: MarkdownView | None = None
        self._head: FoldHead | None = None
        if row.kind == "event":
            self._head = FoldHead(self.theme, self)
            self._head.clicked.connect(lambda _checked=False: self._toggle())

    def words(self) -> str:
        row = self.row
        if row.kind == "day":
            return day_text(row.at or 0)
        if row.kind == "boundary":
            return self.tr("The agent no longer sees what is above")
        return self.tr("System: {0}").format(" ".join(row.text[:200].split()))

    def unfold(self) -> None:
        if self._head is not None and not self.opened:
            self._toggle()

    def _toggle(self) -> None:
        self.opened = not self.opened
        self._fill()
        self.resized.emit()

    def _fill(self) -> None:
        self.setAccessibleName(self.words())
        if self._head is not None:
            self._head.setAccessibleName(
                (self.tr("Collapse {0}") if self.opened else self.tr("Expand {0}")).format(self.words())
            )
            self._head.update()
        if self.opened and self._text is None:
            self._text = self._text_view("label", "text2")
            self._text.setAccessibleName(self.tr("Text told to the agent"))
            self._text.show()
        elif not self.opened and self._text is not None:
            self._text.deleteLater()
            self._text = None
        if self._text is not None:
            self._text.set_plain(self.row.text)

    def _lay_body(self, width: int) -> int:
        px = self.theme.px
        if self._head is not None:
            self._head.setGeometry(0, 0, width, px(22))
        top = px(22)
        if self._text is not None:
            height = self._text.height_for(width - 2 * px(TEXT_X))
            self._text.setGeometry(px(TEXT_X), top + px(2), width - 2 * px(TEXT_X), height)
            top += height + px(6)
        return top

    def _paint_body(self, painter: QPainter) -> None:
        if self._head is None:
            self.paint_head(painter, QRect(0, 0, self.width(), self.theme.px(22)))

    def paint_head(self, painter: QPainter, rect: QRect) -> None:
        px, theme = self.theme.px, self.theme
        font = theme.font("label")
        wide = min(rect.width() - px(80), QFontMetrics(font).horizontalAdvance(self.words()) + px(2))
        left = (rect.width() - wide) // 2
        draw_text(painter, QRect(left, 0, wide, rect.height()), self.words(), font, theme.color("muted"))
        middle = rect.height() // 2
        line = theme.color("line")
        painter.fillRect(QRect(0, middle, left - px(12), 1), line)
        painter.fillRect(QRect(left + wide + px(12), middle, rect.width() - left - wide - px(12), 1), line)


class SummaryCard(Card):
    """What stands for messages that left the context."""

    def __init__(self, context: CardContext, row: Row, parent: QWidget | None = None) -> None:
        super().__init__(context, row, parent)
        self.opened = False
        self._text: MarkdownView | None = None
        self._box = QRectF()
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
        title = self.tr("Summary of earlier messages")
        self.setAccessibleName(title)
        self._head.setAccessibleName((self.tr("Collapse {0}") if self.opened else self.tr("Expand {0}")).format(title))
        if self.opened and self._text is None:
            self._text = self._text_view("base")
            self._text.setAccessibleName(title)
            self._text.show()
        elif not self.opened and self._text is not None:
            self._text.deleteLater()
            self._text = None
        if self._text is not None:
            self._text.set_markdown(self.row.text)

    def _lay_body(self, width: int) -> int:
        px, left = self.theme.px, self.theme.px(TEXT_X)
        self._head.setGeometry(left, 0, width - left, px(32))
        top = px(32)
        if self._text is not None:
            height = self._text.height_for(width - left - px(24))
            self._text.setGeometry(left + px(12), top, width - left - px(24), height)
            top += height + px(10)
        self._box = QRectF(left, 0, width - left, top)
        return top

    def _paint_body(self, painter: QPainter) -> None:
        painter.setPen(self.theme.color("plum"))
        painter.setBrush(self.theme.color("plumtint"))
        painter.drawRoundedRect(self._box.adjusted(0.5, 0.5, -0.5, -0.5), self.theme.px(8), self.theme.px(8))

    def paint_head(self, painter: QPainter, rect: QRect) -> None:
        px, theme = self.theme.px, self.theme
        side = px(14)
        chevron = theme.pixmap("chevron-down" if self.opened else "chevron-right", "plum", 14)
        painter.drawPixmap(px(10), (rect.height() - side) // 2, side, side, chevron)
        place = QRect(px(30), 0, rect.width() - px(40), rect.height())
        text = self.tr("Summary of earlier messages")
        x = draw_text(painter, place, text, theme.font("base", 500), theme.color("plum")) + px(8)
        if not self.opened:
            rest = QRect(x, 0, rect.width() - x - px(12), rect.height())
            words = " ".join(self.row.text[:200].split())
            draw_text(painter, rest, words, theme.font("label"), theme.color("text2"))


class WorkingCard(Card):
    """The agent is at work and has nothing to show yet."""

    def __init__(self, context: CardContext, row: Row, parent: QWidget | None = None) -> None:
        super().__init__(context, row, parent)
        self._flame = Flame(self.theme, parent=self)

    def words(self) -> str:
        return self.row.text or self.tr("{0} is at work").format(self.context.agent_name)

    def _fill(self) -> None:
        self.setAccessibleName(self.words())

    def _lay_body(self, width: int) -> int:
        px = self.theme.px
        self._flame.move(px(TEXT_X), px(6))
        return px(26)

    def _paint_body(self, painter: QPainter) -> None:
        px, theme = self.theme.px, self.theme
        place = QRect(px(TEXT_X) + px(20), 0, self.width() - px(TEXT_X) - px(20), px(26))
        draw_text(painter, place, self.words(), theme.font("label"), theme.color("muted"))


def day_text(at: int) -> str:
    """`Today`, `Yesterday`, or the date."""
    tr = QCoreApplication.translate
    day = datetime.datetime.fromtimestamp(at / 1_000_000, datetime.UTC).astimezone().date()
    today = datetime.datetime.now(datetime.UTC).astimezone().date()
    if day == today:
        return tr("Day", "Today")
    if day == today - datetime.timedelta(days=1):
        return tr("Day", "Yesterday")
    form = "dddd, d MMMM" if day.year == today.year else "d MMMM yyyy"
    return QLocale().toString(day, form)  # type: ignore[call-overload]
