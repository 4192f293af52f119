"""A thin bar that shows how full something is."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui.theme import Theme

NEARLY_FULL = 0.9
"""From this share on it warns."""


class UsageBar(QWidget):
    """4 high. `tone` is a colour token; without one it warns by itself from 90 % and alarms above the limit."""

    def __init__(self, theme: Theme, name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._used = 0
        self._limit = 1
        self._tone = ""
        self.setAccessibleName(name or self.tr("Usage"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._restyle()
        theme.changed.connect(self._restyle)

    @property
    def share(self) -> float:
        return self._used / max(1, self._limit)

    @property
    def tone(self) -> str:
        if self._used > self._limit:
            return "danger"
        if self.share >= NEARLY_FULL:
            return "warn"
        return self._tone or "part_system"

    def set_usage(self, used: int, limit: int, tone: str = "") -> None:
        self._used, self._limit, self._tone = used, limit, tone
        self.setAccessibleDescription(self.tr("{0:,} of {1:,}").format(used, limit))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(60), self._theme.px(4))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        whole = QRectF(self.rect())
        radius = whole.height() / 2
        shape = QPainterPath()
        shape.addRoundedRect(whole, radius, radius)
        painter.setClipPath(shape)
        painter.fillRect(whole, self._theme.color("track"))
        width = whole.width() * min(1.0, self.share)
        if self._used:
            width = max(width, radius)
        left = 0.0 if self.layoutDirection() == Qt.LayoutDirection.LeftToRight else whole.width() - width
        painter.fillRect(QRectF(left, 0, width, whole.height()), self._theme.color(self.tone))

    def _restyle(self) -> None:
        self.setFixedHeight(self._theme.px(4))
        self.update()
