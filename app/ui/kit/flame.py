"""The flame: something is working now. Never decoration."""

from PySide6.QtCore import QRectF, QSize, QTimer
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from app.ui.theme import Theme
from app.ui.theme.motion import FLAME_MS

LOW = 0.86
"""Height of the second frame."""


class Flame(QWidget):
    """Two frames while shown, one when motion is reduced."""

    def __init__(self, theme: Theme, size: int = 14, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._size = size
        self._timer = QTimer(self)
        self._timer.setInterval(FLAME_MS)
        self._timer.timeout.connect(self._flicker)
        self.low = False
        self.setAccessibleName(self.tr("Working"))
        self._restyle()
        theme.changed.connect(self._restyle)

    @property
    def moving(self) -> bool:
        return self._timer.isActive()

    def sizeHint(self) -> QSize:
        side = self._theme.px(self._size)
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        pixmap = self._theme.pixmap("flame", "accent", self._size, self.devicePixelRatioF())
        whole = QRectF(self.rect())
        if self.low:
            painter.translate(whole.width(), whole.height() * (1 - LOW))
            painter.scale(-1, LOW)
        painter.drawPixmap(whole, pixmap, QRectF(pixmap.rect()))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._restyle()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()

    def _flicker(self) -> None:
        self.low = not self.low
        self.update()

    def _restyle(self) -> None:
        self.setFixedSize(self.sizeHint())
        if self.isVisible() and not self._theme.reduced_motion:
            self._timer.start()
        else:
            self._timer.stop()
            self.low = False
        self.update()
