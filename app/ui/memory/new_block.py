"""The small form that makes a memory block: label and what it is for."""

import re

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLineEdit

from app.domain.block import BlockDraft
from app.ui.kit.buttons import Button
from app.ui.kit.field import Field
from app.ui.kit.layout import column_of, row_of
from app.ui.theme import Theme

LIMIT = 2000
LABEL = re.compile(r"[\w][\w ./-]*")


class NewBlock(QFrame):
    submitted = Signal(object)
    """BlockDraft."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("kind", "card")
        self.setAccessibleName(self.tr("New memory block"))
        self.label = QLineEdit()
        self.label.setPlaceholderText(self.tr("For example plans"))
        self.about = QLineEdit()
        self.about.setPlaceholderText(self.tr("Tells the agent what to keep in this block"))
        self._label_field = Field(theme, self.tr("Label"), self.label)
        self._about_field = Field(theme, self.tr("What it is for"), self.about)
        self.create_button = Button(theme, self.tr("Add block"), "primary", size="small")
        cancel = Button(theme, self.tr("Cancel"), "ghost", size="small")
        column_of(
            theme,
            self._label_field,
            self._about_field,
            row_of(theme, None, cancel, self.create_button),
            parent=self,
            inset=(12, 10, 12, 10),
        )
        self.create_button.clicked.connect(lambda: self._submit())
        cancel.clicked.connect(lambda: self.end())
        self.label.returnPressed.connect(self._submit)
        self.about.returnPressed.connect(self._submit)

    def begin(self) -> None:
        self.label.clear()
        self.about.clear()
        self.set_problem("")
        self.show()
        self.label.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def end(self) -> None:
        self.hide()

    def set_problem(self, sentence: str) -> None:
        self.create_button.set_busy(False)
        self._label_field.set_error(sentence)

    def _submit(self) -> None:
        label = self.label.text().strip()
        if not LABEL.fullmatch(label):
            self.set_problem(self.tr("A label is a short name made of letters, digits, spaces and - _ . /"))
            return
        self.create_button.set_busy(True)
        self.submitted.emit(BlockDraft(label=label, description=self.about.text().strip(), limit=LIMIT))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.end()
            return
        super().keyPressEvent(event)
