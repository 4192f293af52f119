"""The conversation's area: few cards at a time, the reader's place kept, the bottom followed."""

from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.ui.chat.cards.context import CardContext
from app.ui.chat.transcript.area import MOUNTED, TranscriptArea
from app.ui.chat.transcript.model import TranscriptModel
from app.ui.state.preferences import Preferences
from app.ui.theme import Theme
from app.ui.window.main_window import MainWindow
from tests.support.values.conversations import RunLog, a_run, correction, memory_change, page_of, said, small_talk


@pytest.fixture
def model(qapp: QApplication) -> TranscriptModel:
    return TranscriptModel()


@pytest.fixture
def area(qtbot: QtBot, theme: Theme, model: TranscriptModel) -> TranscriptArea:
    area = TranscriptArea(theme, model, CardContext(theme, agent_name="Juno", agent_id="agent-1"))
    qtbot.addWidget(area)
    area.resize(800, 500)
    area.show()
    return area


def in_view(area: TranscriptArea, key: str) -> int:
    """Distance of a card from the top of the view."""
    card = area.card(key)
    assert card is not None
    return card.y() - area.verticalScrollBar().value()


def tops_are_in_order(area: TranscriptArea) -> bool:
    cards = area.cards()
    return all(one.y() + one.height() <= other.y() for one, other in pairwise(cards))


def test_a_short_conversation_starts_at_the_top(area: TranscriptArea, model: TranscriptModel) -> None:
    model.load(small_talk(1, 2))
    assert area.verticalScrollBar().maximum() == 0
    assert area.cards()[0].y() < 60


def test_a_long_conversation_opens_at_its_end_with_few_cards(
    area: TranscriptArea, model: TranscriptModel, qtbot: QtBot
) -> None:
    model.load(small_talk(1, 250))
    assert area.at_bottom is True
    assert area.card(model.rows[-1].key) is not None
    qtbot.waitUntil(lambda: not area._ahead.isActive())
    assert 10 < area.mounted <= MOUNTED
    area.verticalScrollBar().setValue(0)
    qtbot.waitUntil(lambda: not area._ahead.isActive())
    assert area.card(model.rows[0].key) is not None
    for value in range(0, area.verticalScrollBar().maximum(), 400):
        area.verticalScrollBar().setValue(value)
        assert area.mounted <= MOUNTED
    assert area.card(model.rows[0].key) is None
    assert tops_are_in_order(area)


def test_an_earlier_page_leaves_the_reader_where_he_was(area: TranscriptArea, model: TranscriptModel) -> None:
    model.load(small_talk(51, 50, has_earlier=True))
    area.verticalScrollBar().setValue(300)
    place = area.anchor()
    assert place is not None
    model.prepend(small_talk(1, 50))
    assert area.anchor() == place
    assert tops_are_in_order(area)


def test_nearing_the_top_asks_once_for_earlier_messages(
    area: TranscriptArea, model: TranscriptModel, qtbot: QtBot
) -> None:
    model.load(small_talk(51, 50, has_earlier=True))
    asked: list[str] = []
    area.more_wanted.connect(asked.append)
    with qtbot.waitSignal(area.more_wanted):
        area.verticalScrollBar().setValue(0)
    area.verticalScrollBar().setValue(10)
    assert asked == ["earlier"]
    model.prepend(small_talk(1, 50))
    area.verticalScrollBar().setValue(0)
    qtbot.waitUntil(lambda: not area._ahead.isActive())
    assert asked == ["earlier"]


def test_text_that_grows_is_followed_at_the_bottom(area: TranscriptArea, model: TranscriptModel) -> None:
    model.load(small_talk(1, 30))
    log = RunLog(a_run(), position=31)
    log.next_step()
    log.write(31, "many words " * 120)
    for event in log.events:
        model.apply(event)
        model.flush()
    assert area.at_bottom is True
    assert area.verticalScrollBar().value() == area.verticalScrollBar().maximum()


def test_text_below_is_offered_to_a_reader_further_up(
    area: TranscriptArea, model: TranscriptModel, qtbot: QtBot
) -> None:
    model.load(small_talk(1, 40))
    area.verticalScrollBar().setValue(200)
    place = area.anchor()
    model.append(page_of((said(41, "assistant", "New words. " * 50),), first=41))
    assert area.anchor() == place
    assert area._below.isVisible() is True
    qtbot.mouseClick(area._below, Qt.MouseButton.LeftButton)
    assert area.at_bottom is True
    assert area._below.isVisible() is False


