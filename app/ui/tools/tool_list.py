"""All tools, in groups: a person's own, then those that come with Lares, with the agents or the cost of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.domain.tool import ToolUse
from app.ui.kit.wording import counted
from app.ui.state.list_rows import ROW, RowList
from app.ui.theme import Theme

Index = QModelIndex | QPersistentModelIndex
Kind = Literal["own", "memory", "built_in", "mcp"]
Wanted = Literal["all", "given", "not_set_up"] | Kind
Order = Literal["name", "tokens", "agents"]
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


def _kind(one: ToolUse) -> Kind:
    kind = one.tool.tool_type
    if kind == "custom":
        return "own"
    if kind == "external_mcp":
        return "mcp"
    return "memory" if one.tool.edits_memory or kind == "letta_core" else "built_in"


class ToolList(RowList[GroupRow | ToolRow]):
    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(_key, parent)
        self._tools: tuple[ToolUse, ...] = ()
        self._names: tuple[str, ...] = ()
        self._text = ""
        self._wanted: Wanted = "all"
        self._order: Order = "name"

    def load(self, tools: Sequence[ToolUse], names: Sequence[str]) -> None:
        """`names`: of those that the open agent has."""
        self._tools, self._names = tuple(tools), tuple(names)
        self._fill()

    def find(self, text: str) -> None:
        self._text = text.strip().casefold()
        self._fill()

    def narrow(self, wanted: Wanted) -> None:
        """Only those of a kind, those that the open agent has, or those that cannot run yet."""
        self._wanted = wanted
        self._fill()

    def sort_by(self, order: Order) -> None:
        """Within their groups; the most expensive or most used first."""
        self._order = order
        self._fill()

    @property
    def tools(self) -> tuple[ToolUse, ...]:
        return self._tools

    def _fill(self) -> None:
        titles: dict[Kind, str] = {
            "own": self.tr("Yours"),
            "memory": self.tr("Memory and search"),
            "built_in": self.tr("Built in"),
            "mcp": self.tr("From MCP servers"),
        }
        groups: dict[Kind, list[ToolUse]] = {kind: [] for kind in titles}
        for one in filter(self._fits, self._tools):
            groups[_kind(one)].append(one)
        rows: list[GroupRow | ToolRow] = []
        for kind, found in groups.items():
            if found:
                ordered = sorted(found, key=self._place)
                rows += [GroupRow(titles[kind]), *(ToolRow(one, one.tool.name in self._names) for one in ordered)]
        self.show(rows)

    def _place(self, one: ToolUse) -> tuple[bool, int, str]:
        much = {"name": 0, "tokens": one.tokens, "agents": one.agents}[self._order]
        return not one.tool.set_up, -much, one.tool.name.casefold()

    def _fits(self, one: ToolUse) -> bool:
        if self._wanted == "given" and one.tool.name not in self._names:
            return False
        if self._wanted == "not_set_up" and one.tool.set_up:
            return False
        if self._wanted in ("own", "memory", "built_in", "mcp") and _kind(one) != self._wanted:
            return False
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
        if self._order == "tokens":
            return self.cost_of(row)
        number = row.use.agents
        return counted(number, self.tr("{} agent"), self.tr("{} agents")) if number else self.tr("unused")

    def cost_of(self, row: ToolRow) -> str:
        return counted(row.use.tokens, self.tr("{} token"), self.tr("{} tokens"))

    def value(self, row: GroupRow | ToolRow, role: int) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return row.title if isinstance(row, GroupRow) else row.use.tool.name
        if role == Qt.ItemDataRole.AccessibleTextRole and isinstance(row, ToolRow):
            return f"{row.use.tool.name}, {self.note_of(row)}, {row.use.tool.description}"
        if role == Qt.ItemDataRole.ToolTipRole and isinstance(row, ToolRow):
            return f"{row.use.tool.description}\n{self.cost_of(row)}"
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
