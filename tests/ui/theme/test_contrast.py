"""Every pair of colours that meets on the screen can be told apart."""

import pytest
from PySide6.QtGui import QColor

from app.ui.theme.tokens import DARK, HUES, LIGHT, TINTED, Tokens, high_contrast

BACKS = ("window", "panel", "surface", "sunken")
CODE_BACKS = ("sunken", "surface", "hover", "add", "dele")
PARTS = ("system", "tools", "tool_rules", "memory", "summary", "files", "messages")
TEXT, GRAPHIC = 4.5, 3.0

TEXT_PAIRS = [
    *((ink, back) for ink in ("text", "text2", "muted") for back in (*BACKS, "hover", "selected", "userbubble")),
    *(("text", back) for back in ("addstrong", "delstrong", "accenttint", "add", "dele")),
    *(("text2", back) for back in ("accenttint", "dangertint", "warntint", "infotint", "oktint", "add", "dele")),
    *(("accent", back) for back in (*BACKS, "hover", "selected", "accenttint")),
    ("onaccent", "accentfill"),
    *((hue, f"{hue}tint") for hue in TINTED),
    *((hue, back) for hue in (*TINTED, *HUES) for back in ("panel", "surface")),
    ("ok", "add"),
    ("danger", "dele"),
    *((ink, back) for ink in ("plum", "ok", "info", "accent", "muted", "text") for back in CODE_BACKS),
    ("toast_text", "toast_bg"),
    ("toast_text2", "toast_bg"),
    ("toast_button", "toast_bg"),
]
GRAPHIC_PAIRS = [
    *(("control", back) for back in (*BACKS, "hover")),
    *(("focus", back) for back in BACKS),
    *((f"part_{kind}", back) for kind in PARTS for back in ("panel", "surface", "sunken")),
    *((fill, "track") for fill in ("part_system", "accent", "accentfill", "warn", "danger")),
    ("danger", "dangertint"),
]


def luminance(color: str) -> float:
    def channel(value: float) -> float:
        return value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4

    rgb = QColor(color)
    return 0.2126 * channel(rgb.redF()) + 0.7152 * channel(rgb.greenF()) + 0.0722 * channel(rgb.blueF())


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


THEMES = [
    pytest.param(LIGHT, id="light"),
    pytest.param(DARK, id="dark"),
    pytest.param(high_contrast(LIGHT), id="light-contrast"),
    pytest.param(high_contrast(DARK), id="dark-contrast"),
]


@pytest.mark.parametrize("tokens", THEMES)
def test_text_can_be_read_on_every_background_it_is_used_on(tokens: Tokens) -> None:
    weak = {
        pair: round(ratio, 2)
        for pair in TEXT_PAIRS
        if (ratio := contrast(getattr(tokens, pair[0]), getattr(tokens, pair[1]))) < TEXT
    }
    assert weak == {}


@pytest.mark.parametrize("tokens", THEMES)
def test_borders_rings_and_bars_stand_out(tokens: Tokens) -> None:
    weak = {
        pair: round(ratio, 2)
        for pair in GRAPHIC_PAIRS
        if (ratio := contrast(getattr(tokens, pair[0]), getattr(tokens, pair[1]))) < GRAPHIC
    }
    assert weak == {}


@pytest.mark.parametrize("tokens", [LIGHT, DARK])
def test_high_contrast_knows_no_faint_text_lines_or_tints(tokens: Tokens) -> None:
    strong = high_contrast(tokens)
    assert (strong.line, strong.muted) == (tokens.control, tokens.text2)
    assert {getattr(strong, f"{hue}tint") for hue in TINTED} == {tokens.surface}
