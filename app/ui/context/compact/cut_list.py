"""What leaves the window and what stays, one line a message, with the cut between them as a handle to move."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.domain.compaction import Leaving
from app.ui.kit.announce import announce
from app.ui.kit.wording import count, counted, full_time, moment, short_date
from app.ui.state.list_rows import ROW, RowList
from app.ui.theme import Theme

Index = QModelIndex | QPersistentModelIndex
HEIGHT, CUT_HEIGHT = 28, 32
LOOKS = {"user": ("user", "info"), "assistant": ("agent", "accent"), "tool": ("tool", "teal")}
"""Icon and colour by role."""
LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


@dataclass(frozen=True)
class CutRow:
    """The place between what leaves and what stays."""

    leaving: int
    tokens: int


@dataclass(frozen=True)
class LineRow:
    message: Leaving
    leaves: bool
    marked: bool = False


def _key(row: CutRow | LineRow) -> int:
    return -1 if isinstance(row, CutRow) else row.message.position


class CutModel(RowList[CutRow | LineRow]):
    """`load`, then `show_cut` where the window is cut; the rest follows."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(_key, parent)
        self._messages: tuple[Leaving, ...] = ()
        self._marked: frozenset[int] = frozenset()
        self.leave_before = 0

    def load(self, messages: Sequence[Leaving], leave_before: int) -> None:
        self._messages, self._marked = tuple(messages), frozenset()
        self.leave_before = leave_before
        self.beginResetModel()
        self._rows = self._wanted()
        self.endResetModel()

    def show_cut(self, leave_before: int) -> None:
        """One row moves, whatever stands between."""
        before = self.index_of(-1)
        self.leave_before = leave_before
        after = len(self.leaving)
        if before != after:
            self.beginMoveRows(QModelIndex(), before, before, QModelIndex(), after + (after > before))
            self._rows = self._wanted()
            self.endMoveRows()
            self.dataChanged.emit(self.index(min(before, after)), self.index(max(before, after)))

    def _wanted(self) -> list[CutRow | LineRow]:
        leaving, staying = self.leaving, self.staying
        return [
            *(LineRow(one, leaves=True, marked=one.position in self._marked) for one in leaving),
            CutRow(len(leaving), sum(one.tokens for one in leaving)),
            *(LineRow(one, leaves=False) for one in staying),
        ]

    def mark(self, positions: Sequence[int]) -> None:
        """Those that a part of the summary comes from."""
        if self._marked != frozenset(positions):
            self._marked = frozenset(positions)
            self._rows = self._wanted()
            self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1))

    @property
    def cuts(self) -> list[int]:
        return [one.position for one in self._messages if one.cut]

    @property
    def leaving(self) -> list[Leaving]:
        return [one for one in self._messages if one.position < self.leave_before]

    @property
    def staying(self) -> list[Leaving]:
        return [one for one in self._messages if one.position >= self.leave_before]

    def nearest(self, position: int, step: int = 0) -> int:
        """The cut nearest to a position, or the next one from it in a direction."""
        cuts = self.cuts
        if step:
            beyond = [one for one in cuts if (one > position if step > 0 else one < position)]
            return (min(beyond) if step > 0 else max(beyond)) if beyond else position
        return min(cuts, key=lambda one: abs(one - position))

    def value(self, row: CutRow | LineRow, role: int) -> Any:
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return None
        if isinstance(row, CutRow):
            words = counted(row.leaving, self.tr("{} message leaves"), self.tr("{} messages leave"))
            return self.tr("Cut: {0}, {1} tokens. Up and Down move it.").format(words, count(row.tokens))
        what = self.tr("leaves") if row.leaves else self.tr("stays")
        return f"{row.message.text}, {full_time(row.message.at)}, {count(row.message.tokens)}, {what}"


class CutDelegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        height = CUT_HEIGHT if isinstance(index.data(ROW), CutRow) else HEIGHT
        return QSize(self._theme.px(120), self._theme.px(height))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row = index.data(ROW)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if isinstance(row, CutRow):
            focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
            self._paint_cut(painter, option.rect, focused)
        elif isinstance(row, LineRow):
            self._paint_line(painter, option.rect, row)
        painter.restore()

    def _paint_line(self, painter: QPainter, rect: QRect, row: LineRow) -> None:
        theme, px, message = self._theme, self._theme.px, row.message
        if row.marked:
            painter.fillRect(rect, theme.color("plumtint"))
        icon, token = LOOKS.get(message.role, ("info", "muted"))
        painter.drawPixmap(rect.left() + px(16), rect.center().y() - px(7) + 1, theme.pixmap(icon, token, 14))
        painter.setFont(theme.font("label", 500))
        painter.setPen(theme.color("text2" if row.leaves else "muted"))
        tokens = QRect(rect.right() - px(14) - px(44), rect.top(), px(44), rect.height())
        painter.drawText(tokens, RIGHT, count(message.tokens))
        painter.setFont(theme.font("caption"))
        painter.setPen(theme.color("muted"))
        when = short_date(moment(message.at))
        room = painter.fontMetrics().horizontalAdvance(when) + px(6)
        painter.drawText(QRect(tokens.left() - room, rect.top(), room, rect.height()), LEFT, when)
        text = QRect(
            rect.left() + px(38), rect.top(), tokens.left() - room - px(8) - rect.left() - px(38), rect.height()
        )
        painter.setFont(theme.font("base"))
        painter.setPen(theme.color("text" if row.leaves else "muted"))
        painter.drawText(
            text, LEFT, painter.fontMetrics().elidedText(message.text, Qt.TextElideMode.ElideRight, text.width())
        )

    def _paint_cut(self, painter: QPainter, rect: QRect, focused: bool) -> None:
        theme, px = self._theme, self._theme.px
        middle = rect.center().y()
        painter.fillRect(QRect(rect.left(), middle, rect.width(), px(2)), theme.color("accent"))
        painter.setFont(theme.font("label", 500))
        words = self.tr("Cut, drag or ↑ ↓")
        width = painter.fontMetrics().horizontalAdvance(words) + px(18)
        box = QRect(rect.left() + px(14), middle - px(11), width, px(22))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent"))
        painter.drawRoundedRect(box, px(5), px(5))
        painter.setPen(theme.color("onaccent"))
        painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), words)
        if focused:
            pen = painter.pen()
            pen.setColor(theme.color("focus"))
            pen.setWidth(px(2))
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box.adjusted(-px(2), -px(2), px(2), px(2)), px(6), px(6))
        painter.setFont(theme.font("caption"))
        note = self.tr("never inside a tool call")
        room = painter.fontMetrics().horizontalAdvance(note) + px(12)
        side = QRect(rect.right() - room - px(8), rect.top(), room, rect.height())
        if side.left() > box.right() + px(8):
            painter.fillRect(side, theme.color("panel"))
            painter.setPen(theme.color("muted"))
            painter.drawText(side, int(Qt.AlignmentFlag.AlignCenter), note)


class CutList(QListView):
    """The handle is moved by the mouse, and by Up, Down, Home and End while the list has the keyboard."""

    cut_moved = Signal(int)
    """Position of the first message that stays."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._dragging = False
        self.cut_model = CutModel(self)
        self.setModel(self.cut_model)
        self.setItemDelegate(CutDelegate(theme, self))
        self.setAccessibleName(self.tr("What leaves the window"))
        self.setSelectionMode(QListView.SelectionMode.NoSelection)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)

    def load(self, messages: Sequence[Leaving], leave_before: int) -> None:
        self.cut_model.load(messages, leave_before)
        self._to_cut()

    def mark(self, positions: Sequence[int]) -> None:
        self.cut_model.mark(positions)
        self._to_cut(scroll=False)

    def move_to(self, position: int) -> None:
        """By a person: to the next place where the window may be cut."""
        if position != self.cut_model.leave_before:
            self.cut_model.show_cut(position)
            self._to_cut()
            announce(self, str(self.currentIndex().data() or ""))
            self.cut_moved.emit(position)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        model, cuts = self.cut_model, self.cut_model.cuts
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        key = Qt.Key(event.key())
        if cuts and key in steps:
            self.move_to(model.nearest(model.leave_before, steps[key]))
        elif cuts and key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self.move_to(cuts[0] if key == Qt.Key.Key_Home else cuts[-1])
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._dragging = isinstance(self.indexAt(event.position().toPoint()).data(ROW), CutRow)
        if self._dragging:
            self.setFocus(Qt.FocusReason.MouseFocusReason)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        point = event.position().toPoint()
        row = self.indexAt(point).data(ROW)
        over = Qt.CursorShape.SplitVCursor if self._dragging or isinstance(row, CutRow) else Qt.CursorShape.ArrowCursor
        self.viewport().setCursor(over)
        if self._dragging and isinstance(row, LineRow) and self.cut_model.cuts:
            self.move_to(self.cut_model.nearest(self._before(row, point)))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragging = False

    def _before(self, row: LineRow, point: QPoint) -> int:
        """The position that a handle dropped here stands before: past the middle of a row it is the next one's."""
        rect = self.visualRect(self.indexAt(point))
        return row.message.position + (1 if point.y() > rect.center().y() else 0)

    def _to_cut(self, scroll: bool = True) -> None:
        index = self.cut_model.index(self.cut_model.index_of(-1))
        self.setCurrentIndex(index)
        if scroll:
            self.scrollTo(index, QListView.ScrollHint.EnsureVisible)
