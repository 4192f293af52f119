"""The servers as a list: name, how each stands, what it offers."""

from typing import Any

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.domain.mcp import McpView
from app.ui.kit.wording import counted
from app.ui.state.list_rows import ROW, RowList
from app.ui.theme import Theme
from app.ui.tools.mcp.words import line_of, state_of

Index = QModelIndex | QPersistentModelIndex
HEIGHT = 46
LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class ServerList(RowList[McpView]):
    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(lambda row: row.server.id, parent)

    def note_of(self, row: McpView) -> str:
        """What stands at the right."""
        if row.status.condition in ("running", "idle"):
            return counted(row.tools, self.tr("{} tool"), self.tr("{} tools"))
        return state_of(row)[0]

    def value(self, row: McpView, role: int) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return row.server.name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{row.server.name}, {state_of(row)[0]}, {line_of(row)}"
        return None


class ServerDelegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, rows: ServerList) -> None:
        super().__init__(rows)
        self._theme, self._list = theme, rows

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(self._theme.px(120), self._theme.px(HEIGHT))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: McpView = index.data(ROW)
        theme, px, rect = self._theme, self._theme.px, option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if chosen or option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, theme.color("selected" if chosen else "hover"))
        if chosen:
            painter.fillRect(QRect(rect.left(), rect.top(), px(3), rect.height()), theme.color("accent"))
        kind = state_of(row)[1] or "muted"
        top = QRect(rect.left() + px(30), rect.top() + px(4), rect.width() - px(42), px(20))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(kind))
        painter.drawEllipse(rect.left() + px(14), top.center().y() - px(3), px(7), px(7))
        note = self._list.note_of(row)
        painter.setFont(theme.font("caption"))
        painter.setPen(theme.color(kind if kind in ("danger", "warn") else "muted"))
        room = painter.fontMetrics().horizontalAdvance(note) + px(8)
        painter.drawText(top, RIGHT, note)
        below = top.translated(0, px(18))
        painter.setPen(theme.color("muted"))
        line = painter.fontMetrics().elidedText(line_of(row), Qt.TextElideMode.ElideRight, below.width())
        painter.drawText(below, LEFT, line)
        painter.setFont(theme.font("strong"))
        painter.setPen(theme.color("text"))
        name = painter.fontMetrics().elidedText(row.server.name, Qt.TextElideMode.ElideRight, top.width() - room)
        painter.drawText(top, LEFT, name)
        painter.restore()
