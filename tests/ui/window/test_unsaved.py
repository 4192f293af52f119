"""What a person typed and did not save stays while something else is shown, and is not lost unasked."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt

from app.domain.block import BlockPatch
from app.ui.widgets.block_card import BlockCard
from tests.support.opened_window import ALT, CTRL, SHIFT, OpenedWindow
from tests.support.seeing import texts

Key = Qt.Key
Wait = Callable[..., Any]


def human_card(window: OpenedWindow) -> BlockCard:
    cards = window.view.right.memory._cards.values()
    return next(card for card in cards if card.block is not None and card.block.label == "human")


async def step_agent(window: OpenedWindow, key: Qt.Key) -> None:
    before = window.view.workspace.agent.name
    await window.press(key, ALT)
    await window.until(lambda: window.view.workspace.agent.name != before, "no other agent was opened")
    await window.rest()


async def type_into_human(window: OpenedWindow, words: str) -> None:
    await window.press(Key.Key_M, CTRL | SHIFT)
    await window.press(Key.Key_End, CTRL)
    await window.write(words)


def test_text_typed_into_a_block_is_there_again_with_its_agent(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        await type_into_human(window, " Likes tea.")
        await step_agent(window, Key.Key_Down)
        assert not any(card.editing for card in window.view.right.memory._cards.values())
        await step_agent(window, Key.Key_Up)
        card = human_card(window)
        assert card.editing
        assert card.editor.text.endswith(" Likes tea.")
        assert not card.editor.in_conflict
        card.editor.save.click()
        await window.until(lambda: card.block.value.endswith(" Likes tea."), "it was not saved")
        await window.until(lambda: not card.editing, "the editor stayed open")
        await step_agent(window, Key.Key_Down)
        await step_agent(window, Key.Key_Up)
        assert not human_card(window).editing

    wait_for(person(), 15)


def test_a_block_that_changed_meanwhile_shows_both_texts(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        await type_into_human(window, " Likes tea.")
        block = human_card(window).block
        await step_agent(window, Key.Key_Down)
        await window.services.blocks.update(block.id, BlockPatch(value="Theirs.\n" + block.value))
        await step_agent(window, Key.Key_Up)
        editor = human_card(window).editor
        assert editor.in_conflict
        assert editor.merged == "Theirs.\n" + block.value + " Likes tea."

    wait_for(person(), 15)


def test_text_that_was_saved_elsewhere_meanwhile_opens_no_editor(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        await type_into_human(window, " Likes tea.")
        block = human_card(window).block
        await step_agent(window, Key.Key_Down)
        await window.services.blocks.update(block.id, BlockPatch(value=block.value + " Likes tea."))
        await step_agent(window, Key.Key_Up)
        assert not human_card(window).editing
        assert window.view.unsaved == []

    wait_for(person(), 15)


def test_quitting_asks_about_text_that_is_not_saved(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        ask = window.view.desk.ask
        await type_into_human(window, " Likes tea.")
        await step_agent(window, Key.Key_Down)
        await window.press(Key.Key_Q, CTRL)
        await window.until(ask.isVisible, "nobody asked")
        assert "block human of Juno" in texts(ask)
        await window.press(Key.Key_Return)
        await window.rest()
        assert not ask.isVisible()
        assert not window.ended.done()
        await step_agent(window, Key.Key_Up)
        assert human_card(window).editor.text.endswith(" Likes tea.")
        await window.press(Key.Key_Q, CTRL)
        await window.until(ask.isVisible, "nobody asked the second time")
        ask.answer("quit")
        await window.until(window.ended.done, "the window stayed")

    wait_for(person(), 15)
