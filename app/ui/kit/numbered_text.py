"""Text that is only read, with numbered lines, the one under the cursor marked."""

import json

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QTextFormat
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QTextEdit

from app.ui.kit.layout import follow
from app.ui.kit.line_numbers import LineNumbers
from app.ui.theme import Theme


class NumberedText(QPlainTextEdit):
    """Read-only lines with their numbers; the one under the cursor is marked."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme = theme
        self.setReadOnly(True)
        self.setProperty("plain", True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName(name)
        self.setTabChangesFocus(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.numbers = LineNumbers(theme, self)
        self.cursorPositionChanged.connect(self._mark)
        follow(theme, self, self._restyle)

    def show_text(self, text: str) -> None:
        self.setPlainText(text)
        self._fit()
        self._mark()

    def _restyle(self) -> None:
        self.setFont(self._theme.font("mono"))
        self._fit()
        self._mark()

    def _fit(self) -> None:
        self.setViewportMargins(self.numbers.needed, 0, 0, 0)
        self.numbers.place()

    def _mark(self) -> None:
        line = QTextEdit.ExtraSelection()
        tint = QColor(self._theme.color("accenttint"))
        line.format.setBackground(tint)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
        line.format.setProperty(  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
            QTextFormat.Property.FullWidthSelection, True
        )
        line.cursor = self.textCursor()  # pyright: ignore[reportAttributeAccessIssue]
        line.cursor.clearSelection()
        self.setExtraSelections([line] if self.toPlainText() else [])


def spread_json(text: str) -> str:
    """JSON over several lines; anything else as it is."""
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=1)
    except ValueError:
        return text
