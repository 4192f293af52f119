"""A number to type or step, as high and with the same inset as every other field."""

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QSpinBox, QWidget

from app.ui.kit.steady import Steady
from app.ui.theme import Theme


def _dress(box: QAbstractSpinBox, theme: Theme) -> None:
    """The stylesheet's padding does not reach the text of a spin box."""
    box.lineEdit().setTextMargins(theme.px(7), 0, 0, 0)
    box.setFixedHeight(theme.px(28))


class NumberField(QSpinBox):
    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        Steady(self)
        self.setGroupSeparatorShown(True)
        _dress(self, theme)
        theme.changed.connect(self._restyle)

    def _restyle(self) -> None:
        _dress(self, self._theme)

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width() + self._theme.px(14), self._theme.px(28))


class DecimalField(QDoubleSpinBox):
    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        Steady(self)
        _dress(self, theme)
        theme.changed.connect(self._restyle)

    def _restyle(self) -> None:
        _dress(self, self._theme)

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width() + self._theme.px(14), self._theme.px(28))
