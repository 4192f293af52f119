"""The list of conversations under its button: a field that searches titles and what was said, rows, ways to more."""

from typing import Any

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    QTimer,
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
    QWidget,
)
from shiboken6 import isValid

from app.domain.conversation import ConversationRow
from app.ui.kit.announce import announce
from app.ui.kit.buttons import Button
from app.ui.kit.choosing import ChoiceRows, chosen_by, paint_outline
from app.ui.kit.labels import Label
from app.ui.kit.layout import Icon, column_of, follow, hairline, row_of
from app.ui.kit.wording import counted, full_time, short_time
from app.ui.theme import Theme

ROW, WIDTH, MOST, PAGE = 46, 400, 414, 8
SEARCH_AFTER_MS = 150
Index = QModelIndex | QPersistentModelIndex
Option = Any


class ConversationRows(ChoiceRows[ConversationRow]):
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self.title_of(row)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{self.title_of(row)}, {self.below(row)}"
        return None

    def title_of(self, row: ConversationRow) -> str:
        if row.title:
            return row.title
        if row.conversation.is_default:
            return self.tr("Main conversation")
        return self.tr("Untitled, {}").format(full_time(row.conversation.created_at))

    def below(self, row: ConversationRow) -> str:
        """The second line: what was found, or how much was said and when."""
        if row.found:
            return " ".join(row.found.split())
        if not row.messages:
            return self.tr("Nothing said yet")
        number = counted(row.messages, self.tr("{} message"), self.tr("{} messages"))
        return number if row.last_at is None else f"{number}, {full_time(row.last_at)}"


class ConversationPainter(QStyledItemDelegate):
    def __init__(self, theme: Theme, model: ConversationRows, parent: QObject) -> None:
        super().__init__(parent)
        self._theme, self._model = theme, model
        self.current = ""
        """Id of the conversation that is shown."""

    def sizeHint(self, option: Option, index: Index) -> QSize:
        return QSize(0, self._theme.px(ROW))

    def paint(self, painter: QPainter, option: Option, index: Index) -> None:
        row, rect, state, theme, px = self._model.rows[index.row()], option.rect, option.state, self._theme, self._px
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        chosen = state & QStyle.StateFlag.State_Selected
        if chosen or state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(theme.color("selected" if chosen else "hover"))
            painter.drawRoundedRect(rect, px(6), px(6))
        if row.conversation.id == self.current:
            ratio = painter.device().devicePixelRatioF()
            painter.drawPixmap(rect.x() + px(9), rect.y() + px(7), theme.pixmap("check", "accent", 14, ratio))
        top = QRect(rect.adjusted(px(30), px(4), -px(10), 0))
        top.setHeight(px(18))
        when = short_time(row.last_at)
        taken = self._text(painter, top, when, "label", "muted", right=True)
        below = QRect(top.translated(0, px(19)))
        top.setRight(top.right() - (taken + px(8) if when else 0))
        self._text(painter, top, self._model.title_of(row), "base", "text", 500)
        self._text(painter, below, self._model.below(row), "label", "muted")
        painter.restore()

    def _px(self, pixels: float) -> int:
        return self._theme.px(pixels)

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
        painter.setFont(font)
        painter.setPen(self._theme.color(token))
        side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0, box.width()))
        painter.drawText(box, side | Qt.AlignmentFlag.AlignVCenter, shown)
        return metrics.horizontalAdvance(shown)


