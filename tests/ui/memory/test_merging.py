"""Two texts of a block are put together piece by piece: nothing is chosen for a person, and nothing typed is lost."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.domain.block import Block
from app.ui.memory.block_card import BlockCard
from app.ui.memory.merging import Merging
from app.ui.theme import Theme

BASE = "Name: Chad.\nPartner: Mia.\nCooks on Saturdays.\nWorks at home."
MINE = "Name: Brad.\nPartner: Mia.\nCooks on Sundays.\nWorks at home."
THEIRS = "Name: Chad.\nPartner: Mia.\nCooks on Fridays.\nWorks at home.\nHas a dog."
ALT, CTRL = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier

texts = st.lists(st.sampled_from("abc"), max_size=6).map("\n".join)


@given(texts, texts, texts)
def test_either_side_can_be_taken_as_a_whole(base: str, mine: str, theirs: str) -> None:
    merging = Merging(base, mine, theirs)
    for side, whole in (("mine", mine), ("theirs", theirs)):
        for number in range(len(merging.places)):
            merging.take(number, side)  # type: ignore[arg-type]
        assert merging.text == whole
        assert not merging.open


def test_only_what_both_changed_must_be_chosen_and_it_can_be_written() -> None:
    merging = Merging(BASE, MINE, THEIRS)
    assert [merging.side(number) for number in range(3)] == ["mine", None, "theirs"]
    assert merging.open == (1,)
    merging.take(1, "both")
    both = "Name: Brad.\nPartner: Mia.\nCooks on Sundays.\nCooks on Fridays.\nWorks at home.\nHas a dog."
    assert merging.text == both
    merging.write(1, "Cooks at weekends.")
    assert merging.side(1) is None
    assert not merging.open
    merging.write(2, "")
    assert merging.text == "Name: Brad.\nPartner: Mia.\nCooks at weekends.\nWorks at home."


def test_what_was_chosen_holds_when_yet_another_version_comes() -> None:
    merging = Merging(BASE, MINE, THEIRS)
    merging.write(1, "Cooks at weekends.")
    merging.take(0, "theirs")
    following = merging.again(BASE, MINE, THEIRS + "\nAnd a cat.")
    assert following.text == "Name: Chad.\nPartner: Mia.\nCooks at weekends.\nWorks at home.\nHas a dog.\nAnd a cat."
    assert not Merging(BASE, MINE, THEIRS).touched


def block(value: str, version: int) -> Block:
    return Block(id="block-1", label="human", value=value, limit=2000, version=version, created_at=1, updated_at=1)


@pytest.fixture
def card(theme: Theme, show: Callable[[QWidget], QWidget]) -> BlockCard:
    made = BlockCard(theme, "Juno")
    made.resize(700, 500)
    show(made)
    made.set_block(block(BASE, 7))
    made.begin_edit()
    made.editor.field.setPlainText(MINE)
    made.set_block(block(THEIRS, 8))
    return made


def test_a_conflict_is_settled_by_keys(card: BlockCard, qtbot: QtBot) -> None:
    editor = card.editor
    editor.merge.click()
    panes = editor._panes
    assert panes is not None
    assert (panes.mine.toPlainText(), panes.theirs.toPlainText()) == (MINE, THEIRS)
    assert panes.title.text() == "Difference 2 of 3: both changed this"
    assert not editor.save_merged.isEnabled()
    QTest.keyClick(panes.result, Qt.Key.Key_Up, ALT)
    assert panes.title.text() == "Difference 1 of 3: only you changed this"
    QTest.keyClick(panes.result, Qt.Key.Key_Down, ALT)
    QTest.keyClick(panes.result, Qt.Key.Key_Right, ALT)
    assert panes.result.text == "Cooks on Fridays."
    QTest.keyClicks(panes.result, "Mostly: ")
    with qtbot.waitSignal(card.save_requested) as saved:
        QTest.keyClick(panes.result, Qt.Key.Key_Return, CTRL)
    whole = "Name: Brad.\nPartner: Mia.\nMostly: Cooks on Fridays.\nWorks at home.\nHas a dog."
    assert saved.args == [whole, 8]
    card.set_block(block(whole, 9))
    assert not card.editing


def test_leaving_the_merge_gives_the_typed_text_back(card: BlockCard) -> None:
    editor = card.editor
    editor.merge.click()
    panes = editor._panes
    assert panes is not None
    panes.take_side("both")
    QTest.keyClick(panes.result, Qt.Key.Key_Escape)
    assert editor.field.isVisible()
    assert editor.text == MINE
    editor.merge.click()
    assert editor.save_merged.isEnabled(), "what was chosen is forgotten"
    editor.write_on.click()
    assert editor.text.splitlines()[2:4] == ["Cooks on Sundays.", "Cooks on Fridays."]
    assert editor.in_conflict
    editor.field.undo()
    assert editor.text == MINE


def test_what_was_chosen_goes_with_the_unsaved_text(card: BlockCard) -> None:
    editor = card.editor
    editor.merge.click()
    assert editor.unsaved.text == MINE
    assert editor._panes is not None
    editor._panes.take_side("theirs")
    assert "Name: Brad." in editor.unsaved.text
    assert (editor.unsaved.base, editor.unsaved.version) == (THEIRS, 8)
    card.set_block(block(THEIRS + "\nAnd a cat.", 9))
    assert editor.merging
    assert editor.wanted.endswith("Has a dog.\nAnd a cat.")
