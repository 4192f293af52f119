"""The theme: modes, scale, icons, type, and what a change of it reaches."""

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QColor, QFontInfo, QIcon
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSlider, QWidget
from pytestqt.qtbot import QtBot

from app.resources import read_resource
from app.ui.kit.labels import Label
from app.ui.theme import Motion, Theme
from app.ui.theme.fonts import ROLES
from app.ui.theme.icons import icon_names
from app.ui.theme.qss import fill
from app.ui.theme.tokens import DARK, LIGHT, high_contrast


def test_a_change_of_mode_changes_tokens_palette_and_tells_everybody(theme: Theme, qtbot: QtBot) -> None:
    with qtbot.waitSignal(theme.changed, timeout=1000):
        theme.set_mode("dark")
    assert theme.dark
    assert theme.tokens == DARK
    window = QWidget()
    qtbot.addWidget(window)
    assert window.palette().window().color() == QColor(DARK.panel)


def test_an_unknown_mode_changes_nothing(theme: Theme) -> None:
    theme.set_mode("sepia")
    assert (theme.mode, theme.tokens) == ("light", LIGHT)


@pytest.mark.parametrize(("asked", "got"), [(0.1, 0.8), (1.25, 1.25), (9.0, 2.0)])
def test_the_scale_stays_within_bounds(theme: Theme, asked: float, got: float) -> None:
    theme.set_scale(asked)
    assert theme.scale == got
    assert theme.px(0) == 0
    assert theme.px(1) >= 1
    assert theme.px(100) == round(100 * got)
    assert theme.font("base").pixelSize() == round(13 * got)


def test_borders_get_a_second_pixel_from_150_percent(theme: Theme) -> None:
    widths = []
    for scale in (1.0, 1.25, 1.49, 1.5, 2.0):
        theme.set_scale(scale)
        widths.append(theme.px(1))
    assert widths == [1, 1, 1, 2, 2]


def test_every_icon_draws_something_in_its_colour(theme: Theme) -> None:
    names = icon_names()
    assert len(names) >= 68
    for name in names:
        image = theme.pixmap(name, "accent", 16, 2.0).toImage()
        assert image.width() == 32, name
        inked = [image.pixelColor(x, y) for x in range(32) for y in range(32) if image.pixelColor(x, y).alpha() > 200]
        assert inked, f"{name} draws nothing"
        assert all(abs(color.red() - theme.color("accent").red()) < 12 for color in inked), f"{name} is not tinted"


def test_an_icon_is_drawn_once_per_colour_and_knows_its_disabled_look(theme: Theme) -> None:
    first, again = theme.icon("copy"), theme.icon("copy")
    assert first.cacheKey() == again.cacheKey()
    normal = first.pixmap(16, QIcon.Mode.Normal).toImage()
    disabled = first.pixmap(16, QIcon.Mode.Disabled).toImage()
    assert normal != disabled


def test_the_mark_follows_the_mode(theme: Theme) -> None:
    light = theme.mark(32, 1.0).toImage()
    theme.set_mode("dark")
    assert theme.mark(32, 1.0).toImage() != light
    assert not theme.mark(16, 1.0).isNull()


@pytest.mark.parametrize("role", ROLES)
def test_every_role_is_set_in_a_shipped_typeface(theme: Theme, role: str) -> None:
    shown = QFontInfo(theme.font(role))
    assert shown.family() == ("JetBrains Mono" if ROLES[role].mono else "Inter")
    assert shown.pixelSize() == ROLES[role].size
    assert shown.weight() == ROLES[role].weight


def test_the_stylesheet_leaves_no_word_of_the_template(theme: Theme) -> None:
    for tokens in (LIGHT, DARK, high_contrast(DARK)):
        text = fill(read_resource("theme.qss"), tokens, theme.px, lambda name, _color: f'url("{name}.svg")')
        for rest in ("$", "pad(", "inner(", "edge(", "twice(", "deeper(", "icon(", "@@"):
            assert rest not in text


