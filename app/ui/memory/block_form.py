"""One property of a block, edited in its card: label, description or limit."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPlainTextEdit, QSpinBox, QVBoxLayout, QWidget

from app.ui.kit.buttons import Button
from app.ui.kit.field import Field
from app.ui.kit.number_field import NumberField
from app.ui.theme import Theme

LIMIT_MAX = 1_000_000


class BlockForm(QWidget):
    """`key` is label, description or limit; `submitted` hands out the key and the new value."""

    submitted = Signal(str, object)
    cancelled = Signal()

    def __init__(self, theme: Theme, key: str, value: str | int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.key = key
        names = {
            "label": (self.tr("Label"), self.tr("The agent knows the block by this name.")),
            "description": (self.tr("Description"), self.tr("Tells the agent what belongs in this block.")),
            "limit": (self.tr("Limit in characters"), self.tr("Long blocks leave less room for the conversation.")),
        }
        self.editor = self._editor(key, value)
        self.field = Field(theme, names[key][0], self.editor, names[key][1], self)
        self.save = Button(theme, self.tr("Save"), "primary", size="small", parent=self)
        self.cancel = Button(theme, self.tr("Cancel"), "ghost", size="small", parent=self)
        self.save.clicked.connect(self.submit)
        self.cancel.clicked.connect(self.cancelled)
        self._row = QHBoxLayout()
        self._row.addStretch(1)
        self._row.addWidget(self.cancel)
        self._row.addWidget(self.save)
        self._column = QVBoxLayout(self)
        self._column.addWidget(self.field)
        self._column.addLayout(self._row)
        self._restyle()
        theme.changed.connect(self._restyle)

    @property
    def value(self) -> str | int:
        if isinstance(self.editor, QSpinBox):
            return self.editor.value()
        if isinstance(self.editor, QPlainTextEdit):
            return self.editor.toPlainText()
        assert isinstance(self.editor, QLineEdit)
        return self.editor.text().strip()

    def submit(self) -> None:
        if self.key == "label" and not self.value:
            self.field.set_error(self.tr("A block needs a label, so that the agent can name it."))
            return
        self.save.set_busy(True)
        self.submitted.emit(self.key, self.value)

    def set_problem(self, sentence: str) -> None:
        self.save.set_busy(False)
        self.field.set_error(sentence)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.submit()
        else:
            super().keyPressEvent(event)

    def _editor(self, key: str, value: str | int) -> QWidget:
        if key == "limit":
            spin = NumberField(self._theme, self)
            spin.setRange(1, LIMIT_MAX)
            spin.setSingleStep(500)
            spin.setValue(int(value))
            return spin
        if key == "description":
            text = QPlainTextEdit(str(value), self)
            text.setTabChangesFocus(True)
            text.setFixedHeight(self._theme.px(78))
            return text
        line = QLineEdit(str(value), self)
        line.selectAll()
        return line

    def _restyle(self) -> None:
        px = self._theme.px
        self._column.setContentsMargins(px(10), px(4), px(8), px(8))
        self._column.setSpacing(px(8))
        self._row.setSpacing(px(6))
