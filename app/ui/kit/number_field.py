"""A number to type or step, as high and with the same inset as every other field.

Nobody changes it by accident: the wheel scrolls past it unless it has the focus, and Esc gives back what it held then.
"""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QSpinBox, QWidget

from app.ui.theme import Theme


def _dress(box: QAbstractSpinBox, theme: Theme) -> None:
    """The stylesheet's padding does not reach the text of a spin box."""
    box.lineEdit().setTextMargins(theme.px(7), 0, 0, 0)
    box.setFixedHeight(theme.px(28))
    # By itself Qt gives the focus to a box that the wheel turns over.
    box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)


class NumberField(QSpinBox):
    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._before = self.value()
        self.setGroupSeparatorShown(True)
        _dress(self, theme)
        theme.changed.connect(self._restyle)

    def _restyle(self) -> None:
        _dress(self, self._theme)

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width() + self._theme.px(14), self._theme.px(28))

    def wheelEvent(self, event: QWheelEvent) -> None:
        super().wheelEvent(event) if self.hasFocus() else event.ignore()

    def setValue(self, val: int) -> None:
        super().setValue(val)
        self._before = self.value()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._before = self.value()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.cleanText() != self.textFromValue(self._before):
            self.setValue(self._before)
            self.selectAll()
        else:
            super().keyPressEvent(event)


class DecimalField(QDoubleSpinBox):
    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._before = self.value()
        _dress(self, theme)
        theme.changed.connect(self._restyle)

    def _restyle(self) -> None:
        _dress(self, self._theme)

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width() + self._theme.px(14), self._theme.px(28))

    def wheelEvent(self, event: QWheelEvent) -> None:
        super().wheelEvent(event) if self.hasFocus() else event.ignore()

    def setValue(self, val: float) -> None:
        super().setValue(val)
        self._before = self.value()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._before = self.value()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.cleanText() != self.textFromValue(self._before):
            self.setValue(self._before)
            self.selectAll()
        else:
            super().keyPressEvent(event)
