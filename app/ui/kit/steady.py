"""Inputs that nobody changes by accident: the wheel scrolls past them unless they have the focus, and Esc undoes."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDoubleSpinBox, QSpinBox, QWidget


class Steady(QObject):
    """Watches one input. In a number Esc gives back what it held when it got the focus."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._before: float | None = None
        # By itself Qt gives the focus to a box that the wheel turns over.
        widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(watched, QWidget):
            return False
        if event.type() == QEvent.Type.Wheel and not watched.hasFocus():
            event.ignore()
            return True
        if isinstance(watched, QSpinBox | QDoubleSpinBox):
            if event.type() == QEvent.Type.FocusIn:
                self._before = watched.value()
            elif isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
                return event.key() == Qt.Key.Key_Escape and self._undo(watched)
        return False

    def _undo(self, box: QSpinBox | QDoubleSpinBox) -> bool:
        """Whether there was a change to undo; if not, Esc is for whatever is around the input."""
        if self._before is None or box.cleanText() == _text(box, self._before):
            return False
        if isinstance(box, QSpinBox):
            box.setValue(int(self._before))
        else:
            box.setValue(self._before)
        box.selectAll()
        return True


def _text(box: QSpinBox | QDoubleSpinBox, number: float) -> str:
    return box.textFromValue(int(number)) if isinstance(box, QSpinBox) else box.textFromValue(number)