def test_the_handle_of_a_slider_is_round_at_every_scale(theme: Theme, qtbot: QtBot) -> None:
    slider = QSlider(Qt.Orientation.Horizontal)
    qtbot.addWidget(slider)
    slider.setRange(0, 2)
    slider.setValue(1)
    for percent in (80, 100, 110, 125, 135, 150, 200):
        theme.set_scale(percent / 100)
        slider.resize(theme.px(120), theme.px(24))
        image = slider.grab().toImage()
        edge = theme.color("accentfill")
        middle = slider.width() // 2
        inked = [
            [image.pixelColor(x, y) == edge for x in range(middle + theme.px(2), slider.width())]
            for y in range(slider.height())
        ]
        rows = [row for row in inked if any(row)]
        assert sum(rows[0]) < sum(rows[1]) or sum(rows[0]) <= theme.px(4), f"it has corners at {percent} %"


def test_a_keyboard_ring_does_not_move_anything(theme: Theme, qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    row = QHBoxLayout(window)
    first, second = QPushButton("One"), QPushButton("Two")
    row.addWidget(first)
    row.addWidget(second)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    for scale in (1.0, 1.5, 2.0):
        theme.set_scale(scale)
        first.setFocus(Qt.FocusReason.OtherFocusReason)
        plain = second.sizeHint()
        qtbot.keyClick(first, Qt.Key.Key_Tab)
        assert second.hasFocus()
        assert second.property("ring")
        assert second.sizeHint() == plain


def test_a_ring_shows_for_keys_and_goes_with_a_click(theme: Theme, qtbot: QtBot) -> None:
    button = QPushButton("One")
    qtbot.addWidget(button)
    with qtbot.waitActive(button):
        button.show()
        button.activateWindow()
    button.clearFocus()
    button.setFocus(Qt.FocusReason.MouseFocusReason)
    assert not button.property("ring")
    button.clearFocus()
    button.setFocus(Qt.FocusReason.ShortcutFocusReason)
    assert button.property("ring")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert not button.property("ring")


def test_a_font_survives_a_new_parent_and_a_new_scale(theme: Theme, qtbot: QtBot) -> None:
    window, frame = QWidget(), QWidget()
    qtbot.addWidget(window)
    label = Label(theme, "Memory", "strong", parent=frame)
    frame.setParent(window)
    window.show()
    theme.set_scale(2.0)
    frame.setParent(None)
    frame.setParent(window)
    assert (label.font().weight(), label.font().pixelSize()) == (600, 26)


def test_reduced_motion_arrives_at_once(theme: Theme, qtbot: QtBot) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    seen: list[float] = []
    arrived: list[bool] = []
    Motion(theme, widget, seen.append).go(1.0, 200, lambda: arrived.append(True))
    assert (seen, arrived) == ([1.0], [True])


def test_motion_glides_to_its_goal(theme: Theme, qtbot: QtBot) -> None:
    theme.set_reduced_motion(False)
    widget = QWidget()
    qtbot.addWidget(widget)
    seen: list[float] = []
    arrived: list[bool] = []
    Motion(theme, widget, seen.append).go(1.0, 60, lambda: arrived.append(True))
    qtbot.waitUntil(lambda: bool(arrived), timeout=2000)
    assert seen[-1] == 1.0
    assert seen == sorted(seen)


class Polishings(QObject):
    """Counts how often the widgets that it watches are told of another style."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.StyleChange
        return False


def test_another_theme_polishes_each_widget_twice_however_deep_it_lies(theme: Theme) -> None:
    outermost = widget = QWidget()
    counted = Polishings()
    for _ in range(30):
        widget = QWidget(widget)
        widget.installEventFilter(counted)
    outermost.show()
    counted.count = 0
    theme.set_mode("dark" if theme.mode == "light" else "light")
    assert 0 < counted.count <= 2 * 30
    outermost.deleteLater()
