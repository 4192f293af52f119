"""The field in which a block's text is written, in its card or on a page."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from app.ui.kit.line_numbers import LineNumbers
from app.ui.theme import Theme

ROWS_MIN, ROWS_MAX = 3, 14
MOST_HIGH = 16_777_215
"""Qt's own bound, which means none."""


class TextField(QPlainTextEdit):
    """As high as its text, within bounds; a wide one fills its place and numbers its lines. Tab leaves it."""

    save_pressed = Signal()
    cancel_pressed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._numbers: LineNumbers | None = None
        """There while it is wide."""
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().documentLayout().documentSizeChanged.connect(lambda: self._fit())
        self.blockCountChanged.connect(lambda: self._number_lines())
        theme.changed.connect(self._restyle)
        self._restyle()

    @property
    def text(self) -> str:
        """As `toPlainText`, which would make plain spaces of no-break ones."""
        return self.document().toRawText().replace("\u2029", "\n").replace("\u2028", "\n")

    def set_wide(self, wide: bool) -> None:
        if self._numbers is not None:
            self._numbers.deleteLater()
        self._numbers = LineNumbers(self._theme, self) if wide else None
        self._number_lines()
        if wide:
            self.setMinimumHeight(0)
            self.setMaximumHeight(MOST_HIGH)
        else:
            self._fit()

    def _number_lines(self) -> None:
        left = self._numbers.needed if self._numbers is not None else 0
        self.setViewportMargins(left, 0, 0, 0)
        if self._numbers is not None:
            self._numbers.place()
            self._numbers.show()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if event.matches(QKeySequence.StandardKey.Save) or (enter and control):
            self.save_pressed.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.cancel_pressed.emit()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width wraps the text into another number of rows."""
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self._fit()

    def _fit(self) -> None:
        if self._numbers is not None:
            return
        rows = round(self.document().size().height())
        line = QFontMetrics(self.font()).lineSpacing()
        frame = 2 * (self._theme.px(6) + self._theme.px(1)) + 2 * round(self.document().documentMargin())
        self.setFixedHeight(max(ROWS_MIN, min(rows, ROWS_MAX)) * line + frame)

    def _restyle(self) -> None:
        self.setFont(self._theme.font("mono"))
        self._number_lines()
        self._fit()
