"""The palette: one field over the window that finds agents, blocks, messages and commands."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QKeySequence, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QVBoxLayout,
    QWidget,
)

from app.ui.kit.announce import announce
from app.ui.kit.buttons import Button
from app.ui.kit.choosing import ChoicePainter, ChoiceRows, Index, chosen_by, paint_outline
from app.ui.kit.labels import Label
from app.ui.theme import Theme

WIDTH, TOP, FIELD, ROW, ROWS_SHOWN = 640, 80, 36, 32, 10


@dataclass(frozen=True)
class PaletteRow:
    icon: str
    title: str
    place: str = ""
    """Where it is: the agent of a block, the menu of a command."""
    shortcut: str = ""
    value: Any = None
    """What `chosen` hands out."""
    found: str = ""
    """Words that were found in the title: they are marked, and the place stands at the right, whatever their length."""


Rank = Callable[[str], Sequence[PaletteRow]]


class PaletteRows(ChoiceRows[PaletteRow]):
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return row.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(part for part in (row.title, row.place, row.shortcut) if part)
        return None


class PalettePainter(ChoicePainter[PaletteRow]):
    def draw(self, painter: QPainter, rect: QRect, row: PaletteRow) -> None:
        px = self.theme.px
        self.icon(painter, rect.x() + px(10), rect.y() + (rect.height() - px(16)) // 2, row.icon, "text2", 16)
        inner = rect.adjusted(px(36), 0, -px(10), 0)
        right = self.line(painter, inner, row.shortcut, "caption", "muted", right=True)
        inner.setRight(inner.right() - right - (px(12) if right else 0))
        if row.found:
            place = self.line(painter, inner, row.place, "label", "muted", right=True)
            inner.setRight(inner.right() - place - px(12))
            self.line(painter, inner, row.title, "base", "text", marks=row.found)
            return
        title = self.line(painter, inner, row.title, "base", "text")
        inner.setLeft(inner.left() + title + px(10))
        self.line(painter, inner, row.place, "label", "muted")


class QueryField(QLineEdit):
    def event(self, event: QEvent) -> bool:
        """Ctrl Z is for the last change of memory while nothing typed could be undone."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            undo = event.matches(QKeySequence.StandardKey.Undo)
            if undo and not self.isUndoAvailable():
                event.ignore()
                return False
        return super().event(event)


