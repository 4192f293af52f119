"""The list of models under a button: a field that filters, rows with badges, and ways to more."""

from typing import Any

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from app.ui.kit.announce import announce
from app.ui.kit.buttons import Button
from app.ui.kit.choosing import ChoiceRows, chosen_by, paint_outline
from app.ui.kit.layout import Icon, column_of, follow, hairline, row_of
from app.ui.kit.tooltip import literal
from app.ui.models.picker_rows import PickRow, pick_rows
from app.ui.state.model_entries import ModelsKnown
from app.ui.theme import Theme

HEIGHTS = {"server": 28, "model": 46, "note": 30}
WIDTH, MOST = 420, 420
Index = QModelIndex | QPersistentModelIndex
Option = Any
PAGE = 8
"""Models that Page Up and Page Down pass by: about as many as are in sight."""


class PickList(ChoiceRows[PickRow]):
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return row.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return row.words
        return literal(row.reason) if role == Qt.ItemDataRole.ToolTipRole else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        able = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return able if self.rows[index.row()].handle else Qt.ItemFlag.NoItemFlags


class PickPainter(QStyledItemDelegate):
    def __init__(self, theme: Theme, model: PickList, parent: QObject) -> None:
        super().__init__(parent)
        self._theme, self._model = theme, model
        self.current = ""
        """Handle of the present model."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, self._theme.px(HEIGHTS[self._model.rows[index.row()].kind]))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row, rect, state = self._model.rows[index.row()], _rect(option), _state(option)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        match row.kind:
            case "server":
                self._paint_server(painter, rect, row)
            case "note":
                inner = rect.adjusted(self._theme.px(30), 0, -self._theme.px(10), 0)
                self._text(
                    painter, inner, f"{row.title} {row.reason}".strip(), "label", "danger" if row.reason else "muted"
                )
            case "model":
                self._paint_model(painter, rect, row, state)
        painter.restore()

    def _paint_server(self, painter: QPainter, rect: QRect, row: PickRow) -> None:
        px = self._theme.px
        inner = rect.adjusted(px(10), 0, -px(10), 0)
        wide = self._text(painter, inner, row.title, "label", "text", 600)
        inner.setLeft(inner.left() + wide + px(8))
        wide = self._text(painter, inner, row.detail, "label", "muted")
        inner.setLeft(inner.left() + wide + px(8))
        self._paint_badges(painter, inner, row.badges)

    def _paint_model(self, painter: QPainter, rect: QRect, row: PickRow, state: Any) -> None:
        px, theme = self._theme.px, self._theme
        painter.setPen(Qt.PenStyle.NoPen)
        chosen, hovered = state & QStyle.StateFlag.State_Selected, state & QStyle.StateFlag.State_MouseOver
        if row.handle and (chosen or hovered):
            painter.setBrush(theme.color("selected" if chosen else "hover"))
            painter.drawRoundedRect(rect, px(6), px(6))
        if row.handle == self.current and row.handle:
            ratio = painter.device().devicePixelRatioF()
            painter.drawPixmap(rect.x() + px(9), rect.y() + px(7), theme.pixmap("check", "accent", 14, ratio))
        inner = rect.adjusted(px(30), px(4), -px(10), 0)
        top, below = QRect(inner), QRect(inner)
        top.setHeight(px(18))
        below.setTop(inner.top() + px(20))
        below.setHeight(px(18))
        right = self._text(painter, top, row.detail, "label", "text2" if row.handle else "disabled", right=True)
        top.setRight(top.right() - right - px(8))
        self._text(painter, top, row.title, "base", "text" if row.handle else "disabled", 500)
        x = self._paint_badges(painter, below, row.badges)
        if row.reason:
            below.setLeft(x)
            self._text(painter, below, row.reason, "label", "muted")

    def _paint_badges(self, painter: QPainter, box: QRect, badges: tuple[tuple[str, str], ...]) -> int:
        """Those that fit, from the left; where the next thing may begin."""
        px, theme = self._theme.px, self._theme
        font = theme.font("badge")
        metrics, x = QFontMetrics(font), box.x()
        high = px(16)
        for text, kind in badges:
            wide = metrics.horizontalAdvance(text) + px(10)
            if x + wide > box.right():
                break
            place = QRectF(x, box.y() + (box.height() - high) / 2, wide, high)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color(f"{kind}tint" if kind else "hover"))
            painter.drawRoundedRect(place, px(4), px(4))
            painter.setFont(font)
            painter.setPen(theme.color(kind or "text2"))
            painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), text)
            x += wide + px(4)
        return x

    def _text(
        self,
        painter: QPainter,
        box: QRect,
        text: str,
        role: str,
        token: str,
        weight: int | None = None,
        *,
        right: bool = False,
    ) -> int:
        font = self._theme.font(role, weight)
        metrics = QFontMetrics(font)
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0, box.width()))
        painter.setFont(font)
        painter.setPen(self._theme.color(token))
        side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        painter.drawText(box, side | Qt.AlignmentFlag.AlignVCenter, shown)
        return metrics.horizontalAdvance(shown)


class ModelPopup(QFrame):
    """Opened under a button, inside of its window. Up and Down choose, Enter takes, Esc closes."""

    picked = Signal(str)
    refresh_wanted = Signal()
    servers_wanted = Signal()
    models_wanted = Signal()

    def __init__(self, theme: Theme, button: QWidget) -> None:
        super().__init__(button)
        self._theme, self._button = theme, button
        self._known = ModelsKnown()
        self.setProperty("kind", "overlay")
        self.setAccessibleName(self.tr("Models"))
        self.field = QLineEdit(self)
        self.field.setProperty("plain", True)
        self.field.setPlaceholderText(self.tr("Filter models"))
        self.field.setAccessibleName(self.tr("Filter models"))
        self.field.installEventFilter(self)
        self.model = PickList(self)
        self.list = QListView(self)
        self.list.setModel(self.model)
        self._painter = PickPainter(theme, self.model, self.list)
        self.list.setItemDelegate(self._painter)
        self.list.setMouseTracking(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName(self.tr("Models"))
        self.look = Button(theme, self.tr("Look again"), "ghost", "refresh", "small")
        self.more = Button(theme, self.tr("Models…"), "ghost", "model", "small")
        self.connect_button = Button(theme, self.tr("Connect a server…"), "ghost", "server", "small")
        head = row_of(theme, Icon(theme, "search", "muted", 16), self.field, inset=(8, 2, 8, 2), gap=8)
        foot = row_of(theme, self.look, None, self.more, self.connect_button, gap=2)
        parts = (head, hairline(), self.list, hairline(), foot)
        self._column = column_of(theme, *parts, parent=self, inset=(6, 6, 6, 6), gap=4)
        self._connect()
        self.hide()

    def _connect(self) -> None:
        self.field.textChanged.connect(lambda: self._fill())
        self.list.clicked.connect(self._take_clicked)
        self.look.clicked.connect(lambda: self.refresh_wanted.emit())
        self.more.clicked.connect(lambda: self._leave(self.models_wanted))
        self.connect_button.clicked.connect(lambda: self._leave(self.servers_wanted))
        follow(self._theme, self, self._place)

    def show_models(self, known: ModelsKnown) -> None:
        self._known = known
        if self.isVisible():
            self._fill()

    def open(self, current: str) -> None:
        self._painter.current = current
        self.setParent(self._button.window())
        self.field.clear()
        self._fill(current)
        self.show()
        self.raise_()
        self._place()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)
        app = QApplication.instance()
        app.installEventFilter(self)  # pyright: ignore[reportOptionalMemberAccess]

    def close_popup(self, refocus: bool = True) -> None:
        if not self.isVisible():
            return
        QApplication.instance().removeEventFilter(self)  # pyright: ignore[reportOptionalMemberAccess]
        self.field.installEventFilter(self)
        self.hide()
        self.setParent(self._button)
        if refocus:
            self._button.setFocus(Qt.FocusReason.PopupFocusReason)

    def _leave(self, signal: Any) -> None:
        self.close_popup(refocus=False)
        signal.emit()

    def _fill(self, current: str = "") -> None:
        rows = self.model.rows
        index = self.list.currentIndex().row()
        wanted = current or (rows[index].handle if 0 <= index < len(rows) else "")
        self.model.show_rows(pick_rows(self._known, self.field.text()))
        able = [place for place, row in enumerate(self.model.rows) if row.handle]
        same = next((place for place in able if self.model.rows[place].handle == wanted), None)
        if able:
            self._select(able[0] if same is None else same, say=False)
        self._place()

    def _select(self, place: int, say: bool = True) -> None:
        self.list.setCurrentIndex(self.model.index(place))
        if say:
            announce(self.list, self.model.rows[place].words)

    def _take_clicked(self, index: QModelIndex) -> None:
        self._take(index.row())

    def _take(self, place: int) -> None:
        if 0 <= place < len(self.model.rows) and (handle := self.model.rows[place].handle):
            self.close_popup()
            self.picked.emit(handle)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.KeyPress and watched is self.field and isinstance(event, QKeyEvent):
            return self._key(event)
        if kind == QEvent.Type.MouseButtonPress and isinstance(event, QMouseEvent) and isinstance(watched, QWidget):
            inside = self.rect().contains(self.mapFromGlobal(event.globalPosition().toPoint()))
            if watched.window() is self.window() and not inside:
                self.close_popup()
        elif kind == QEvent.Type.Resize and watched is self.window():
            self._place()
        return False

    def _key(self, event: QKeyEvent) -> bool:
        row, key = self.list.currentIndex().row(), Qt.Key(event.key())
        able = [place for place, one in enumerate(self.model.rows) if one.handle]
        choice = chosen_by(key, row, able, PAGE)
        if choice is not None:
            self._select(choice)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._take(row)
        else:
            return False
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_popup()

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab stays inside."""
        stops: list[QWidget] = [self.field, self.look, self.more, self.connect_button]
        focus = QApplication.focusWidget()
        at = stops.index(focus) if focus in stops else -1
        reason = Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
        stops[(at + (1 if forward else -1)) % len(stops)].setFocus(reason)
        return True

    def _place(self) -> None:
        if not self.isVisible():
            return
        px, window = self._theme.px, self.window()
        rows = sum(px(HEIGHTS[row.kind]) for row in self.model.rows)
        self.list.setFixedHeight(min(max(rows, px(46)) + px(2), px(MOST), window.height() - px(150)))
        width = min(max(px(WIDTH), self._button.width()), window.width() - px(16))
        height = self._column.totalSizeHint().height()
        corner = self._button.mapTo(window, QPoint(0, self._button.height() + px(4)))
        left = max(px(8), min(corner.x(), window.width() - width - px(8)))
        top = max(px(8), min(corner.y(), window.height() - height - px(8)))
        self.setGeometry(left, top, width, height)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        paint_outline(QPainter(self), self, self._theme)


def _rect(option: Option) -> QRect:
    return option.rect


def _state(option: Option) -> Any:
    return option.state
