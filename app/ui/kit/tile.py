"""The square with an agent's letter; its hue comes from the agent's id and so never changes."""

import zlib

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.ui.theme import Theme
from app.ui.theme.tokens import HUES


def hue_of(seed: str) -> str:
    return HUES[zlib.crc32(seed.encode()) % len(HUES)]


def letter_of(text: str) -> str:
    return next((sign.upper() for sign in text if not sign.isspace()), "·")


def paint_tile(painter: QPainter, theme: Theme, rect: QRectF, text: str, seed: str) -> None:
    """Also for delegates of lists."""
    hue = hue_of(seed)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(theme.color(hue) if theme.high_contrast else Qt.PenStyle.NoPen)
    painter.setBrush(theme.color(f"{hue}tint"))
    radius = theme.px(6)
    painter.drawRoundedRect(rect, radius, radius)
    font = QFont(theme.font("strong"))
    font.setPixelSize(max(8, round(rect.height() * 0.46)))
    painter.setFont(font)
    painter.setPen(theme.color(hue))
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, letter_of(text))
    painter.restore()


class Tile(QWidget):
    def __init__(self, theme: Theme, text: str, seed: str, size: int = 28, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._size = size
        self._text = text
        self._seed = seed
        self.set_agent(text, seed)
        self._restyle()
        theme.changed.connect(self._restyle)

    def set_agent(self, text: str, seed: str) -> None:
        self._text = text
        self._seed = seed
        self.setAccessibleName(text)
        self.update()

    def sizeHint(self) -> QSize:
        side = self._theme.px(self._size)
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_tile(painter, self._theme, QRectF(self.rect()), self._text, self._seed)

    def _restyle(self) -> None:
        self.setFixedSize(self.sizeHint())
        self.update()
