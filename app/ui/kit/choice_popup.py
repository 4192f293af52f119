"""A list under a button, inside of its window: a field that searches, rows to choose from, and ways to more."""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QFrame, QLineEdit, QListView, QWidget
from shiboken6 import isValid

from app.ui.kit.announce import announce
from app.ui.kit.choosing import ChoicePainter, ChoiceRows, chosen_by, paint_outline
from app.ui.kit.labels import Label
from app.ui.kit.layout import Icon, column_of, follow, hairline, row_of
from app.ui.theme import Theme

MOST, PAGE = 414, 8
"""Pixels that the rows take at most, and rows that Page Up and Page Down pass by: about as many as are in sight."""
Row = TypeVar("Row")


class ChoicePopup(QFrame, Generic[Row]):
    """Up and Down choose, Enter takes, Esc closes, Tab stays inside.

    An heir fills `model` through `fill`, answers what is typed in `search`, and does what was chosen in `take`.
    """

    opened = Signal()

    def __init__(self, theme: Theme, button: QWidget, model: ChoiceRows[Row], painter: ChoicePainter[Row]) -> None:
        super().__init__(button)
        self._theme, self._button, self._painter = theme, button, painter
        self._before: QWidget | None = None
        """What had the focus."""
        self.own_keys: tuple[Qt.Key, ...] = ()
        """Keys that mean something else in the window and are for a row here; `take_key` has them."""
        self.stays = False
        """Whether it stays open when a row is taken, for those that take several."""
        self.wide = 400
        """Pixels at 100 %."""
        self.model = model
        self.setProperty("kind", "overlay")
        self.field = QLineEdit(self)
        self.field.setProperty("plain", True)
        self.field.installEventFilter(self)
        self.list = QListView(self)
        self.list.setModel(model)
        self.list.setItemDelegate(painter)
        self.list.setMouseTracking(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.nothing = Label(theme, self.tr("Nothing matches."), "base", "muted", self)
        self.nothing.setContentsMargins(10, 4, 10, 4)
        self._head = row_of(theme, Icon(theme, "search", "muted", 16), self.field, inset=(8, 2, 8, 2), gap=8)
        self._stops: tuple[QWidget, ...] = (self.field,)
        self.field.textChanged.connect(lambda: self.search())
        self.list.clicked.connect(self._clicked)
        self.hide()

    def set_words(self, name: str, hint: str) -> None:
        """`name`: of the list, spoken. `hint`: what the field searches."""
        self.setAccessibleName(name)
        self.list.setAccessibleName(name)
        self.field.setPlaceholderText(hint)
        self.field.setAccessibleName(hint)

    def set_foot(self, *parts: QWidget | None) -> None:
        """The buttons below the rows; None is a stretch between them."""
        self._stops = (self.field, *(part for part in parts if part is not None))
        foot = row_of(self._theme, *parts, gap=2)
        body = (self._head, hairline(), self.list, self.nothing, hairline(), foot)
        self._column = column_of(self._theme, *body, parent=self, inset=(6, 6, 6, 6), gap=4)
        follow(self._theme, self, self._place)

    # What an heir answers

    def search(self) -> None:
        """Something else is typed, or the list was opened."""

    def take(self, row: Row) -> None:
        """A row was chosen; the list is closed, unless it stays."""

    def place_at_right(self) -> bool:
        """Whether it ends where its button ends, or begins where that begins."""
        return False

    # Showing

    @property
    def words(self) -> str:
        return self.field.text().strip()

    @property
    def chosen(self) -> Row | None:
        at = self.list.currentIndex().row()
        return self.model.rows[at] if 0 <= at < len(self.model.rows) else None

    def fill(self, rows: tuple[Row, ...], wanted: int = -1) -> None:
        """Shows rows, and chooses the wanted one, if it can be chosen, or else the first that can."""
        self.model.show_rows(rows)
        able = self._able()
        if able:
            self.list.setCurrentIndex(self.model.index(wanted if wanted in able else able[0]))
        self.list.setVisible(bool(rows))
        self.nothing.setVisible(not rows)
        self._place()

    def open(self) -> None:
        self.setParent(self._button.window())
        self._before = QApplication.focusWidget()
        self.field.blockSignals(True)
        self.field.clear()
        self.field.blockSignals(False)
        self.show()
        self.raise_()
        self.search()
        self._place()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)
        QApplication.instance().installEventFilter(self)  # pyright: ignore[reportOptionalMemberAccess]
        self.opened.emit()

    def close_popup(self, refocus: bool = True) -> None:
        if not self.isVisible():
            return
        QApplication.instance().removeEventFilter(self)  # pyright: ignore[reportOptionalMemberAccess]
        self.field.installEventFilter(self)
        self.hide()
        self.setParent(self._button)  # It lives as long as its button.
        before, self._before = self._before, None
        if refocus and before is not None and isValid(before):
            before.setFocus(Qt.FocusReason.PopupFocusReason)

    def leave(self, signal: Any) -> None:
        """Closes, and goes on with what one of the buttons below is for."""
        self.close_popup(refocus=False)
        signal.emit()

    def _able(self) -> Sequence[int]:
        """Rows that can be chosen."""
        enabled = Qt.ItemFlag.ItemIsEnabled
        return [at for at in range(len(self.model.rows)) if self.model.index(at).flags() & enabled]

    # Choosing

    def _clicked(self, index: QModelIndex) -> None:
        self._take(index.row())

    def _take(self, place: int) -> None:
        if place in self._able():
            row = self.model.rows[place]
            if not self.stays:
                self.close_popup()
            self.take(row)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.ShortcutOverride and watched is self.field and isinstance(event, QKeyEvent):
            event.setAccepted(Qt.Key(event.key()) in self.own_keys)
            return event.isAccepted()
        if kind == QEvent.Type.KeyPress and watched is self.field and isinstance(event, QKeyEvent):
            return self.take_key(Qt.Key(event.key()))
        if kind == QEvent.Type.MouseButtonPress and isinstance(event, QMouseEvent) and isinstance(watched, QWidget):
            inside = self.rect().contains(self.mapFromGlobal(event.globalPosition().toPoint()))
            if watched.window() is self.window() and not inside:
                self.close_popup()
        elif kind == QEvent.Type.Resize and watched is self.window():
            self._place()
        return False

    def take_key(self, key: Qt.Key) -> bool:
        """A key pressed in the field; False: it is for the field itself."""
        place = self.list.currentIndex().row()
        choice = chosen_by(key, place, self._able(), PAGE)
        if choice is not None:
            index = self.model.index(choice)
            self.list.setCurrentIndex(index)
            announce(self.list, str(index.data(Qt.ItemDataRole.AccessibleTextRole)))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._take(place)
        else:
            return False
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_popup()

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab stays inside."""
        stops = [part for part in self._stops if part.isVisible() and part.isEnabled()]
        if not stops:  # Qt asks while it hides this.
            return False
        focus = QApplication.focusWidget()
        at = stops.index(focus) if focus in stops else -1
        reason = Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
        stops[(at + (1 if forward else -1)) % len(stops)].setFocus(reason)
        return True

    # Looks

    def _place(self) -> None:
        if not self.isVisible():
            return
        px, window = self._theme.px, self.window()
        rows = sum(px(self._painter.height_of(row)) for row in self.model.rows)
        self.list.setFixedHeight(min(rows + px(2), px(MOST), window.height() - px(150)))
        self._column.activate()
        width = min(px(self.wide), window.width() - px(16))
        height = self._column.totalSizeHint().height()
        side = self._button.width() - width if self.place_at_right() else 0
        corner = self._button.mapTo(window, QPoint(side, self._button.height() + px(4)))
        left = max(px(8), min(corner.x(), window.width() - width - px(8)))
        self.setGeometry(left, max(px(8), min(corner.y(), window.height() - height - px(8))), width, height)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        paint_outline(QPainter(self), self, self._theme)