def test_a_card_above_that_grows_does_not_move_what_is_read(area: TranscriptArea, model: TranscriptModel) -> None:
    model.load(page_of(()))
    for event in correction().events:
        model.apply(event)
    model.append(small_talk(5, 40))
    area.verticalScrollBar().setValue(260)
    place = area.anchor()
    assert place is not None
    before = in_view(area, place[0])
    model.note_changes((memory_change(7, "call-1", "a\nb\nc\nd\ne", "1\n2\n3\n4\n5"),))
    assert in_view(area, place[0]) == before


def test_only_the_changed_card_is_drawn_anew(area: TranscriptArea, model: TranscriptModel) -> None:
    model.load(small_talk(1, 10))
    cards = {card.row.key: card for card in area.cards()}
    log = RunLog(a_run(), position=11)
    log.next_step()
    log.write(11, "one two three")
    for event in log.events:
        model.apply(event)
        model.flush()
    assert all(area.card(key) is card for key, card in cards.items())


def test_a_narrower_area_wraps_its_cards_anew(area: TranscriptArea, model: TranscriptModel) -> None:
    model.load(page_of((said(1, "assistant", "many words " * 60), said(2, "user", "Yes"))))
    high = area.cards()[1].height()
    area.resize(420, 500)
    assert area.cards()[1].height() > high
    assert tops_are_in_order(area)


def test_arrows_go_from_card_to_card_and_tab_leaves_in_reading_order(
    qtbot: QtBot, theme: Theme, model: TranscriptModel
) -> None:
    window = QWidget()
    area = TranscriptArea(theme, model, CardContext(theme, agent_name="Juno"), window)
    after = QPushButton("After", window)
    layout = QVBoxLayout(window)
    layout.addWidget(area)
    layout.addWidget(after)
    qtbot.addWidget(window)
    window.resize(800, 600)
    window.show()
    qtbot.waitUntil(window.isActiveWindow)
    model.load(small_talk(1, 6))
    keys = [row.key for row in model.rows]
    area.setFocus()
    qtbot.keyClick(area, Qt.Key.Key_Up)
    assert QApplication.focusWidget() is area.card(keys[-1])
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Up)
    assert QApplication.focusWidget() is area.card(keys[-2])
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Down)
    for _press in range(8):
        if QApplication.focusWidget() is after:
            break
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is after


def test_tab_stops_once_at_a_conversation(qtbot: QtBot, theme: Theme, model: TranscriptModel, tmp_path: Path) -> None:
    window = MainWindow(theme, Preferences(tmp_path))
    column = QWidget()
    before, area = QPushButton("Before"), TranscriptArea(theme, model, CardContext(theme, agent_name="Juno"))
    after = QPushButton("After")
    layout = QVBoxLayout(column)
    for part in (before, area, after):
        layout.addWidget(part)
    window.set_bars(QWidget(), QWidget())
    window.set_centre(column)
    qtbot.addWidget(window)
    window.resize(800, 600)
    window.show()
    qtbot.waitUntil(window.isActiveWindow)
    model.load(small_talk(1, 60))
    keys = [row.key for row in model.rows]
    before.setFocus()
    qtbot.keyClick(before, Qt.Key.Key_Tab)
    newest = area.card(keys[-1])
    assert QApplication.focusWidget() is newest, "the newest message comes first, not the oldest"
    qtbot.keyClick(newest, Qt.Key.Key_Up)
    passed = 0
    while QApplication.focusWidget() is not after:
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        passed += 1
        assert passed < 8, "Tab walks from message to message"
    qtbot.keyClick(after, Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
    assert QApplication.focusWidget() is area.card(keys[-2]), "it comes back to where the arrows went"
    for _press in range(8):
        if QApplication.focusWidget() is before:
            break
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
    assert QApplication.focusWidget() is before


def test_scrolling_through_everything_keeps_cards_apart(
    area: TranscriptArea, model: TranscriptModel, qtbot: QtBot
) -> None:
    model.load(small_talk(1, 120))
    for value in (4000, 100, 2500, 0, 900):
        area.verticalScrollBar().setValue(value)
        assert tops_are_in_order(area)
    area.to_bottom()
    assert area.at_bottom is True


def test_the_reader_finds_his_place_again(area: TranscriptArea, model: TranscriptModel) -> None:
    model.load(small_talk(1, 80))
    area.verticalScrollBar().setValue(700)
    place = area.anchor()
    model.load(small_talk(1, 80))
    area.go_to(place)
    assert area.anchor() == place
