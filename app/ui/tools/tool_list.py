"""All tools, in groups: a person's own, then those that come with Lares, with how many agents have each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.domain.tool import ToolUse
from app.ui.kit.wording import counted
from app.ui.state.list_rows import ROW, RowList
from app.ui.theme import Theme

Index = QModelIndex | QPersistentModelIndex
HEIGHT, GROUP_HEIGHT = 28, 30
LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


@dataclass(frozen=True)
class GroupRow:
    title: str


@dataclass(frozen=True)
class ToolRow:
    use: ToolUse
    has: bool
    """The open agent has it."""


def _key(row: GroupRow | ToolRow) -> str:
    return row.title if isinstance(row, GroupRow) else row.use.tool.id


class ToolList(RowList[GroupRow | ToolRow]):
    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(_key, parent)
        self._tools: tuple[ToolUse, ...] = ()
        self._names: tuple[str, ...] = ()
        self._text = ""

    def load(self, tools: Sequence[ToolUse], names: Sequence[str]) -> None:
        """`names`: of those that the open agent has."""
        self._tools, self._names = tuple(tools), tuple(names)
        self._fill()

    def find(self, text: str) -> None:
        self._text = text.strip().casefold()
        self._fill()

    @property
    def tools(self) -> tuple[ToolUse, ...]:
        return self._tools

    def _fill(self) -> None:
        groups: dict[str, list[ToolUse]] = {
            self.tr("Yours"): [],
            self.tr("Memory and search"): [],
            self.tr("Built in"): [],
            self.tr("From MCP servers"): [],
        }
        own_tools, memory, others, served = groups.values()
        for one in filter(self._fits, self._tools):
            near = one.tool.edits_memory or one.tool.tool_type == "letta_core"
            kind = one.tool.tool_type
            (
                own_tools if kind == "custom" else served if kind == "external_mcp" else memory if near else others
            ).append(one)
        rows: list[GroupRow | ToolRow] = []
        for title, own in groups.items():
            if own:
                ordered = sorted(own, key=lambda one: (not one.tool.set_up, one.tool.name.casefold()))
                rows += [GroupRow(title), *(ToolRow(one, one.tool.name in self._names) for one in ordered)]
        self.show(rows)

    def _fits(self, one: ToolUse) -> bool:
        return self._text in one.tool.name.casefold() or self._text in one.tool.description.casefold()

    def tool_at(self, place: int) -> ToolRow | None:
        row = self.rows[place] if 0 <= place < len(self.rows) else None
        return row if isinstance(row, ToolRow) else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if index.isValid() and isinstance(self.rows[index.row()], GroupRow):
            return Qt.ItemFlag.NoItemFlags
        return super().flags(index)

    def note_of(self, row: ToolRow) -> str:
        """What stands at the right."""
        if not row.use.tool.set_up:
            return self.tr("not set up")
        number = row.use.agents
        return counted(number, self.tr("{} agent"), self.tr("{} agents")) if number else self.tr("unused")

    def value(self, row: GroupRow | ToolRow, role: int) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return row.title if isinstance(row, GroupRow) else row.use.tool.name
        if role == Qt.ItemDataRole.AccessibleTextRole and isinstance(row, ToolRow):
            return f"{row.use.tool.name}, {self.note_of(row)}, {row.use.tool.description}"
        if role == Qt.ItemDataRole.ToolTipRole and isinstance(row, ToolRow):
            return row.use.tool.description
        return None


class ToolDelegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, rows: ToolList) -> None:
        super().__init__(rows)
        self._theme, self._list = theme, rows

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        height = GROUP_HEIGHT if isinstance(index.data(ROW), GroupRow) else HEIGHT
        return QSize(self._theme.px(120), self._theme.px(height))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row = index.data(ROW)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if isinstance(row, GroupRow):
            self._paint_group(painter, option.rect, row)
        elif isinstance(row, ToolRow):
            self._paint_tool(painter, option, row)
        painter.restore()

    def _paint_group(self, painter: QPainter, rect: QRect, row: GroupRow) -> None:
        theme, px = self._theme, self._theme.px
        painter.setFont(theme.font("label", 500))
        painter.setPen(theme.color("text2"))
        painter.drawText(rect.adjusted(px(14), px(4), -px(14), 0), LEFT, row.title)

    def _paint_tool(self, painter: QPainter, option: QStyleOptionViewItem, row: ToolRow) -> None:
        theme, px, rect = self._theme, self._theme.px, option.rect
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        if chosen or hovered:
            painter.fillRect(rect, theme.color("selected" if chosen else "hover"))
        if chosen:
            painter.fillRect(QRect(rect.left(), rect.top(), px(3), rect.height()), theme.color("accent"))
        tool = row.use.tool
        icon = "code" if tool.tool_type == "custom" else "memory" if tool.edits_memory else "tool"
        icon = "search" if "search" in tool.name else icon
        painter.drawPixmap(
            rect.left() + px(14), rect.center().y() - px(7) + 1, theme.pixmap(icon, "teal" if row.has else "muted", 14)
        )
        note = self._list.note_of(row)
        painter.setFont(theme.font("caption"))
        painter.setPen(theme.color("muted"))
        room = painter.fontMetrics().horizontalAdvance(note) + px(14)
        painter.drawText(rect.adjusted(0, 0, -px(12), 0), RIGHT, note)
        painter.setFont(theme.font("mono"))
        painter.setPen(theme.color("text" if tool.set_up else "muted"))
        text = rect.adjusted(px(36), 0, -room - px(6), 0)
        name = painter.fontMetrics().elidedText(tool.name, Qt.TextElideMode.ElideRight, text.width())
        painter.drawText(text, LEFT, name)
