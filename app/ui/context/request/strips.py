"""The list of strips: how high each is says how much of the window it takes."""

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.ui.context.request.rows import StripRow
from app.ui.kit.wording import count
from app.ui.state.list_rows import ROW, RowList
from app.ui.theme import Theme
from app.ui.theme.hatch import hatch

Index = QModelIndex | QPersistentModelIndex
LEAST, MOST, A_PIXEL = 34, 120, 40
"""Heights of a strip, and the tokens that are one pixel of it."""
TWO_LINES = 42
EDGE = 14
LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class Strips(RowList[StripRow]):
    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(lambda row: row.key, parent)

    def value(self, row: StripRow, role: int) -> object:
        if role == Qt.ItemDataRole.AccessibleTextRole:
            words = [row.title, row.note, self.tr("{} tokens").format(count(row.tokens))]
            return ", ".join(filter(None, words))
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        row: StripRow | None = index.data(ROW)
        plain = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemNeverHasChildren
        return plain | Qt.ItemFlag.ItemIsSelectable if row is not None and row.opens else plain


class StripDelegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        row: StripRow = index.data(ROW)
        least = TWO_LINES if row.note else LEAST
        return QSize(self._theme.px(160), self._theme.px(max(least, min(MOST, row.tokens // A_PIXEL))))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme, px, rect, row = self._theme, self._theme.px, option.rect, index.data(ROW)
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, theme.color("selected"))
        elif option.state & QStyle.StateFlag.State_MouseOver and row.opens:
            painter.fillRect(rect, theme.color("hover"))
        edge = QRect(rect.left() + px(12), rect.top(), px(EDGE), rect.height() - px(1))
        self._paint_edge(painter, edge, row)
        painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), px(1)), theme.color("line"))
        text = rect.adjusted(px(12 + EDGE + 10), 0, -px(12), -px(1))
        painter.setFont(theme.font("base", 500))
        painter.setPen(theme.color("text" if row.opens else "text2"))
        number = count(row.tokens)
        painter.drawText(text, RIGHT, number)
        room = text.adjusted(0, 0, -painter.fontMetrics().horizontalAdvance(number) - px(10), 0)
        painter.setFont(theme.font("base"))
        lines = px(18 + 16) if row.note else px(18)
        top = text.top() + (text.height() - lines) // 2
        self._line(painter, QRect(room.left(), top, room.width(), px(18)), row.title)
        if row.note:
            painter.setFont(theme.font("caption"))
            painter.setPen(theme.color("muted"))
            self._line(painter, QRect(room.left(), top + px(18), room.width(), px(16)), row.note)
        if option.state & QStyle.StateFlag.State_HasFocus and _by_keyboard(option):
            painter.setPen(theme.color("focus"))
            painter.drawRect(rect.adjusted(0, 0, -1, -1))
        painter.restore()

    def _line(self, painter: QPainter, rect: QRect, text: str) -> None:
        painter.drawText(rect, LEFT, painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, rect.width()))

    def _paint_edge(self, painter: QPainter, edge: QRect, row: StripRow) -> None:
        theme = self._theme
        if row.kind == "free":
            painter.fillRect(edge, theme.color("sunken"))
            return
        ratio = painter.device().devicePixelRatioF()
        if row.kind == "kept":
            painter.fillRect(QRectF(edge), hatch(theme.color("control"), theme.scale, ratio))
            return
        painter.fillRect(edge, theme.color(f"part_{row.kind}"))
        if row.hatched:
            painter.fillRect(QRectF(edge), hatch(theme.color("panel"), theme.scale, ratio))


def _by_keyboard(option: QStyleOptionViewItem) -> bool:
    widget = option.widget
    return isinstance(widget, QListView) and bool(widget.property("ring"))