class Palette(QFrame):
    """Open it with a function that ranks rows for a query. Up and Down choose, Enter takes, Esc closes."""

    chosen = Signal(object)
    search_everywhere = Signal(str)
    """Nothing was found and the person wants all messages searched."""
    closed = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._over = parent
        self._theme = theme
        self._rank: Rank = lambda _query: ()
        self._before: QWidget | None = None
        self.setProperty("kind", "overlay")
        self.setAccessibleName(self.tr("Palette"))
        self._icon = QLabel(self)
        self.field = QueryField(self)
        self.field.setProperty("plain", True)
        self.field.setAccessibleName(self.tr("Go to"))
        self.field.setPlaceholderText(self.tr("Go to an agent, block, message or command"))
        self.field.textChanged.connect(self._search)
        self.field.installEventFilter(self)
        self._model = PaletteRows(self)
        self.list = QListView(self)
        self.list.setModel(self._model)
        self.list.setItemDelegate(PalettePainter(theme, self._model, self.list))
        self.list.setUniformItemSizes(True)
        self.list.setMouseTracking(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName(self.tr("Found"))
        self.list.clicked.connect(self._clicked)
        self._line = QFrame(self)
        self._line.setProperty("kind", "line")
        self._nothing = QWidget(self)
        self._nothing_row = nothing = QHBoxLayout(self._nothing)
        nothing.addWidget(Label(theme, self.tr("Nothing matches."), "base", "muted"))
        self.everywhere = Button(theme, self.tr("Search in all messages"), "link", "search")
        self.everywhere.clicked.connect(self._search_everywhere)
        nothing.addWidget(self.everywhere)
        nothing.addStretch(1)
        self.note = Label(theme, "", "caption", "muted", self)
        self.note.setWordWrap(True)
        self.note.hide()
        self._head = QHBoxLayout()
        self._head.addWidget(self._icon)
        self._head.addWidget(self.field, 1)
        self._column = QVBoxLayout(self)
        self._column.addLayout(self._head)
        self._column.addWidget(self._line)
        self._column.addWidget(self.list)
        self._column.addWidget(self._nothing)
        self._column.addWidget(self.note)
        parent.installEventFilter(self)
        self._restyle()
        theme.changed.connect(self._restyle)
        self.hide()

    @property
    def rows(self) -> tuple[PaletteRow, ...]:
        return self._model.rows

    def set_note(self, text: str) -> None:
        """A quiet sentence below what was found; empty: none."""
        self.note.setText(text)
        self.note.setVisible(bool(text))
        self._place()

    def open_palette(self, rank: Rank, query: str = "") -> None:
        self._rank = rank
        if not self.isVisible():
            self._before = QApplication.focusWidget()
        self.show()
        self.raise_()
        if self.field.text() == query:
            self._search(query)
        self.field.setText(query)
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)
        app = QApplication.instance()
        app.removeEventFilter(self)  # pyright: ignore[reportOptionalMemberAccess]
        app.installEventFilter(self)  # pyright: ignore[reportOptionalMemberAccess]

    def close_palette(self) -> None:
        if not self.isVisible():
            return
        QApplication.instance().removeEventFilter(self)  # pyright: ignore[reportOptionalMemberAccess]
        self._over.installEventFilter(self)
        self.hide()
        if self._before is not None and self._before.isVisible():
            self._before.setFocus(Qt.FocusReason.OtherFocusReason)
        self._before = None
        self.closed.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.KeyPress and watched is self.field and isinstance(event, QKeyEvent):
            return self._key(event)
        if kind == QEvent.Type.Resize and watched is self.parent():
            self._place()
        elif kind == QEvent.Type.MouseButtonPress and self.isVisible() and isinstance(event, QMouseEvent):
            self._pressed(watched, event)
        return False

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_palette()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        paint_outline(QPainter(self), self, self._theme)

    def _key(self, event: QKeyEvent) -> bool:
        row, key = self.list.currentIndex().row(), Qt.Key(event.key())
        choice = chosen_by(key, row, range(len(self.rows)), ROWS_SHOWN)
        if choice is not None:
            self._select(choice)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._take(row)
        elif key == Qt.Key.Key_Escape:
            self.close_palette()
        else:
            return False
        return True

    def _select(self, row: int) -> None:
        if not 0 <= row < len(self.rows):
            return
        index = self._model.index(row)
        self.list.setCurrentIndex(index)
        announce(self.list, str(index.data(Qt.ItemDataRole.AccessibleTextRole)))

    def _clicked(self, index: QModelIndex) -> None:
        self._take(index.row())

    def _take(self, row: int) -> None:
        if 0 <= row < len(self.rows):
            value = self.rows[row].value
            self.close_palette()
            self.chosen.emit(value)
        elif self.field.text().strip():
            self._search_everywhere()

    def _search_everywhere(self) -> None:
        query = self.field.text()
        self.close_palette()
        self.search_everywhere.emit(query)

    def _search(self, query: str) -> None:
        self._model.show_rows(tuple(self._rank(query)))
        found = bool(self.rows)
        self.list.setVisible(found)
        self._nothing.setVisible(not found and bool(query.strip()))
        self._line.setVisible(found or bool(query.strip()))
        self.list.setFixedHeight(self._theme.px(ROW) * min(max(1, len(self.rows)), ROWS_SHOWN) + self._theme.px(2))
        if found:
            self._select(0)
        self._place()

    def _pressed(self, watched: QObject, event: QMouseEvent) -> None:
        if not isinstance(watched, QWidget) or watched.window() is not self.window():
            return
        if not self.rect().contains(self.mapFromGlobal(event.globalPosition().toPoint())):
            self.close_palette()

    def _place(self) -> None:
        parent, px = self._over, self._theme.px
        width = min(px(WIDTH), parent.width() - px(24))
        self._column.activate()
        height = min(self._column.totalSizeHint().height(), parent.height() - px(24))
        top = min(px(TOP), max(px(12), parent.height() - height - px(12)))
        self.setGeometry((parent.width() - width) // 2, top, width, height)

    def _restyle(self) -> None:
        px = self._theme.px
        self._icon.setPixmap(self._theme.pixmap("search", "muted", 16))
        self.field.setFont(self._theme.font("base"))
        around = px((FIELD - 28) / 2)
        self._head.setContentsMargins(px(10), around, px(10), around)
        self._head.setSpacing(px(10))
        self._nothing_row.setContentsMargins(px(10), px(6), px(10), px(6))
        self.note.setContentsMargins(px(10), px(2), px(10), px(2))
        self._column.setContentsMargins(px(6), px(4), px(6), px(6))
        self._column.setSpacing(px(4))
        self._place()
