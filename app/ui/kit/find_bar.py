"""Find in a text or a conversation: a field, how many, next and previous. Looks at nothing itself."""

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QWidget

from app.ui.kit.buttons import IconButton
from app.ui.kit.labels import Label
from app.ui.theme import Theme


class FindBar(QFrame):
    wanted = Signal(str)
    """The words changed."""
    stepped = Signal(int)
    """1: the next hit downwards, -1: upwards."""
    closed = Signal()

    def __init__(self, theme: Theme, title: str, parent: QWidget | None = None, *, enter: int = 1) -> None:
        """`title`: what is found where, as `Find in this conversation`. `enter`: the step of Enter; Shift turns it."""
        super().__init__(parent)
        self._enter = enter
        self.setProperty("kind", "overlay")
        px = theme.px
        row = QHBoxLayout(self)
        row.setContentsMargins(px(6), px(5), px(6), px(5))
        row.setSpacing(px(4))
        self.field = QLineEdit(self)
        self.field.setPlaceholderText(title)
        self.field.setAccessibleName(title)
        self.field.setMinimumWidth(px(220))
        self.field.textChanged.connect(self.wanted)
        self.field.installEventFilter(self)
        row.addWidget(self.field)
        self.count = Label(theme, "", "label", "muted", self)
        self.count.setMinimumWidth(px(86))
        row.addWidget(self.count)
        for icon, title, keys, by in (
            ("chevron-up", self.tr("Previous match"), "Shift+F3", -1),
            ("chevron-down", self.tr("Next match"), "F3", 1),
        ):
            button = IconButton(theme, icon, title, keys, size=14, box=26, parent=self)
            button.clicked.connect(lambda _checked=False, by=by: self.stepped.emit(by))
            row.addWidget(button)
        close = IconButton(theme, "close", self.tr("Close find"), size=14, box=26, parent=self)
        close.clicked.connect(lambda _checked=False: self.close_bar())
        row.addWidget(close)
        self.hide()

    def open_bar(self) -> None:
        self.show()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def close_bar(self) -> None:
        if self.isVisible():
            self.hide()
            self.closed.emit()

    def show_count(self, current: int, count: int, looking: bool, more: bool) -> None:
        """`looking`: older messages are still looked at. `more`: not all of them were."""
        if not self.field.text():
            self.count.setText("")
        elif not count:
            self.count.setText(self.tr("searching earlier messages") if looking else self.tr("nothing found"))
        else:
            words = self.tr("{0:,} of {1:,} or more") if looking or more else self.tr("{0:,} of {1:,}")
            self.count.setText(words.format(current + 1, count))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                turned = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
                self.stepped.emit(-self._enter if turned else self._enter)
                return True
            if event.key() == Qt.Key.Key_Escape:
                self.close_bar()
                return True
        return super().eventFilter(watched, event)
