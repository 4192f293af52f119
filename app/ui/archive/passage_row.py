"""Draws a passage in the list: box, rank, text, why it was found, tags, who wrote it; and the line of the cut."""

from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QFont, QPainter
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from app.domain.retrieval import Meaning, Word
from app.ui.agents.list_row import paint_ground
from app.ui.archive.rows import PassageRow, meaning_of
from app.ui.archive.words import CutRow, cut_words, date_words, found_words
from app.ui.kit.actors import ACTOR_LOOK, actor_words
from app.ui.kit.wording import short_time
from app.ui.state.list_rows import ROW
from app.ui.theme import Theme

Index = QModelIndex | QPersistentModelIndex
HEIGHT, CUT_HEIGHT = 56, 26
BOX = 15
TEXT_LEFT = 60
LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
SPACE = 8


class PassageDelegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, agent_name: str, parent: Any) -> None:
        super().__init__(parent)
        self._theme = theme
        self.agent_name = agent_name

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        height = CUT_HEIGHT if isinstance(index.data(ROW), CutRow) else HEIGHT
        return QSize(self._theme.px(240), self._theme.px(height))

    def in_box(self, rect: QRect, at: QPoint) -> bool:
        """Whether a place of a row is its tick box, with some room around it."""
        return rect.contains(at) and at.x() < rect.left() + self._theme.px(34)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row, rect = index.data(ROW), option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if isinstance(row, CutRow):
            self._paint_cut(painter, rect, row)
        elif isinstance(row, PassageRow):
            paint_ground(self._theme, painter, option)
            self._paint_box(painter, rect, row.chosen)
            self._paint_first(painter, rect, row)
            self._paint_second(painter, rect, row)
        painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), self._theme.color("line"))
        painter.restore()

    def _paint_cut(self, painter: QPainter, rect: QRect, row: CutRow) -> None:
        theme, px = self._theme, self._theme.px
        painter.fillRect(rect, theme.color("accenttint"))
        painter.drawPixmap(rect.left() + px(14), rect.center().y() - px(6), theme.pixmap("agent", "accent", 12))
        painter.setFont(theme.font("caption", 500))
        painter.setPen(theme.color("accent"))
        room = rect.adjusted(px(34), 0, -px(14), 0)
        painter.drawText(room, LEFT, cut_words(row))
        used = painter.fontMetrics().horizontalAdvance(cut_words(row)) + px(16)
        painter.setFont(theme.font("caption"))
        painter.drawText(room.adjusted(used, 0, 0, 0), RIGHT, self.tr("below this line it sees nothing"))

    def _paint_box(self, painter: QPainter, rect: QRect, chosen: bool) -> None:
        theme, px = self._theme, self._theme.px
        box = QRect(rect.left() + px(13), rect.top() + px(11), px(BOX), px(BOX))
        painter.setPen(theme.color("accentfill" if chosen else "control"))
        painter.setBrush(theme.color("accentfill" if chosen else "surface"))
        painter.drawRoundedRect(box, px(3), px(3))
        if chosen:
            painter.drawPixmap(box.left() + px(2), box.top() + px(2), theme.pixmap("check", "onaccent", 12))

    def _paint_first(self, painter: QPainter, rect: QRect, row: PassageRow) -> None:
        theme, px, passage = self._theme, self._theme.px, row.passage
        line = QRect(rect.left() + px(36), rect.top() + px(8), rect.width() - px(36) - px(14), px(20))
        painter.setFont(theme.font("label"))
        painter.setPen(theme.color("muted"))
        if row.searched:
            number = "–" if row.rank is None else str(row.rank)
            painter.drawText(QRect(line.left(), line.top(), px(18), line.height()), RIGHT, number)
        when = short_time(passage.created_at)
        painter.drawText(line, RIGHT, when)
        room = line.width() - painter.fontMetrics().horizontalAdvance(when) - px(12) - px(TEXT_LEFT - 36)
        font = QFont(theme.font("base"))
        gone = passage.superseded_at is not None
        font.setStrikeOut(gone)
        painter.setFont(font)
        painter.setPen(theme.color("muted" if gone else "text"))
        text = painter.fontMetrics().elidedText(" ".join(passage.text[:600].split()), Qt.TextElideMode.ElideRight, room)
        painter.drawText(line.adjusted(px(TEXT_LEFT - 36), 0, 0, 0), LEFT, text)

    def _paint_second(self, painter: QPainter, rect: QRect, row: PassageRow) -> None:
        px = self._theme.px
        line = QRect(rect.left() + px(TEXT_LEFT), rect.top() + px(29), rect.width() - px(TEXT_LEFT) - px(14), px(18))
        line.setRight(self._paint_writer(painter, line, row))
        at = self._paint_reasons(painter, line, row)
        at = self._paint_tags(painter, QRect(QPoint(at, line.top()), line.bottomRight()), row.passage.tags)
        note = self._note(row)
        if note:
            painter.setFont(self._theme.font("caption"))
            painter.setPen(self._theme.color("muted"))
            room = QRect(QPoint(at, line.top()), line.bottomRight())
            painter.drawText(
                room, LEFT, painter.fontMetrics().elidedText(note, Qt.TextElideMode.ElideRight, room.width())
            )

    def _note(self, row: PassageRow) -> str:
        passage = row.passage
        if passage.superseded_at is not None:
            ended = date_words(passage.superseded_at)
            return self.tr("superseded {}, given only when asked as of a date").format(ended)
        return self.tr("nearly the same as another") if passage.nearly is not None else ""

    def _paint_writer(self, painter: QPainter, line: QRect, row: PassageRow) -> int:
        """At the right end; returns where it begins."""
        theme, px, passage = self._theme, self._theme.px, row.passage
        icon, token = ("file", "teal") if passage.source else ACTOR_LOOK[passage.actor.kind]
        name = passage.source or actor_words(passage.actor, self.agent_name)
        painter.setFont(theme.font("caption"))
        painter.setPen(theme.color("muted"))
        found = found_words(passage)
        shown = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, px(120))
        width = painter.fontMetrics().horizontalAdvance(f"{shown}  {found}") + px(20)
        left = line.right() - width
        painter.drawPixmap(left, line.center().y() - px(6), theme.pixmap(icon, token, 12))
        painter.drawText(line.adjusted(left - line.left() + px(16), 0, 0, 0), LEFT, shown)
        painter.drawText(line, RIGHT, found)
        return left - px(SPACE)

    def _paint_reasons(self, painter: QPainter, line: QRect, row: PassageRow) -> int:
        """Returns where the next thing may stand."""
        theme, px, at = self._theme, self._theme.px, line.left()
        painter.setFont(theme.font("caption", 500))
        painter.setPen(theme.color("teal"))
        meaning = meaning_of(row.reasons)
        words = [f"“{one.word}”" for one in row.reasons if isinstance(one, Word)][:3]
        if words:
            told = (self.tr("word {}") if len(words) == 1 else self.tr("words {}")).format(", ".join(words))
            at = self._text(painter, line, at, told)
        if meaning is not None:
            at = self._text(painter, line, at, self.tr("meaning {}").format(f"{meaning.cosine:.2f}"))
            at = self._bar(painter, line, at - px(SPACE - 4), meaning) + px(SPACE)
        return at

    def _text(self, painter: QPainter, line: QRect, at: int, text: str) -> int:
        room = max(0, line.right() - at)
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room)
        painter.drawText(QRect(at, line.top(), room, line.height()), LEFT, shown)
        return at + painter.fontMetrics().horizontalAdvance(shown) + self._theme.px(SPACE)

    def _bar(self, painter: QPainter, line: QRect, at: int, meaning: Meaning) -> int:
        theme, px = self._theme, self._theme.px
        whole = QRect(at, line.center().y() - px(1), px(44), px(4))
        painter.fillRect(whole, theme.color("track"))
        part = max(0.0, min(1.0, meaning.cosine))
        painter.fillRect(QRect(at, whole.top(), round(whole.width() * part), px(4)), theme.color("teal"))
        return whole.right()

    def _paint_tags(self, painter: QPainter, line: QRect, tags: tuple[str, ...]) -> int:
        theme, px, at = self._theme, self._theme.px, line.left()
        painter.setFont(theme.font("badge"))
        for tag in tags:
            width = painter.fontMetrics().horizontalAdvance(tag) + px(10)
            if at + width > line.right():
                break
            badge = QRect(at, line.top(), width, px(17))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accenttint"))
            painter.drawRoundedRect(badge, px(4), px(4))
            painter.setPen(theme.color("accent"))
            painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, tag)
            at += width + px(6)
        return at + px(2)
