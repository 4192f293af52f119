"""Draws one change in the list of the memory history, and the heading of a day."""

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from app.domain.history import kind_of
from app.ui.agents.list_row import paint_ground
from app.ui.kit.wording import moment
from app.ui.memory.history.change_list import ChangeRow, DayRow
from app.ui.memory.history.sentences import KIND_LOOK, place_name
from app.ui.state.list_rows import ROW
from app.ui.theme import Theme

Index = QModelIndex | QPersistentModelIndex
HEIGHT, DAY_HEIGHT = 49, 33
LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class ChangeDelegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        height = DAY_HEIGHT if isinstance(index.data(ROW), DayRow) else HEIGHT
        return QSize(self._theme.px(180), self._theme.px(height))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row = index.data(ROW)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if isinstance(row, DayRow):
            self._paint_day(painter, option.rect, row)
        elif isinstance(row, ChangeRow):
            paint_ground(self._theme, painter, option)
            self._paint_change(painter, option.rect, row)
        rect: QRect = option.rect
        painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), self._theme.color("line"))
        painter.restore()

    def _paint_day(self, painter: QPainter, rect: QRect, row: DayRow) -> None:
        theme = self._theme
        painter.fillRect(rect, theme.color("sunken"))
        painter.setFont(theme.font("label", 500))
        painter.setPen(theme.color("text2"))
        painter.drawText(rect.adjusted(theme.px(14), 0, -theme.px(14), 0), LEFT, row.title)

    def _paint_change(self, painter: QPainter, rect: QRect, row: ChangeRow) -> None:
        theme, px, event = self._theme, self._theme.px, row.event
        icon, token = KIND_LOOK[kind_of(event)]
        painter.drawPixmap(rect.left() + px(14), rect.top() + px(9), theme.pixmap(icon, token, 16))
        text = rect.adjusted(px(38), px(6), -px(12), -px(6))
        first = QRect(text.left(), text.top(), text.width(), px(19))
        painter.setFont(theme.font("label"))
        painter.setPen(theme.color("muted"))
        clock = moment(event.at).strftime("%H:%M")
        painter.drawText(first, RIGHT, clock)
        room = first.width() - painter.fontMetrics().horizontalAdvance(clock) - px(8)
        painter.setFont(theme.font("base", 500))
        painter.setPen(theme.color("muted" if event.undone_by else "text"))
        painter.drawText(first, LEFT, painter.fontMetrics().elidedText(row.sentence, Qt.TextElideMode.ElideRight, room))
        self._second_line(painter, QRect(text.left(), text.top() + px(19), text.width(), px(17)), row)

    def _second_line(self, painter: QPainter, rect: QRect, row: ChangeRow) -> None:
        theme, px = self._theme, self._theme.px
        tag = self.tr("undone") if row.event.undone_by else f"v{row.event.version}"
        painter.setFont(theme.font("badge"))
        width = painter.fontMetrics().horizontalAdvance(tag) + px(10)
        badge = QRect(rect.right() - width + 1, rect.top(), width, px(17))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("hover"))
        painter.drawRoundedRect(badge, px(4), px(4))
        painter.setPen(theme.color("text2"))
        painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, tag)
        room = rect.adjusted(0, 0, -width - px(8), 0)
        painter.setFont(theme.font("caption" if row.event.target_kind == "agent" else "ids"))
        painter.setPen(theme.color("text2"))
        label = painter.fontMetrics().elidedText(place_name(row.event), Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, LEFT, label)
        room.setLeft(room.left() + painter.fontMetrics().horizontalAdvance(label) + px(8))
        painter.setFont(theme.font("caption"))
        painter.setPen(theme.color("muted"))
        painter.drawText(
            room, LEFT, painter.fontMetrics().elidedText(row.place, Qt.TextElideMode.ElideRight, room.width())
        )
