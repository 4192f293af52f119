"""Draws the icons of the installers from resources/lares*.svg: `.venv/bin/python packaging/make_icons.py`."""

import os
import struct
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PySide6.QtCore import QBuffer, QIODevice, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

HERE = Path(__file__).resolve().parent
RESOURCES = HERE.parent / "resources"
PANEL = "#F7F4EF"
"""The light theme's `panel`: the mark stands on a rounded square of it in a dock."""
ICNS_TYPES = {16: b"icp4", 32: b"icp5", 64: b"icp6", 128: b"ic07", 256: b"ic08", 512: b"ic09", 1024: b"ic10"}
ICO_SIZES = (16, 20, 24, 32, 48, 64, 128, 256)


def main() -> None:
    application = QGuiApplication([])
    icons = HERE / "icons"
    icons.mkdir(exist_ok=True)
    (icons / "lares.icns").write_bytes(icns({size: png(size, on_square=True) for size in ICNS_TYPES}))
    (icons / "lares.ico").write_bytes(ico({size: png(size) for size in ICO_SIZES}))
    (icons / "lares.png").write_bytes(png(256))
    del application


def png(size: int, on_square: bool = False) -> bytes:
    image = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    margin = 0.0
    if on_square:
        margin = size * 0.14
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(PANEL))
        painter.drawRoundedRect(QRectF(0, 0, size, size), size * 0.22, size * 0.22)
    drawing = RESOURCES / ("lares-small.svg" if size <= 20 else "lares.svg")
    QSvgRenderer(str(drawing)).render(painter, QRectF(margin, margin, size - 2 * margin, size - 2 * margin))
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(buffer.data().data())


def icns(pictures: dict[int, bytes]) -> bytes:
    """Apple's container: a type, a length and a PNG for each size."""
    body = b"".join(ICNS_TYPES[size] + struct.pack(">I", len(one) + 8) + one for size, one in pictures.items())
    return b"icns" + struct.pack(">I", len(body) + 8) + body


def ico(pictures: dict[int, bytes]) -> bytes:
    """Microsoft's container: a directory of sizes and offsets, then the PNGs."""
    directory = struct.pack("<HHH", 0, 1, len(pictures))
    offset = len(directory) + 16 * len(pictures)
    for size, one in pictures.items():
        # 256 is written as 0.
        directory += struct.pack("<BBBBHHII", size % 256, size % 256, 0, 0, 1, 32, len(one), offset)
        offset += len(one)
    return directory + b"".join(pictures.values())


if __name__ == "__main__":
    main()
