"""A labelled field with a hint and, when the value does not fit, a sentence below it."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.ui.kit.labels import Label
from app.ui.theme import Theme, set_prop


class Field(QWidget):
    def __init__(
        self, theme: Theme, label: str, editor: QWidget, hint: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._hint = hint
        self.editor = editor
        self.label = Label(theme, label, "label", "text2", self)
        self.label.setBuddy(editor)
        self._icon = QLabel(self)
        self.sentence = Label(theme, hint, "caption", "muted", self)
        self.sentence.setWordWrap(True)
        editor.setAccessibleName(label)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(self.label)
        self._column.addWidget(editor)
        self._foot = QHBoxLayout()
        self._foot.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        self._foot.addWidget(self.sentence, 1)
        self._column.addLayout(self._foot)
        self.set_error("")
        self._restyle()
        theme.changed.connect(self._restyle)

    @property
    def error(self) -> str:
        return self.sentence.text() if self.editor.property("invalid") else ""

    def set_error(self, sentence: str) -> None:
        """An empty sentence brings the hint back."""
        set_prop(self.editor, "invalid", bool(sentence))
        shown = sentence or self._hint
        self.sentence.setText(shown)
        self.sentence.set_kind("danger" if sentence else "muted")
        self.sentence.setVisible(bool(shown))
        self._icon.setVisible(bool(sentence))
        self.editor.setAccessibleDescription(shown)

    def set_hint(self, hint: str) -> None:
        self._hint = hint
        if not self.editor.property("invalid"):
            self.set_error("")

    def _restyle(self) -> None:
        px = self._theme.px
        self._column.setSpacing(px(4))
        self._foot.setSpacing(px(4))
        self._icon.setPixmap(self._theme.pixmap("error", "danger", 12))
        self._icon.setFixedSize(QSize(px(12), px(16)))
