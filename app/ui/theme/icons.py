"""Icons and the mark as pixmaps: one drawing per name, colour, size and pixel ratio."""

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from app.resources import read_resource, resource
from app.ui.theme.tokens import LIGHT, Tokens

RATIOS = (1.0, 2.0)
"""Pixel ratios every icon carries; a screen in between takes the next larger one."""


def icon_names() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in resource("icons").glob("*.svg")))


class IconCache:
    """Pixmaps by everything that changes them. Colours are part of the key, so a change of theme needs no clearing."""

    def __init__(self) -> None:
        self._pixmaps: dict[tuple[str, str, int, float], QPixmap] = {}
        self._icons: dict[tuple[str, str, str, str, int, int], QIcon] = {}

    def pixmap(self, name: str, color: QColor, size: int, ratio: float) -> QPixmap:
        key = (name, color.name(), size, ratio)
        found = self._pixmaps.get(key)
        if found is None:
            svg = read_resource("icons", f"{name}.svg").replace("currentColor", color.name())
            found = self._pixmaps[key] = render(svg, size, ratio)
        return found

    def icon(self, name: str, normal: QColor, on: QColor, disabled: QColor, size: int, gap: int = 0) -> QIcon:
        """`gap`: free pixels behind it (before it if negative), where the style leaves too few to the text."""
        key = (name, normal.name(), on.name(), disabled.name(), size, gap)
        found = self._icons.get(key)
        if found is None:
            found = self._icons[key] = QIcon()
            for ratio in RATIOS:
                plain, chosen, grey = (
                    widened(self.pixmap(name, color, size, ratio), gap) for color in (normal, on, disabled)
                )
                for mode in (QIcon.Mode.Normal, QIcon.Mode.Active, QIcon.Mode.Selected):
                    found.addPixmap(plain, mode, QIcon.State.Off)
                    found.addPixmap(chosen, mode, QIcon.State.On)
                found.addPixmap(grey, QIcon.Mode.Disabled, QIcon.State.Off)
                found.addPixmap(grey, QIcon.Mode.Disabled, QIcon.State.On)
        return found

    def mark(self, tokens: Tokens, size: int, ratio: float) -> QPixmap:
        """The niche with its flame, in the colours of the theme."""
        key = ("mark", tokens.mark, size, ratio)
        found = self._pixmaps.get(key)
        if found is None:
            svg = read_resource("lares.svg" if size >= 24 else "lares-small.svg")
            for plain, themed in (
                (LIGHT.mark, tokens.mark),
                (LIGHT.mark_inside, tokens.mark_inside),
                (LIGHT.mark_glow, tokens.mark_glow),
            ):
                svg = svg.replace(plain, themed)
            found = self._pixmaps[key] = render(svg, size, ratio)
        return found


def widened(pixmap: QPixmap, gap: int) -> QPixmap:
    if not gap:
        return pixmap
    ratio = pixmap.devicePixelRatio()
    wide = QPixmap(QSize(pixmap.width() + round(abs(gap) * ratio), pixmap.height()))
    wide.fill(Qt.GlobalColor.transparent)
    wide.setDevicePixelRatio(ratio)
    painter = QPainter(wide)
    painter.drawPixmap(max(0, -gap), 0, pixmap)
    painter.end()
    return wide


def render(svg: str, size: int, ratio: float) -> QPixmap:
    renderer = QSvgRenderer(QByteArray(svg.encode()))
    pixmap = QPixmap(QSize(round(size * ratio), round(size * ratio)))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter, QRectF(0, 0, pixmap.width(), pixmap.height()))
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap
