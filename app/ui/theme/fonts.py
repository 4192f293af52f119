"""The two typefaces shipped with Lares, and the sizes and weights of each role."""

import sys
from dataclasses import dataclass

from PySide6.QtGui import QFont, QFontDatabase

from app.resources import resource

SANS = "Inter"
MONO = "JetBrains Mono"
EMOJI = {"win32": "Segoe UI Emoji", "darwin": "Apple Color Emoji"}.get(sys.platform, "Noto Color Emoji")
FILES = (
    "Inter-Regular.otf",
    "Inter-Medium.otf",
    "Inter-SemiBold.otf",
    "Inter-Italic.otf",
    "JetBrainsMono-Regular.ttf",
    "JetBrainsMono-Medium.ttf",
)


@dataclass(frozen=True)
class Role:
    size: int
    line: int
    """Line height in the same unit."""
    weight: int = 400
    mono: bool = False


ROLES = {
    "caption": Role(11, 16),
    "badge": Role(11, 16, 500),
    "label": Role(12, 16),
    "base": Role(13, 18),
    "strong": Role(13, 18, 600),
    "conversation": Role(14, 21),
    "agent": Role(14, 20, 600),
    "page": Role(20, 28, 600),
    "first": Role(26, 33, 600),
    "mono": Role(12, 18, mono=True),
    "code": Role(12, 19, mono=True),
    "diff": Role(12, 20, mono=True),
    "ids": Role(11, 16, mono=True),
}


def load_fonts() -> None:
    """Register the shipped fonts once per application."""
    have = set(QFontDatabase.families())
    if SANS in have and MONO in have and "Semi Bold" in QFontDatabase.styles(SANS):
        return
    for name in FILES:
        QFontDatabase.addApplicationFont(str(resource("fonts", name)))


def build_font(role: Role, pixels: int, weight: int | None = None) -> QFont:
    font = QFont([MONO if role.mono else SANS, EMOJI])
    font.setPixelSize(pixels)
    font.setWeight(QFont.Weight(weight or role.weight))
    font.setFeature(QFont.Tag("tnum"), 1)
    if role.mono:
        font.setStyleHint(QFont.StyleHint.Monospace)
        font.setFeature(QFont.Tag("zero"), 1)
        for ligatures in ("liga", "calt"):
            font.setFeature(QFont.Tag(ligatures), 0)
    return font
