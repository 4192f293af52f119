"""Diagonal hatching as a tile that keeps its pitch at every scale and pixel ratio."""

from functools import cache

from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen, QPixmap

PITCH = 7
"""Along the edge; 5 across the lines."""


def hatch(color: QColor, scale: float, ratio: float) -> QBrush:
    """Slanting lines of this colour. `ratio`: pixels of the screen for one of Qt."""
    return QBrush(_tile(color.name(), scale, ratio))


@cache
def _tile(color: str, scale: float, ratio: float) -> QPixmap:
    side = max(4, round(PITCH * scale * ratio))
    tile = QPixmap(side, side)
    tile.fill(Qt.GlobalColor.transparent)
    painter = QPainter(tile)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(color), max(1.0, scale * ratio)))
    for offset in (-side, 0, side):
        painter.drawLine(offset - 1, side + 1, offset + side + 1, -1)
    painter.end()
    tile.setDevicePixelRatio(ratio)
    return tile
