"""Fills the stylesheet template: colours by name, lengths by scale."""

import re
from collections.abc import Callable

from PySide6.QtGui import QColor

from app.ui.theme.tokens import Tokens

COLOR = re.compile(r"\$([a-z][a-z0-9_]*)")
CALL = re.compile(r"\b(pad|inner|knob|bend|edge|deeper|deepest|twice)\(([a-z0-9_]+)\)")
ICON = re.compile(r"\bicon\(([a-z-]+), ([a-z0-9_]+)\)")
LENGTH = re.compile(r"(?<![\w#])(-?\d+(?:\.\d+)?)px\b")
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def fill(template: str, tokens: Tokens, px: Callable[[float], int], url: Callable[[str, str], str]) -> str:
    """`$name` is a colour, `7px` a length at 100 %.

    `pad(10)` and `inner(26)` are a padding and a height beside a focus ring, which is one step thicker than a border.
    `knob(5)` and `bend(5)` make a circle of the handle that stands out of a groove of 4 by so much on either side.
    `edge(warn)` is the border of a tint: the tint itself, or the hue in high contrast.
    `deeper(accentfill)` is 8 % darker, `deepest(accentfill)` twice that, `twice(hover)` as far beyond hover as hover is
    from surface. `icon(check, onaccent)` is the address of a tinted icon file.
    """
    ring = px(2) - px(1)

    def call(match: re.Match[str]) -> str:
        name, argument = match.groups()
        if name == "pad":
            return f"{px(float(argument)) - ring}@@"
        if name == "inner":
            return f"{px(float(argument)) - 2 * ring}@@"
        if name in ("knob", "bend"):
            across = px(4) + 2 * px(float(argument))
            return f"{across - 2 * px(2) if name == 'knob' else across // 2}@@"
        if name == "edge":
            return tokens.color(argument if tokens.high_contrast else f"{argument}tint")
        if name == "deeper":
            return QColor(tokens.color(argument)).darker(108).name()
        if name == "deepest":
            return QColor(tokens.color(argument)).darker(117).name()
        return beyond(tokens.surface, tokens.color(argument))

    text = COMMENT.sub("", template)
    text = CALL.sub(call, text)
    text = COLOR.sub(lambda match: tokens.color(match.group(1)), text)
    text = LENGTH.sub(lambda match: f"{px(float(match.group(1)))}px", text).replace("@@", "px")
    return ICON.sub(lambda match: url(match.group(1), tokens.color(match.group(2))), text)


def beyond(start: str, step: str) -> str:
    """The colour as far past `step` as `step` is from `start`."""
    first, second = QColor(start), QColor(step)
    pairs = ((second.red(), first.red()), (second.green(), first.green()), (second.blue(), first.blue()))
    return QColor(*(max(0, min(255, 2 * b - a)) for b, a in pairs)).name()