class ConversationPopup(QFrame):
    """Inside of the window of its button. Up and Down choose, Enter opens, Esc closes, the Menu key has more."""

    picked = Signal(str)
    search_wanted = Signal(str)
    """Words that were typed; `show_found` has the answer."""
    opened = Signal()
    earlier_wanted = Signal()
    new_wanted = Signal()
    menu_wanted = Signal(object, QPoint)
    """ConversationRow, and where on the screen its menu belongs."""

    def __init__(self, theme: Theme, button: QWidget) -> None:
        super().__init__(button)
        self._theme, self._button = theme, button
        self._all: tuple[ConversationRow, ...] = ()
        self._has_earlier = False
        self._before: QWidget | None = None
        """What had the focus."""
        self.setProperty("kind", "overlay")
        self.setAccessibleName(self.tr("Conversations"))
        self.field = QLineEdit(self)
        self.field.setProperty("plain", True)
        self.field.setPlaceholderText(self.tr("Search titles and messages"))
        self.field.setAccessibleName(self.tr("Search conversations by title and message"))
        self.field.installEventFilter(self)
        self.model = ConversationRows(self)
        self.list = QListView(self)
        self.list.setModel(self.model)
        self._painter = ConversationPainter(theme, self.model, self.list)
        self.list.setItemDelegate(self._painter)
        self.list.setMouseTracking(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.setAccessibleName(self.tr("Conversations"))
        self.nothing = Label(theme, self.tr("Nothing matches."), "base", "muted")
        self.new = Button(theme, self.tr("New conversation"), "ghost", "plus", "small")
        self.earlier = Button(theme, self.tr("Show more"), "ghost", "history", "small")
        self.more = Button(theme, self.tr("More"), "ghost", "more", "small")
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(SEARCH_AFTER_MS)
        head = row_of(theme, Icon(theme, "search", "muted", 16), self.field, inset=(8, 2, 8, 2), gap=8)
        self.nothing.setContentsMargins(10, 4, 10, 4)
        foot = row_of(theme, self.new, None, self.earlier, self.more, gap=2)
        parts = (head, hairline(), self.list, self.nothing, hairline(), foot)
        self._column = column_of(theme, *parts, parent=self, inset=(6, 6, 6, 6), gap=4)
        self._connect()
        self.hide()

    def _connect(self) -> None:
        self.field.textChanged.connect(self._typed)
        self._wait.timeout.connect(lambda: self.search_wanted.emit(self.words))
        self.list.clicked.connect(self._take_clicked)
        self.list.customContextMenuRequested.connect(self._ask_menu)
        self.new.clicked.connect(lambda: self._leave(self.new_wanted))
        self.earlier.clicked.connect(lambda: self.earlier_wanted.emit())
        self.more.clicked.connect(lambda: self._menu_of(self.list.currentIndex().row(), self.more))
        follow(self._theme, self, self._place)

    @property
    def words(self) -> str:
        return self.field.text().strip()

    def show_all(self, rows: tuple[ConversationRow, ...], current: str, has_earlier: bool) -> None:
        """The conversations there are; what is searched stays."""
        newest_first = sorted(rows, key=lambda row: row.last_at or row.conversation.created_at, reverse=True)
        self._all, self._has_earlier = tuple(newest_first), has_earlier
        self._painter.current = current
        if self.isVisible() and not self.words:
            self._fill(self._all)

    def show_found(self, words: str, rows: tuple[ConversationRow, ...]) -> None:
        if words == self.words:
            self._fill(rows)

    def open(self) -> None:
        if self.parentWidget() is self._button:
            self.setParent(self._button.window())
        self._before = QApplication.focusWidget()
        self.field.clear()
        self._fill(self._all, self._painter.current)
        self.show()
        self.raise_()
        self._place()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)
        QApplication.instance().installEventFilter(self)  # pyright: ignore[reportOptionalMemberAccess]
        self.opened.emit()

    def close_popup(self, refocus: bool = True) -> None:
        if not self.isVisible():
            return
        QApplication.instance().removeEventFilter(self)  # pyright: ignore[reportOptionalMemberAccess]
        self.field.installEventFilter(self)
        self._wait.stop()
        self.hide()
        before, self._before = self._before, None
        if refocus and before is not None and isValid(before):
            before.setFocus(Qt.FocusReason.PopupFocusReason)

    def _leave(self, signal: Any) -> None:
        self.close_popup(refocus=False)
        signal.emit()

    def _typed(self) -> None:
        if self.words:
            self._wait.start()
        else:
            self._wait.stop()
            self._fill(self._all)

    def _fill(self, rows: tuple[ConversationRow, ...], chosen: str = "") -> None:
        before = self.list.currentIndex().row()
        known = self.model.rows
        wanted = chosen or (known[before].conversation.id if 0 <= before < len(known) else "")
        self.model.show_rows(rows)
        if rows:
            at = next((place for place, row in enumerate(rows) if row.conversation.id == wanted), 0)
            self.list.setCurrentIndex(self.model.index(at if chosen or not self.words else 0))
        self.list.setVisible(bool(rows))
        self.nothing.setVisible(not rows)
        self.earlier.setVisible(self._has_earlier and not self.words)
        self.more.setEnabled(bool(rows))
        self._place()

    def _take_clicked(self, index: QModelIndex) -> None:
        self._take(index.row())

    def _take(self, place: int) -> None:
        if 0 <= place < len(self.model.rows):
            self.close_popup(refocus=False)
            self.picked.emit(self.model.rows[place].conversation.id)

    def _ask_menu(self, at: QPoint) -> None:
        index = self.list.indexAt(at)
        if index.isValid():
            self.list.setCurrentIndex(index)
            self.menu_wanted.emit(self.model.rows[index.row()], self.list.viewport().mapToGlobal(at))

    def _menu_of(self, place: int, below: QWidget) -> None:
        if 0 <= place < len(self.model.rows):
            self.menu_wanted.emit(self.model.rows[place], below.mapToGlobal(below.rect().bottomLeft()))

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
        place, key = self.list.currentIndex().row(), Qt.Key(event.key())
        choice = chosen_by(key, place, range(len(self.model.rows)), PAGE)
        if choice is not None:
            index = self.model.index(choice)
            self.list.setCurrentIndex(index)
            announce(self.list, str(index.data(Qt.ItemDataRole.AccessibleTextRole)))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._take(place)
        elif key == Qt.Key.Key_Menu:
            self._menu_of(place, self.more)
        else:
            return False
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_popup()

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab stays inside."""
        parts: tuple[QWidget, ...] = (self.field, self.new, self.earlier, self.more)
        stops: list[QWidget] = [part for part in parts if part.isVisible()]
        if not stops:  # Qt asks while it hides this.
            return False
        focus = QApplication.focusWidget()
        at = stops.index(focus) if focus in stops else -1
        reason = Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
        stops[(at + (1 if forward else -1)) % len(stops)].setFocus(reason)
        return True

    def _place(self) -> None:
        if not self.isVisible():
            return
        px, window = self._theme.px, self.window()
        self.list.setFixedHeight(min(len(self.model.rows) * px(ROW) + px(2), px(MOST), window.height() - px(150)))
        self._column.activate()
        width = min(px(WIDTH), window.width() - px(16))
        height = self._column.totalSizeHint().height()
        corner = self._button.mapTo(window, QPoint(self._button.width() - width, self._button.height() + px(4)))
        left = max(px(8), min(corner.x(), window.width() - width - px(8)))
        self.setGeometry(left, max(px(8), min(corner.y(), window.height() - height - px(8))), width, height)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        paint_outline(QPainter(self), self, self._theme)
