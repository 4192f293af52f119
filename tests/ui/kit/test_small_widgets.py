"""Buttons, badges, choices, sections, notices: what they do with real keys and clicks."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QLabel, QLineEdit, QSlider, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.ui.kit.badge import Badge
from app.ui.kit.banner import Banner
from app.ui.kit.buttons import BUSY_AFTER_MS, Button, IconButton
from app.ui.kit.empty_state import EmptyState
from app.ui.kit.field import Field
from app.ui.kit.flame import Flame
from app.ui.kit.labels import ElidedLabel
from app.ui.kit.layout import Choice
from app.ui.kit.number_field import DecimalField, NumberField
from app.ui.kit.section import Section
from app.ui.kit.segmented import Segmented
from app.ui.kit.splitter import Splitter
from app.ui.kit.steady import Steady
from app.ui.kit.switch import Switch
from app.ui.kit.tile import Tile, hue_of
from app.ui.kit.toast import ToastHost
from app.ui.kit.usage_bar import UsageBar
from app.ui.palette.palette import Palette, PaletteRow
from app.ui.theme import Theme
from app.ui.window.overlay import OverlayColumn
from tests.support.window.looks import nameless, wide_window


def test_a_button_keeps_its_text_while_busy_and_shows_it_late(theme: Theme, show: Callable, qtbot: QtBot) -> None:
    button = show(Button(theme, "Save", "primary"))
    before = button.grab().toImage()
    button.set_busy(True)
    assert button.text() == "Save"
    assert button.grab().toImage() == before
    qtbot.waitUntil(lambda: button.grab().toImage() != before, timeout=4 * BUSY_AFTER_MS)
    button.set_busy(False)
    assert not button.busy


def test_enter_presses_the_button_that_has_the_focus(theme: Theme, show: Callable, qtbot: QtBot) -> None:
    holder, pressed = QWidget(), []
    column = QVBoxLayout(holder)
    button, icon, box = Button(theme, "Save"), IconButton(theme, "close", "Close"), QCheckBox("Again")
    for one in (button, icon, box):
        column.addWidget(one)
        one.clicked.connect(lambda *_, one=one: pressed.append(one))
    with qtbot.waitActive(holder):
        show(holder)
        holder.activateWindow()
    for one in (button, icon, box):
        one.setFocus()
        qtbot.keyClick(one, Qt.Key.Key_Return)
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert pressed == [button, icon]


def test_an_icon_button_says_its_command_and_shortcut(theme: Theme, qtbot: QtBot) -> None:
    button = IconButton(theme, "search", "Find", "Ctrl+F")
    qtbot.addWidget(button)
    assert button.accessibleName() == "Find"
    assert button.toolTip() == "Find (Ctrl+F)"
    assert min(button.width(), button.height()) >= 24


def test_an_elided_label_keeps_the_whole_text_at_hand(theme: Theme, show: Callable) -> None:
    label = show(ElidedLabel(theme, "A rather long sentence that does not fit"))
    label.resize(80, 20)
    assert label.text().endswith("…")
    assert label.toolTip() == label.accessibleName() == "A rather long sentence that does not fit"
    label.resize(900, 20)
    assert label.text() == label.whole_text
    assert label.toolTip() == ""


def test_a_clickable_badge_works_by_mouse_and_keyboard(theme: Theme, show: Callable, qtbot: QtBot) -> None:
    badge = show(Badge(theme, "Shared with 2 agents", "info", "shared"))
    badge.set_clickable(True)
    clicks: list[int] = []
    badge.clicked.connect(lambda: clicks.append(1))
    qtbot.mouseClick(badge, Qt.MouseButton.LeftButton)
    qtbot.keyClick(badge, Qt.Key.Key_Return)
    assert len(clicks) == 2


def test_a_tile_keeps_its_hue_when_the_agent_is_renamed(theme: Theme, qtbot: QtBot) -> None:
    tile = Tile(theme, "Juno", "agent-1")
    qtbot.addWidget(tile)
    tile.set_agent("Vesta", "agent-1")
    assert tile.accessibleName() == "Vesta"
    assert hue_of("agent-1") == hue_of("agent-1")
    assert len({hue_of(f"agent-{n}") for n in range(40)}) == 5


def test_arrows_move_a_choice_and_skip_what_is_disabled(theme: Theme, show: Callable, qtbot: QtBot) -> None:
    row = show(Segmented(theme, [("a", "A"), ("b", "B"), ("c", "C")], "a"))
    row.set_choice_enabled("b", False, "Not yet")
    chosen: list[str] = []
    row.chosen.connect(chosen.append)
    qtbot.keyClick(row.button("a"), Qt.Key.Key_Right)
    assert chosen == ["c"]
    assert row.button("c").hasFocus()
    qtbot.keyClick(row.button("c"), Qt.Key.Key_Right)
    qtbot.mouseClick(row.button("a"), Qt.MouseButton.LeftButton)
    qtbot.mouseClick(row.button("a"), Qt.MouseButton.LeftButton)
    assert chosen == ["c", "a"]
    assert row.button("b").toolTip() == "Not yet"


def test_setting_a_choice_from_the_program_tells_nobody(theme: Theme, qtbot: QtBot) -> None:
    row = Segmented(theme, [("a", "A"), ("b", "B")])
    qtbot.addWidget(row)
    with qtbot.assertNotEmitted(row.chosen):
        row.set_current("b")
    assert row.current == "b"


def test_a_switch_toggles_by_space_and_by_a_click_anywhere(theme: Theme, show: Callable, qtbot: QtBot) -> None:
    switch = show(Switch(theme, "Write files"))
    qtbot.keyClick(switch, Qt.Key.Key_Space)
    assert switch.isChecked()
    qtbot.mouseClick(switch, Qt.MouseButton.LeftButton, pos=switch.rect().center())
    assert not switch.isChecked()
    assert switch.accessibleName() == "Write files"
    assert switch.sizeHint().height() >= 24


@pytest.mark.parametrize(
    ("used", "tone"), [(0, "part_system"), (1799, "part_system"), (1800, "warn"), (2000, "warn"), (2001, "danger")]
)
def test_a_usage_bar_warns_from_ninety_percent(theme: Theme, qtbot: QtBot, used: int, tone: str) -> None:
    bar = UsageBar(theme, "Characters")
    qtbot.addWidget(bar)
    bar.set_usage(used, 2000)
    assert bar.tone == tone
    assert bar.accessibleDescription() == f"{used:,} of 2,000"


def test_the_flame_moves_only_where_motion_is_wanted(theme: Theme, show: Callable, qtbot: QtBot) -> None:
    flame = show(Flame(theme))
    assert not flame.moving
    theme.set_reduced_motion(False)
    assert flame.moving
    qtbot.waitUntil(lambda: flame.low, timeout=3000)
    flame.hide()
    assert not flame.moving


def test_a_section_folds_by_keyboard_and_says_what_the_key_does(theme: Theme, show: Callable, qtbot: QtBot) -> None:
    section = Section(theme, "Tools", "7", foldable=True)
    inside = QLabel("inside")
    section.add(inside)
    run: list[int] = []
    add = section.add_action("plus", "Add a tool", lambda: run.append(1))
    show(section)
    fold = next(child for child in section.findChildren(QWidget) if child.accessibleName() == "Collapse Tools")
    qtbot.keyClick(fold, Qt.Key.Key_Space)
    assert section.folded
    assert not inside.isVisible()
    assert fold.accessibleName() == "Expand Tools"
    qtbot.keyClick(fold, Qt.Key.Key_Space)
    assert inside.isVisible()
    qtbot.mouseClick(add, Qt.MouseButton.LeftButton)
    assert run == [1]


def test_a_field_shows_its_sentence_and_gives_the_hint_back(theme: Theme, show: Callable) -> None:
    field = show(Field(theme, "Address", QLineEdit(), "Host and port"))
    field.set_error("This address has no port.")
    assert field.error == "This address has no port."
    assert field.editor.property("invalid")
    assert field.editor.accessibleDescription() == "This address has no port."
    assert field.editor.accessibleName() == "Address"
    field.set_error("")
    assert field.sentence.text() == "Host and port"


def test_an_empty_state_offers_its_ways_on(theme: Theme, show: Callable, qtbot: QtBot) -> None:
    pressed: list[str] = []
    state = show(
        EmptyState(theme, "agent", "No agents yet", "A starter has memory.", [("Create", lambda: pressed.append("c"))])
    )
    qtbot.mouseClick(state.buttons[0], Qt.MouseButton.LeftButton)
    assert pressed == ["c"]


def test_the_worst_banner_wins_and_the_next_one_comes_back(theme: Theme, show: Callable, qtbot: QtBot) -> None:
    banner = Banner(theme)
    qtbot.addWidget(banner)
    banner.show_message("back", "The engine is running again.")
    banner.show_message("cut", "Ollama cut the last request.", "danger", actions=[("Compact", lambda: None)])
    banner.show_message("size", "About 5 messages left.", "warn")
    assert banner.shown == "cut"
    assert [button.text() for button in banner.buttons] == ["Compact"]
    with qtbot.waitSignal(banner.closed) as closed:
        qtbot.mouseClick(banner.findChild(IconButton), Qt.MouseButton.LeftButton)
    assert closed.args == ["cut"]
    assert banner.shown == "size"
    banner.clear("size")
    banner.clear("back")
    assert banner.isHidden()


ROWS = [PaletteRow("agent", name, "agent", value=name) for name in ("Juno", "Vesta", "Archivist")]


def _rank(query: str) -> list[PaletteRow]:
    return [row for row in ROWS if query.lower() in row.title.lower()]


def test_the_palette_chooses_by_keyboard_and_gives_the_focus_back(theme: Theme, show: Callable, qtbot: QtBot) -> None:
    window = wide_window(show)
    before = QLineEdit(window)
    before.show()
    before.setFocus()
    palette = Palette(theme, window)
    palette.open_palette(_rank)
    assert palette.field.hasFocus()
    assert palette.y() == 80
    qtbot.keyClick(palette.field, Qt.Key.Key_Down)
    with qtbot.waitSignal(palette.chosen) as chosen:
        qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert chosen.args == ["Vesta"]
    assert palette.isHidden()
    assert before.hasFocus()


def test_the_palette_narrows_while_typing_and_offers_a_search(theme: Theme, show: Callable, qtbot: QtBot) -> None:
    palette = Palette(theme, wide_window(show))
    palette.open_palette(_rank)
    qtbot.keyClicks(palette.field, "arch")
    assert [row.title for row in palette.rows] == ["Archivist"]
    qtbot.keyClicks(palette.field, "xyz")
    assert palette.everywhere.isVisible()
    with qtbot.waitSignal(palette.search_everywhere) as asked:
        qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert asked.args == ["archxyz"]


def test_escape_and_a_click_outside_close_the_palette(theme: Theme, show: Callable, qtbot: QtBot) -> None:
    window = wide_window(show)
    palette = Palette(theme, window)
    palette.open_palette(_rank)
    qtbot.keyClick(palette.field, Qt.Key.Key_Escape)
    assert palette.isHidden()
    palette.open_palette(_rank)
    qtbot.mouseClick(window, Qt.MouseButton.LeftButton, pos=window.rect().bottomLeft())
    assert palette.isHidden()


def _panes(theme: Theme, show: Callable) -> Splitter:
    splitter = Splitter(theme)
    for _ in range(3):
        splitter.addWidget(QWidget())
    splitter.resize(900, 300)
    splitter.setSizes([200, 500, 200])
    return show(splitter)


def test_a_border_moves_by_keyboard(theme: Theme, show: Callable, qtbot: QtBot) -> None:
    splitter = _panes(theme, show)
    before = splitter.sizes()
    qtbot.keyClick(splitter.handle(1), Qt.Key.Key_Right)
    assert splitter.sizes()[0] == before[0] + 16
    qtbot.keyClick(splitter.handle(1), Qt.Key.Key_Left)
    assert splitter.sizes() == before


def test_a_double_click_folds_the_outer_pane_and_it_comes_back_as_wide(
    theme: Theme, show: Callable, qtbot: QtBot
) -> None:
    splitter = _panes(theme, show)
    width = splitter.sizes()[2]
    with qtbot.waitSignal(splitter.pane_folded) as folded:
        qtbot.mouseDClick(splitter.handle(2), Qt.MouseButton.LeftButton)
    assert folded.args == [2, True]
    assert splitter.is_folded(2)
    splitter.set_folded(2, False)
    assert splitter.sizes()[2] == width


def test_a_column_over_the_centre_closes_by_escape_and_gives_the_focus_back(
    theme: Theme, show: Callable, qtbot: QtBot
) -> None:
    window = wide_window(show)
    before = QLineEdit(window)
    before.show()
    before.setFocus()
    column = OverlayColumn(theme, window, "right")
    content = QWidget()
    inner = QVBoxLayout(content)
    field = QLineEdit()
    inner.addWidget(field)
    column.set_content(content)
    column.open_column(280, top=44, bottom=26)
    assert column.geometry().getRect() == (620, 44, 280, 530)
    field.setFocus()
    with qtbot.waitSignal(column.closed):
        qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert column.isHidden()
    assert before.hasFocus()
    assert column.take_content() is content
    qtbot.addWidget(content)


def test_number_fields_are_as_high_as_other_fields(theme: Theme, show: Callable) -> None:
    for field in (NumberField(theme), DecimalField(theme)):
        assert show(field).height() == QLineEdit().sizeHint().height() == 28


def test_every_widget_a_key_can_reach_has_a_name(theme: Theme, show: Callable) -> None:
    window = wide_window(show)
    column = QVBoxLayout(window)
    banner = Banner(theme)
    banner.show_message("a", "Sentence.", actions=[("Try again", lambda: None)])
    section = Section(theme, "Tools", foldable=True)
    section.add_action("plus", "Add a tool", lambda: None)
    for widget in (
        banner,
        section,
        Segmented(theme, [("a", "A"), ("b", "B")]),
        Switch(theme, "Write files"),
        Field(theme, "Name", QLineEdit()),
        EmptyState(theme, "agent", "Nothing", "", [("Create", lambda: None)]),
    ):
        column.addWidget(widget)
    ToastHost(theme, window).show_toast("Saved", action="Undo")
    Palette(theme, window).open_palette(_rank)
    assert nameless(window) == []


def test_a_badge_that_gets_an_icon_later_makes_room_for_it(qtbot: QtBot, theme: Theme) -> None:
    late, early = Badge(theme, ""), Badge(theme, "Serving", "ok", "check")
    for badge in (late, early):
        qtbot.addWidget(badge)
        badge.show()
    late.set_badge("Serving", "ok", "check")
    assert (late.sizeHint(), late.contentsMargins()) == (early.sizeHint(), early.contentsMargins())


def _turn(widget: QWidget) -> None:
    middle = QPointF(widget.rect().center())
    turned = QWheelEvent(
        middle,
        QPointF(widget.mapToGlobal(middle.toPoint())),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, turned)


@pytest.mark.parametrize("kind", ["whole", "decimal", "choice", "slider"])
def test_the_wheel_changes_only_what_has_the_focus(theme: Theme, show: Callable, qtbot: QtBot, kind: str) -> None:
    choice = Choice("Size")
    choice.addItems(["a", "b", "c"])
    inputs = {"whole": NumberField(theme), "decimal": DecimalField(theme), "choice": choice, "slider": QSlider()}
    Steady(inputs["slider"])
    column = QWidget()
    layout = QVBoxLayout(column)
    other = QLineEdit()
    for widget in (other, inputs[kind]):
        layout.addWidget(widget)
    show(column)
    widget = inputs[kind]
    read = widget.currentIndex if isinstance(widget, QComboBox) else widget.value
    if not isinstance(widget, QComboBox):
        widget.setValue(7)
    before = read()
    other.setFocus()
    _turn(widget)
    assert read() == before
    assert other.hasFocus()
    widget.setFocus()
    _turn(widget)
    assert read() != before


def test_escape_in_a_number_takes_its_change_back(theme: Theme, show: Callable, qtbot: QtBot) -> None:
    number = NumberField(theme)
    number.setRange(0, 100_000)
    number.setValue(4096)
    show(number)
    number.setFocus()
    number.selectAll()
    qtbot.keyClicks(number, "12")
    qtbot.keyClick(number, Qt.Key.Key_Escape)
    assert number.value() == 4096
    assert number.cleanText().replace(",", "") == "4096"
