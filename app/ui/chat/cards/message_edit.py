"""The editor inside a bubble: new words for an old message, and the memory changes that may be undone with it."""

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent
from PySide6.QtWidgets import QCheckBox, QFrame, QHBoxLayout, QPlainTextEdit, QSizePolicy, QVBoxLayout, QWidget

from app.domain.history import MemoryEvent
from app.ui.kit.buttons import Button
from app.ui.kit.diff import DiffView
from app.ui.kit.labels import Label
from app.ui.kit.wording import counted
from app.ui.theme import Theme

MOST_LINES = 12
DIFFS = 4


class EditBox(QFrame):
    accepted = Signal(str, bool)
    """New text, and whether the memory changes are undone."""
    cancelled = Signal()
    resized = Signal()

    def __init__(self, theme: Theme, text: str, parent: QWidget, *, of_reply: bool = False) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setProperty("kind", "composer")
        self._column = QVBoxLayout(self)
        self.field = QPlainTextEdit(text, self)
        self.field.setProperty("plain", True)
        self.field.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.field.setAccessibleName(
            self.tr("New text of the reply") if of_reply else self.tr("New text of your message")
        )
        self.field.setTabChangesFocus(True)
        self.field.installEventFilter(self)
        self.field.textChanged.connect(self._changed)
        self._column.addWidget(self.field)
        self._strip = QWidget(self)
        self._strip.hide()
        self._strip_column = QVBoxLayout(self._strip)
        self._strip_column.setContentsMargins(0, 0, 0, 0)
        self._strip_column.setSpacing(theme.px(4))
        self.undo_memory = QCheckBox(self._strip)
        self._strip_column.addWidget(self.undo_memory)
        self._column.addWidget(self._strip)
        self._row = QHBoxLayout()
        hint = self.tr("The old message and its replies stay in their own branch.")
        if of_reply:
            hint = self.tr("The reply as it was stays in its own version.")
        self._hint = Label(theme, hint, "caption", "muted", self)
        self._hint.setWordWrap(True)
        self._row.addWidget(self._hint, 1)
        cancel = Button(theme, self.tr("Cancel"), "ghost", parent=self)
        cancel.setAccessibleName(self.tr("Cancel the edit"))
        cancel.clicked.connect(lambda _checked=False: self.cancelled.emit())
        words = self.tr("Save as new version") if of_reply else self.tr("Send as new branch")
        self._send = Button(theme, words, "primary", "fork", parent=self)
        self._send.clicked.connect(lambda _checked=False: self._accept())
        self._row.addWidget(cancel)
        self._row.addWidget(self._send)
        self._column.addLayout(self._row)
        theme.changed.connect(self._restyle)
        self._restyle()

    def _restyle(self) -> None:
        px = self._theme.px
        self.field.setFont(self._theme.font("conversation"))
        self.field.document().setDefaultFont(self._theme.font("conversation"))
        self._column.setContentsMargins(px(14), px(10), px(10), px(10))
        self._column.setSpacing(px(8))

    @property
    def text(self) -> str:
        return self.field.toPlainText()

    def take_focus(self) -> None:
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)
        self.field.moveCursor(self.field.textCursor().MoveOperation.End)

    def offer_memory_undo(self, changes: tuple[MemoryEvent, ...]) -> None:
        """Asks whether these are undone too, and shows what that would do."""
        if not changes:
            return
        one, many = self.tr("Also undo {0} memory change"), self.tr("Also undo {0} memory changes")
        self.undo_memory.setText(counted(len(changes), one, many))
        for change in changes[:DIFFS]:
            label = Label(self._theme, change.label, "label", "accent", self._strip)
            label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
            self._strip_column.addWidget(label)
            view = DiffView(self._theme, compact=True, parent=self._strip)
            view.set_texts(_value(change.after), _value(change.before))
            view.setAccessibleName(self.tr("Effect of undoing the change to {0}").format(change.label))
            self._strip_column.addWidget(view)
        if len(changes) > DIFFS:
            more = self.tr("and {0} more").format(len(changes) - DIFFS)
            self._strip_column.addWidget(Label(self._theme, more, "caption", "muted", self._strip))
        self._strip.show()
        self.resized.emit()

    def height_for(self, width: int) -> int:
        lines = min(MOST_LINES, max(1, self.field.document().size().height()))
        line = QFontMetrics(self.field.font()).lineSpacing()
        self.field.setFixedHeight(round(lines * line) + self._theme.px(8))
        self.resize(width, self.height())
        self._column.activate()
        return (
            self._column.heightForWidth(width) if self._column.hasHeightForWidth() else self._column.sizeHint().height()
        )

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() == Qt.Key.Key_Escape:
                self.cancelled.emit()
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                    return False
                self._accept()
                return True
        return super().eventFilter(watched, event)

    def _changed(self) -> None:
        self._send.setEnabled(bool(self.field.toPlainText().strip()))
        self.resized.emit()

    def _accept(self) -> None:
        text = self.field.toPlainText().strip()
        if text:
            self.accepted.emit(text, self._strip.isVisible() and self.undo_memory.isChecked())


def _value(fields: dict[str, object] | None) -> str:
    return "" if fields is None else "\n".join(str(value) for value in fields.values())
