"""Draws one agent in the list: tile, name, last text, time and what it does; and as a bare tile in the rail."""

from typing import cast

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.domain.agent import AgentRow
from app.domain.run import STOP_REASONS
from app.ui.kit.tile import paint_tile
from app.ui.kit.wording import short_time
from app.ui.state.agent_list import AgentList
from app.ui.state.list_rows import ROW
from app.ui.theme import Theme

Index = QModelIndex | QPersistentModelIndex
HEIGHT = 38
RAIL_HEIGHT = 46


class AgentRowDelegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, agents: AgentList) -> None:
        super().__init__(agents)
        self._theme = theme
        self._agents = agents

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(self._theme.px(120), self._theme.px(HEIGHT))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: AgentRow = index.data(ROW)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_ground(self._theme, painter, option)
        px, rect = self._theme.px, option.rect
        tile = QRect(rect.left() + px(14), rect.center().y() - px(14) + 1, px(28), px(28))
        paint_tile(painter, self._theme, QRectF(tile), row.agent.name, row.agent.id)
        text = rect.adjusted(px(51), px(2), -px(12), -px(2))
        self._first_line(painter, QRect(text.left(), text.top(), text.width(), px(18)), row)
        self._second_line(painter, QRect(text.left(), text.top() + px(18), text.width(), px(16)), row)
        painter.restore()

    def _first_line(self, painter: QPainter, rect: QRect, row: AgentRow) -> None:
        theme = self._theme
        when = self.tr("now") if self._agents.replying(row) else short_time(row.last_at)
        painter.setFont(theme.font("caption"))
        painter.setPen(theme.color("muted"))
        painter.drawText(rect, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), when)
        taken = painter.fontMetrics().horizontalAdvance(when) + theme.px(8) if when else 0
        if row.agent.pinned:
            size = theme.px(12)
            place = rect.right() - taken - size
            painter.drawPixmap(place, rect.center().y() - size // 2 + 1, theme.pixmap("pin", "muted", 12))
            taken += size + theme.px(6)
        painter.setFont(theme.font("base", 600 if self._agents.unread(row) else 500))
        painter.setPen(theme.color("text"))
        name = painter.fontMetrics().elidedText(row.agent.name, Qt.TextElideMode.ElideRight, rect.width() - taken)
        painter.drawText(rect, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), name)

    def _second_line(self, painter: QPainter, rect: QRect, row: AgentRow) -> None:
        theme = self._theme
        failed = row.last_stop_reason is not None and STOP_REASONS[row.last_stop_reason].status == "failed"
        replying, unread = self._agents.replying(row), self._agents.unread(row)
        taken = 0
        if replying:
            size = theme.px(7)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent"))
            painter.drawEllipse(rect.right() - size, rect.center().y() - size // 2, size, size)
            taken = theme.px(16)
        elif row.waiting:
            number = str(row.waiting)
            painter.setFont(theme.font("caption", 600))
            width = max(theme.px(18), painter.fontMetrics().horizontalAdvance(number) + theme.px(10))
            box = QRect(rect.right() - width + 1, rect.top(), width, rect.height())
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("warntint"))
            painter.drawRoundedRect(box, theme.px(4), theme.px(4))
            painter.setPen(theme.color("warn"))
            painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), number)
            taken = width + theme.px(6)
        elif failed:
            size = theme.px(14)
            place = rect.right() - size + 1
            painter.drawPixmap(place, rect.center().y() - size // 2, theme.pixmap("error", "danger", 14))
            taken = size + theme.px(6)
        if unread and not replying:
            paint_unread(theme, painter, rect.right() - taken - theme.px(7), rect.center().y())
            taken += theme.px(16)
        painter.setFont(theme.font("label", 500 if unread else None))
        painter.setPen(theme.color("warn" if row.waiting and not replying else "text2" if unread else "muted"))
        text = self._agents.second_line(row)
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, rect.width() - taken)
        painter.drawText(rect, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), shown)


class RailDelegate(QStyledItemDelegate):
    """Only the tile, with a dot while the agent replies or waits for an answer."""

    def __init__(self, theme: Theme, agents: AgentList) -> None:
        super().__init__(agents)
        self._theme = theme
        self._agents = agents

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(self._theme.px(56), self._theme.px(RAIL_HEIGHT))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: AgentRow = index.data(ROW)
        theme, px = self._theme, self._theme.px
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = option.rect.adjusted(px(6), px(3), -px(6), -px(3))
        if option.state & QStyle.StateFlag.State_Selected or option.state & QStyle.StateFlag.State_MouseOver:
            selected = bool(option.state & QStyle.StateFlag.State_Selected)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("selected" if selected else "hover"))
            painter.drawRoundedRect(box, px(6), px(6))
        size = px(28)
        tile = QRect(box.center().x() - size // 2, box.center().y() - size // 2 + 1, size, size)
        paint_tile(painter, theme, QRectF(tile), row.agent.name, row.agent.id)
        if self._agents.replying(row):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent"))
            painter.drawEllipse(tile.right() - px(3), tile.top() - px(3), px(7), px(7))
        elif row.waiting:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("warn"))
            painter.drawEllipse(tile.right() - px(3), tile.top() - px(3), px(7), px(7))
        elif self._agents.unread(row):
            paint_unread(theme, painter, tile.right() - px(3), tile.top())
        paint_focus(theme, painter, option)
        painter.restore()


def paint_unread(theme: Theme, painter: QPainter, left: int, middle: int) -> None:
    """A dot in the colour of what concerns the person."""
    size = theme.px(7)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("info"))
    painter.drawEllipse(left, middle - size // 2, size, size)


def paint_ground(theme: Theme, painter: QPainter, option: QStyleOptionViewItem) -> None:
    """Background of a list row: hover, or selected with its edge of accent."""
    rect = option.rect
    if option.state & QStyle.StateFlag.State_Selected:
        painter.fillRect(rect, theme.color("selected"))
        painter.fillRect(QRect(rect.left(), rect.top(), theme.px(3), rect.height()), theme.color("accent"))
    elif option.state & QStyle.StateFlag.State_MouseOver:
        painter.fillRect(rect, theme.color("hover"))
    paint_focus(theme, painter, option)


def paint_focus(theme: Theme, painter: QPainter, option: QStyleOptionViewItem) -> None:
    view = cast("QWidget | None", option.widget)
    if view is None or not view.property("ring") or not option.state & QStyle.StateFlag.State_HasFocus:
        return
    pen = painter.pen()
    pen.setColor(theme.color("focus"))
    pen.setWidth(theme.px(2))
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(option.rect.adjusted(1, 1, -2, -2))
