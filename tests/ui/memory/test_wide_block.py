"""A block's text on a page of its own: find and replace, and the editor that it borrows from the block's card."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.ui.memory.block_card import BlockCard
from app.ui.memory.wide_block import WideBlock
from app.ui.theme import Theme
from tests.support.window.gallery import a_block
from tests.support.window.looks import nameless

Key = Qt.Key
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
TEXT = "Tea 🍵 in the morning.\nNo tea at night.\nTEA on Sunday."


class Stage:
    """A card beside the page that borrows its editor."""

    def __init__(self, theme: Theme, qtbot: QtBot) -> None:
        self.window, self.bot = QWidget(), qtbot
        self.card, self.page = BlockCard(theme, "Juno"), WideBlock(theme)
        row = QHBoxLayout(self.window)
        row.addWidget(self.page, 1)
        row.addWidget(self.card)
        self.card.setFixedWidth(312)
        self.window.resize(1200, 700)
        with qtbot.waitActive(self.window):
            self.window.show()
            self.window.activateWindow()

    def open(self, text: str = TEXT, **fields: object) -> None:
        self.card.set_block(a_block("human", text, version=7, **fields))
        self.page.open(self.card)

    @property
    def text(self) -> str:
        return self.card.editor.text

    @property
    def told(self) -> str:
        return self.page.search.bar.count.text()

    @property
    def selected(self) -> str:
        return self.card.editor.field.textCursor().selectedText()

    def press(self, key: Qt.Key, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        self.bot.keyClick(self.window.focusWidget(), key, held)

    def write(self, text: str) -> None:
        self.bot.keyClicks(self.window.focusWidget(), text)


@pytest.fixture
def stage(theme: Theme, qtbot: QtBot) -> Iterator[Stage]:
    stage = Stage(theme, qtbot)
    yield stage
    stage.window.close()


def test_the_page_borrows_the_editor_and_gives_it_back_as_it_is(stage: Stage) -> None:
    stage.card.set_block(a_block("human", TEXT, version=7))
    stage.card.begin_edit()
    stage.write("Mine. ")
    stage.page.open(stage.card)
    assert stage.text == "Mine. " + TEXT
    assert stage.page.title.whole_text == "Block human"
    assert stage.window.focusWidget() is stage.card.editor.field
    assert stage.card.editor.field.height() > 300
    assert stage.card.elsewhere.isVisible()
    assert nameless(stage.window) == []
    stage.write("More. ")
    stage.page.give_back()
    assert stage.page.card is None
    assert stage.card.isAncestorOf(stage.card.editor)
    assert not stage.card.elsewhere.isVisible()
    assert stage.card.unsaved is not None
    assert stage.card.unsaved.text == "Mine. More. " + TEXT
    assert stage.card.editor.field.height() < 300


def test_saving_and_discarding_close_the_page(stage: Stage, qtbot: QtBot) -> None:
    stage.open()
    stage.write("Mine. ")
    with qtbot.waitSignal(stage.card.save_requested) as saved:
        stage.press(Key.Key_S, CTRL)
    assert saved.args == ["Mine. " + TEXT, 7]
    with qtbot.waitSignal(stage.page.closed):
        stage.card.set_block(a_block("human", "Mine. " + TEXT, version=8))
    assert not stage.card.editing
    stage.page.open(stage.card)
    with qtbot.waitSignal(stage.page.closed):
        stage.press(Key.Key_Escape)
    stage.page.open(stage.card)
    stage.write("x")
    stage.press(Key.Key_Escape)
    assert stage.card.editor.leave.isVisible()
    with qtbot.waitSignal(stage.page.closed):
        stage.card.editor.throw_away.click()
    assert not stage.card.editing


def test_a_conflict_shows_both_texts_on_the_page(stage: Stage) -> None:
    stage.open()
    stage.write("Mine. ")
    stage.card.set_block(a_block("human", TEXT + "\nTheirs.", version=8))
    editor = stage.card.editor
    assert editor.conflict.isVisible()
    assert editor.merged == "Mine. " + TEXT + "\nTheirs."
    editor.show_both.click()
    assert editor.difference.isVisible()
    assert stage.page.isAncestorOf(editor.difference)
    stage.page.give_back()
    assert editor.difference.isVisible()
    assert stage.card.isAncestorOf(editor.difference)
    assert len(editor.difference.rows) == 5


def test_find_walks_over_all_hits_from_the_caret(stage: Stage) -> None:
    stage.open()
    stage.press(Key.Key_Down)
    stage.press(Key.Key_F, CTRL)
    stage.write("tea")
    assert stage.told == "2 of 3"
    assert stage.selected == "tea"
    stage.press(Key.Key_F3)
    assert (stage.told, stage.selected) == ("3 of 3", "TEA")
    stage.press(Key.Key_Return)
    assert (stage.told, stage.selected) == ("1 of 3", "Tea")
    stage.press(Key.Key_F3, SHIFT)
    assert stage.told == "3 of 3"
    stage.page.search.exact.click()
    assert stage.told == "1 of 1"
    assert stage.selected == "tea"
    assert len(stage.card.editor.field.extraSelections()) == 1
    stage.press(Key.Key_Escape)
    assert not stage.page.search.isVisible()
    assert stage.card.editor.field.extraSelections() == []
    assert stage.page.card is stage.card


def test_one_hit_is_replaced_then_the_next_one_chosen(stage: Stage) -> None:
    stage.open()
    stage.press(Key.Key_F, CTRL)
    stage.write("tea")
    stage.press(Key.Key_H, CTRL)
    assert stage.window.focusWidget() is stage.page.search.instead
    stage.write("Mate")
    stage.press(Key.Key_Return)
    assert stage.text == TEXT.replace("Tea", "Mate")
    assert (stage.told, stage.selected) == ("1 of 2", "tea")
    stage.press(Key.Key_Return)
    stage.press(Key.Key_Return)
    assert stage.text == "Mate 🍵 in the morning.\nNo Mate at night.\nMate on Sunday."
    assert stage.told == "nothing found"
    assert not stage.page.search.replace.isEnabled()


def test_all_hits_are_replaced_with_a_count_and_one_undo(stage: Stage) -> None:
    stage.open()
    search = stage.page.search
    search.open_bar(replacing=True)
    search.bar.field.setText("tea")
    search.instead.setText("🧉 tea")
    search.replace_all.click()
    assert stage.text == "🧉 tea 🍵 in the morning.\nNo 🧉 tea at night.\n🧉 tea on Sunday."
    assert search.told.text() == "3 replaced"
    assert stage.told == "1 of 3"
    stage.card.editor.field.undo()
    assert stage.text == TEXT
    assert not stage.card.editor.modified


def test_letters_that_grow_in_small_do_not_shift_what_is_replaced(stage: Stage) -> None:
    stage.open("İİİ tea TEA")
    search = stage.page.search
    search.open_bar()
    search.bar.field.setText("tea")
    search.instead.setText("x")
    search.replace_all.click()
    assert stage.text == "İİİ x x"


def test_a_text_is_not_changed_by_opening_it(stage: Stage) -> None:
    stage.open("10\u00a0kg\r\nof rice")
    assert not stage.card.editor.modified
    stage.press(Key.Key_End, CTRL)
    stage.write("!")
    assert stage.text == "10\u00a0kg\nof rice!"


def test_fifty_thousand_characters_are_replaced_at_once_and_lines_have_numbers(stage: Stage) -> None:
    text = "\n".join(f"Brad cooks on Saturday {n}, and likes tea with milk." for n in range(1000))
    stage.open(text, limit=60_000)
    numbers = stage.card.editor.field._numbers
    assert numbers is not None
    assert numbers.width() >= numbers.fontMetrics().horizontalAdvance("1000")
    search = stage.page.search
    search.open_bar()
    search.bar.field.setText("a")
    search.replace_all.click()
    assert stage.text == text.replace("a", "")
    assert search.told.text() == f"{text.count('a'):,} replaced"


def test_f2_edits_the_card_that_has_the_keyboard(stage: Stage) -> None:
    stage.card.set_block(a_block("human", TEXT, version=7))
    stage.card.head.history.setFocus()
    stage.press(Key.Key_F2)
    assert stage.window.focusWidget() is stage.card.editor.field
