"""What a person typed and did not save stays while something else is shown, and is not lost unasked."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt

from app.domain.block import BlockPatch
from app.ui.agents.instructions import Instructions
from app.ui.memory.block_card import BlockCard
from tests.support.window.opened_window import ALT, CTRL, SHIFT, OpenedWindow
from tests.support.window.seeing import button, shown, texts

Key = Qt.Key
Wait = Callable[..., Any]


def human_card(window: OpenedWindow) -> BlockCard:
    return next(card for card in cards(window) if card.block is not None and card.block.label == "human")


def cards(window: OpenedWindow) -> list[BlockCard]:
    return shown(window.view.right.memory, BlockCard)


async def step_agent(window: OpenedWindow, key: Qt.Key) -> None:
    before = window.view.workspace.agent.name
    await window.press(key, ALT)
    await window.until(lambda: window.view.workspace.agent.name != before, "no other agent was opened")
    wanted = window.view.workspace.agent.block_ids
    blocks = lambda: {card.block.id for card in cards(window) if card.block is not None}  # noqa: E731
    await window.until(lambda: blocks() == set(wanted), "its blocks are not shown")
    await window.rest()


async def type_into_human(window: OpenedWindow, words: str) -> None:
    await window.press(Key.Key_M, CTRL | SHIFT)
    await window.press(Key.Key_End, CTRL)
    await window.write(words)


async def text_typed_into_a_block_is_there_again_with_its_agent(window: OpenedWindow) -> None:
    await type_into_human(window, " Likes tea.")
    await step_agent(window, Key.Key_Down)
    assert not any(card.editing for card in cards(window))
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


async def text_that_was_saved_elsewhere_meanwhile_opens_no_editor(window: OpenedWindow) -> None:
    await type_into_human(window, " Likes tea.")
    block = human_card(window).block
    await step_agent(window, Key.Key_Down)
    await window.services.blocks.update(block.id, BlockPatch(value=block.value + " Likes tea."))
    await step_agent(window, Key.Key_Up)
    assert not human_card(window).editing
    assert window.view.unsaved == []


async def a_block_that_changed_meanwhile_shows_both_texts(window: OpenedWindow) -> None:
    await type_into_human(window, " Likes tea.")
    block = human_card(window).block
    await step_agent(window, Key.Key_Down)
    await window.services.blocks.update(block.id, BlockPatch(value="Theirs.\n" + block.value))
    await step_agent(window, Key.Key_Up)
    editor = human_card(window).editor
    assert editor.in_conflict
    assert editor.merged == "Theirs.\n" + block.value + " Likes tea."


def test_text_of_a_block_is_kept_while_another_agent_is_shown(window: OpenedWindow, wait_for: Wait) -> None:
    """One window for all: opening one costs more than any of these."""
    stories = (
        text_typed_into_a_block_is_there_again_with_its_agent,
        text_that_was_saved_elsewhere_meanwhile_opens_no_editor,
        a_block_that_changed_meanwhile_shows_both_texts,
    )

    async def person() -> None:
        for story in stories:
            await story(window)

    wait_for(person(), 40)


def test_quitting_asks_about_text_that_is_not_saved(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        ask = window.view.view.ask
        await type_into_human(window, " Likes tea.")
        await step_agent(window, Key.Key_Down)
        await window.press(Key.Key_Q, CTRL)
        await window.until(ask.isVisible, "nobody asked")
        assert "block human of Juno" in texts(ask)
        await window.press(Key.Key_Escape)
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


async def type_instructions(window: OpenedWindow, words: str) -> Instructions:
    window.view.pages.instructions()
    page = window.view.centre.page_named("instructions")
    assert isinstance(page, Instructions)
    page.edit.moveCursor(page.edit.textCursor().MoveOperation.End)
    await window.write(words)
    return page


async def leaving_the_instructions_asks_before_it_throws_text_away(window: OpenedWindow) -> None:
    ask, centre = window.view.view.ask, window.view.centre
    page = await type_instructions(window, " Be brief.")
    for leave in (lambda: window.press(Key.Key_Escape), lambda: click_cancel(window, page)):
        await leave()
        await window.until(ask.isVisible, "nobody asked")
        await window.press(Key.Key_Return)
        await window.until(lambda: not ask.isVisible(), "the question stayed")
        assert centre.page == "instructions"
        assert window.focus is page.edit
        assert page.edit.toPlainText().endswith(" Be brief.")
    await window.press(Key.Key_Escape)
    await window.until(ask.isVisible, "nobody asked")
    button(ask, "Discard").click()
    await window.until(lambda: centre.page == "chat", "the page stayed")
    assert window.view.unsaved == []
    window.view.pages.instructions()
    assert not page.changed
    await window.press(Key.Key_Escape)
    assert centre.page == "chat"


async def instructions_typed_for_an_agent_wait_for_it(window: OpenedWindow) -> None:
    page = await type_instructions(window, " Be brief.")
    await step_agent(window, Key.Key_Down)
    assert "Archivist" in page.title.text()
    assert not page.changed
    window.view.left.agents.picked.emit(window.view.workspace.agents.rows[0].agent.id)
    await window.until(lambda: window.view.workspace.agent.name == "Juno", "Juno did not open")
    assert window.view.centre.page == "chat"
    assert window.view.unsaved == ["system instructions of Juno"]
    window.view.pages.instructions()
    assert page.edit.toPlainText().endswith(" Be brief.")
    await window.press(Key.Key_S, CTRL)
    juno = window.view.workspace.agent.id

    async def saved() -> bool:
        return (await window.services.agents.get(juno)).system.endswith(" Be brief.")

    await window.until(saved, "not saved")
    assert window.view.unsaved == []


def test_instructions_are_neither_lost_nor_mixed_up(window: OpenedWindow, wait_for: Wait) -> None:
    """One window for both: opening one costs more than either."""
    stories = (
        leaving_the_instructions_asks_before_it_throws_text_away,
        instructions_typed_for_an_agent_wait_for_it,
    )

    async def person() -> None:
        for story in stories:
            await story(window)

    wait_for(person(), 40)


async def click_cancel(window: OpenedWindow, page: Instructions) -> None:
    button(page, "Cancel").click()


def test_text_on_a_page_of_its_own_is_kept_saved_and_asked_for_as_in_the_column(
    window: OpenedWindow, wait_for: Wait
) -> None:
    async def person() -> None:
        centre = window.view.centre
        await type_into_human(window, " Likes tea.")
        field = window.focus
        await window.press(Key.Key_E, CTRL | SHIFT)
        assert centre.page == "block"
        assert window.focus is field
        await window.press(Key.Key_F, CTRL)
        assert centre.page == "block"
        await window.write("tea")
        await window.press(Key.Key_Escape)
        await window.press(Key.Key_E, CTRL | SHIFT)
        assert centre.page == "chat"
        assert window.focus is field
        await window.press(Key.Key_E, CTRL | SHIFT)
        assert window.view.unsaved == ["block human of Juno"]
        await step_agent(window, Key.Key_Down)
        assert centre.page == "chat"
        await step_agent(window, Key.Key_Up)
        card = human_card(window)
        assert card.editor.text.endswith(" Likes tea.")
        await window.press(Key.Key_E, CTRL | SHIFT)
        assert window.focus is card.editor.field
        window.view.pages.settings()
        assert not card.lent
        window.view.pages.back()
        await window.press(Key.Key_E, CTRL | SHIFT)
        await window.press(Key.Key_S, CTRL)
        await window.until(lambda: centre.page == "chat", "the page stayed")
        assert card.block.value.endswith(" Likes tea.")
        assert window.view.unsaved == []
        await window.press(Key.Key_E, CTRL | SHIFT)
        await window.press(Key.Key_Escape)
        assert centre.page == "chat"

    wait_for(person(), 15)
