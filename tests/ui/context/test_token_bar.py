"""The token bar: what it shows, says and does under the keyboard."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.ui.context.token_bar import TokenBar, TokenLegend
from app.ui.theme import Theme

PARTS = [("system", "System", 400), ("memory", "human", 100), ("memory", "plans", 200), ("messages", "Messages", 3300)]


@pytest.fixture
def bar(theme: Theme, qtbot: QtBot) -> Iterator[TokenBar]:
    window = QWidget()
    qtbot.addWidget(window)
    bar = TokenBar(theme, parent=window)
    bar.resize(400, 14)
    window.resize(420, 40)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    bar.set_parts(PARTS, 8000, 2000)
    bar.clearFocus()
    yield bar
    window.close()


def test_the_bar_speaks_every_part_with_its_share(bar: TokenBar) -> None:
    said = bar.accessibleDescription()
    assert said.startswith("4,000 of 8,000 tokens")
    assert "human, 100 tokens, 1 percent" in said
    assert "Kept for reply, 2,000 tokens, 25 percent" in said
    bar.set_parts([("system", "System", 7000)], 8000, 500)
    assert "human" not in bar.accessibleDescription()


def test_arrows_walk_over_the_parts_and_enter_opens_one(bar: TokenBar, qtbot: QtBot) -> None:
    bar.setFocus(Qt.FocusReason.TabFocusReason)
    assert bar.current is not None
    assert bar.current.label == "System"
    qtbot.keyClick(bar, Qt.Key.Key_Right)
    assert bar.accessibleDescription() == "human, 100 tokens, 1 percent"
    with qtbot.waitSignal(bar.part_opened) as opened:
        qtbot.keyClick(bar, Qt.Key.Key_Return)
    assert opened.args == ["memory", "human"]
    qtbot.keyClick(bar, Qt.Key.Key_End)
    assert bar.current.kind == "kept"
    qtbot.keyClick(bar, Qt.Key.Key_Right)
    assert bar.current.kind == "kept"
    bar.clearFocus()
    assert bar.current is None


def test_parts_fill_the_bar_in_proportion(bar: TokenBar) -> None:
    boxes = bar.boxes()
    width = bar.width() - 2
    assert boxes[0][1].width() == pytest.approx(width * 400 / 8000, abs=1)
    assert boxes[-1][1].right() == pytest.approx(width + 1, abs=1)
    assert all(left[1].right() <= right[1].x() + 0.01 for left, right in pairwise(boxes))


def test_a_window_of_unknown_size_says_so(bar: TokenBar) -> None:
    bar.set_parts(PARTS, 0, 0)
    assert bar.accessibleDescription().startswith("size unknown")
    assert not bar.near_limit
    assert bar.boxes()[-1][1].right() < bar.width()


def test_what_the_server_does_not_read_is_told(bar: TokenBar) -> None:
    bar.set_parts(PARTS, 8000, 2000, served=4096)
    assert bar.cut == 8000 - 4096
    assert "the server reads only 4,096" in bar.accessibleDescription()


@pytest.mark.parametrize(("used", "near"), [(5000, False), (5200, True), (9000, True)])
def test_the_limit_is_near_from_ninety_percent(bar: TokenBar, used: int, near: bool) -> None:
    bar.set_parts([("messages", "Messages", used)], 8000, 2000)
    assert bar.near_limit is near


def test_the_legend_adds_up_each_kind(bar: TokenBar, theme: Theme, qtbot: QtBot) -> None:
    legend = TokenLegend(theme, bar)
    qtbot.addWidget(legend)
    assert [(row.label, row.tokens) for row in legend.rows] == [
        ("System", 400),
        ("Memory", 300),
        ("Messages", 3300),
        ("Kept for reply", 2000),
    ]
    bar.set_parts([("files", "notes.md", 50)], 8000, 0)
    assert legend.accessibleDescription() == "Files 50"
    assert legend.heightForWidth(300) < legend.heightForWidth(100) * 2


def test_theme_and_scale_reach_the_bar(bar: TokenBar, theme: Theme) -> None:
    light = bar.grab().toImage()
    theme.set_mode("dark")
    assert bar.grab().toImage() != light
    theme.set_scale(2.0)
    assert bar.height() == 28
