"""Everything that matters can be done without a mouse."""

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit

from app.domain.block import BlockPatch
from app.domain.history import Actor, Origin
from app.ui.kit.buttons import Button, IconButton
from app.ui.kit.layout import Choice
from app.ui.state.view_context import Notice
from tests.support.engine.talking import block_value
from tests.support.window.opened_window import ALT, CTRL, SHIFT, OpenedWindow
from tests.support.window.seeing import shown, texts

Key = Qt.Key
Wait = Callable[..., Any]


async def human_of(window: OpenedWindow, name: str) -> str:
    agent = next(row.agent for row in await window.services.agents.list() if row.agent.name == name)
    return await block_value(window.services, agent)


async def human_is(window: OpenedWindow, fits: Callable[[str], bool]) -> bool:
    return fits(await human_of(window, "Juno"))


async def names(window: OpenedWindow) -> set[str]:
    return {row.agent.name for row in await window.services.agents.list()}


def test_an_agent_is_made_and_talked_to_by_keys_only(empty_window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        window = empty_window
        await window.press(Key.Key_N, CTRL)
        assert isinstance(window.focus, QLineEdit)
        await window.until(lambda: window.view.centre.page_named("new agent").model.handle, "no model was offered")
        await window.write("Juno")
        await window.press(Key.Key_Tab)
        await window.tab_to(lambda widget: widget.accessibleName() == "Text of block human", "the human block")
        await window.write("Name: Chad.")
        await window.press(Key.Key_Return, CTRL)
        await window.until(lambda: window.view.centre.page == "chat", "the conversation never opened")
        await window.until(lambda: isinstance(window.focus, QPlainTextEdit), "the composer has no focus")
        await window.write("my name is Brad, not Chad")
        await window.press(Key.Key_Return)
        await window.until(lambda: human_is(window, lambda text: text == "Name: Brad."), "the memory was not corrected")
        await window.until(lambda: window.quiet, "the run never ended")

    wait_for(person(), 15)


def test_a_block_is_edited_and_the_undo_of_an_agents_change_is_redone(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        await window.press(Key.Key_M, CTRL | SHIFT)
        editor = window.block_editor
        assert editor is not None
        assert editor.toPlainText().startswith("Name: Brad.")
        await window.press(Key.Key_End, CTRL)
        await window.press(Key.Key_Return)
        await window.write("Has a dog.")
        await window.press(Key.Key_S, CTRL)
        await window.until(
            lambda: human_is(window, lambda text: text.endswith("Has a dog.")), "the block was not saved"
        )
        await window.until(lambda: window.block_editor is None, "the editor stayed open")

        await window.press(Key.Key_2, CTRL)
        await window.until(lambda: window.view.centre.page == "history", "the history did not open")
        history = window.view.centre.page_named("history")
        await window.until(lambda: history.why.undo.isVisible(), "no change was chosen")
        await window.tab_to(lambda widget: widget is history.why.undo, "Undo")
        await window.press(Key.Key_Space)
        await window.until(lambda: human_is(window, lambda text: "dog" not in text), "the change was not undone")
        await window.until(lambda: window.view.view.toasts.toasts, "no notice with the way back")
        await window.press(Key.Key_Z, CTRL)
        await window.until(lambda: human_is(window, lambda text: "dog" in text), "the undo could not be undone")
        await window.until(lambda: "was redone" in texts(window.window), "nobody said that it was redone")
        await window.press(Key.Key_Z, CTRL)
        await window.until(lambda: human_is(window, lambda text: "dog" not in text), "the redo could not be undone")
        await window.until(lambda: "was undone" in texts(window.window), "nobody said that it was undone")

    wait_for(person(), 15)


async def f6_goes_round_the_columns_and_back(window: OpenedWindow) -> None:
    panes = window.view.window.panes

    def where() -> str:
        return next((name for name, pane in panes.items() if pane.isAncestorOf(window.focus)), "")

    window.view.show_tab("chat")
    assert where() == "centre"
    seen = []
    for _ in range(3):
        await window.press(Key.Key_F6)
        seen.append(where())
    assert seen == ["right", "left", "centre"]
    await window.press(Key.Key_F6, SHIFT)
    assert where() == "left"


async def agents_are_switched_and_a_model_is_chosen(window: OpenedWindow) -> None:
    assert window.view.workspace.agent is not None
    first = window.view.workspace.agent.name
    await window.press(Key.Key_Down, ALT)
    await window.until(lambda: window.view.workspace.agent.name != first, "Alt Down opened nothing")
    await window.press(Key.Key_Up, ALT)
    await window.until(lambda: window.view.workspace.agent.name == first, "Alt Up did not go back")
    await window.press(Key.Key_M, CTRL)
    assert window.focus.accessibleName() == "Filter models"
    await window.write("mini")
    await window.press(Key.Key_Return)
    agent_id = window.view.workspace.agent.id

    async def chosen() -> bool:
        return (await window.services.agents.get(agent_id)).model == "llama/ministral-3:8b"

    await window.until(chosen, "the model stayed")
    await window.until(
        lambda: window.view.left.settings.model.handle == "llama/ministral-3:8b", "the column shows the old one"
    )


async def a_search_in_all_messages_jumps_to_the_hit(window: OpenedWindow) -> None:
    await window.press(Key.Key_Down, ALT)
    await window.until(lambda: window.view.workspace.agent.name == "Archivist", "Alt Down opened nothing")
    await window.press(Key.Key_F, CTRL | SHIFT)
    await window.write("risotto")
    palette = window.view.search.palette
    await window.until(lambda: palette.rows, "nothing was found")
    await window.press(Key.Key_Return)
    await window.until(lambda: window.view.workspace.agent.name == "Juno", "the hit's agent did not open")


async def icon_buttons_say_their_command_and_keys(window: OpenedWindow) -> None:
    buttons: dict[str, IconButton] = window.view.top.buttons
    assert "Ctrl" in buttons["column.left"].toolTip()
    assert buttons["settings"].accessibleName() == "Settings"


async def ctrl_z_in_an_empty_composer_takes_back_the_last_change(window: OpenedWindow) -> None:
    taken: list[int] = []
    window.view.chat.composer.editor.setFocus()
    window.view.view.tell_done(Notice("Gone"), lambda: taken.append(1))
    await window.write("ab")
    await window.press(Key.Key_Z, CTRL)
    assert (window.view.chat.composer.text, taken) == ("", [])
    window.view.chat.composer.clear()
    await window.press(Key.Key_Z, CTRL)
    assert taken == [1]


async def typing_goes_on_in_the_composer_after_what_was_closed_or_chosen(window: OpenedWindow) -> None:
    composer = window.view.chat.composer
    for open_page in (window.view.pages.appearance, window.view.pages.new_agent):
        open_page()
        await window.rest()
        window.window.escaped.emit()
        assert window.focus is composer.editor
    window.view.left.settings.model.setFocus()
    window.view.left.settings.model.picked.emit(window.view.workspace.agent.model)
    assert window.focus is composer.editor
    window.view.top.buttons["theme"].setFocus()
    await window.write("Hi")
    assert composer.text == "Hi"
    composer.clear()
    window.view.chat.welcome.picked.emit("My name is Brad.")
    await window.write("!")
    assert composer.text == "My name is Brad.!"


async def typing_goes_on_in_the_composer_after_a_list_of_the_left_column(window: OpenedWindow) -> None:
    composer, left = window.view.chat.composer, window.view.left
    left.settings._reply_section.set_folded(False)
    helps = next(one for one in shown(left.widget, Choice) if one.accessibleName() == "Memory helper")
    helps.setFocus()
    await window.press(Key.Key_Down)
    assert window.focus is helps, "walking by arrows is no choice"
    helps.showPopup()
    QTest.keyClick(helps.view(), Key.Key_Return)
    window.window.activateWindow()
    await window.until(lambda: window.focus is composer.editor, "the list keeps the keyboard")
    agents = left.agents.list
    agents.setFocus()
    await window.press(Key.Key_Down)
    await window.until(lambda: window.view.workspace.agent.name == "Archivist", "it is not opened")
    assert window.focus is agents
    await window.press(Key.Key_Return)
    assert window.focus is composer.editor
    agents.setFocus()
    place = agents.visualRect(agents.model().index(0, 0)).center()
    QTest.mouseClick(agents.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert window.focus is composer.editor
    await window.until(lambda: window.view.workspace.agent.name != "Archivist", "it is not opened")
    await window.rest()
    assert window.focus is composer.editor


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_one_gets_about_by_keys_only(window: OpenedWindow, wait_for: Wait) -> None:
    """One window for all: opening one costs more than any of these."""
    stories = (
        ctrl_z_in_an_empty_composer_takes_back_the_last_change,
        typing_goes_on_in_the_composer_after_what_was_closed_or_chosen,
        typing_goes_on_in_the_composer_after_a_list_of_the_left_column,
        f6_goes_round_the_columns_and_back,
        agents_are_switched_and_a_model_is_chosen,
        a_search_in_all_messages_jumps_to_the_hit,
        icon_buttons_say_their_command_and_keys,
    )

    async def person() -> None:
        for story in stories:
            await story(window)

    wait_for(person(), 60)


def test_the_keyboard_is_in_the_composer_after_its_column_went(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        await window.press(Key.Key_M, CTRL | SHIFT)
        await window.write("by hand ")
        window.window.resize(1000, 800)
        await window.until(lambda: not window.view.window.column_shown("right"), "the column stayed")
        assert window.focus is window.view.chat.composer.editor
        window.window.resize(1440, 900)
        assert shown(window.view.right.widget, QPlainTextEdit), "the editor is gone with its column"

    wait_for(person(), 15)


def test_the_palette_goes_to_an_agent_and_runs_a_command(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        await window.press(Key.Key_K, CTRL)
        await window.write("field")
        await window.press(Key.Key_Return)
        await window.until(lambda: window.view.workspace.agent.name == "Field notes", "the palette opened nothing")
        await window.press(Key.Key_K, CTRL)
        await window.write("keyboard")
        await window.press(Key.Key_Return)
        assert window.view.centre.page == "shortcuts"
        await window.press(Key.Key_Escape)
        assert window.view.centre.page == "chat"

    wait_for(person(), 15)


def test_escape_stops_the_reply(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        window.server.hold()
        window.view.show_tab("chat")
        await window.write("tell me something long")
        await window.press(Key.Key_Return)
        await window.until(lambda: window.view.workspace.active_runs, "no run began")
        await window.rest()
        await window.press(Key.Key_Escape)
        await window.until(lambda: not window.view.workspace.active_runs, "the run goes on")
        run = window.view.chat.model.rows[-1].run
        assert (await window.services.runs.get(run.id)).status == "cancelled"

    wait_for(person(), 15)


def test_an_agent_is_deleted_and_comes_back_by_undo(slow_window: OpenedWindow, wait_for: Wait) -> None:
    window = slow_window

    async def person() -> None:
        await window.engine.hold("agents", "list")

        async def there() -> bool:
            return "Juno" in await names(window)

        async def gone() -> bool:
            return not await there()

        await window.press(Key.Key_K, CTRL)
        await window.write(">delete this agent")
        await window.press(Key.Key_Return)
        await window.until(gone, "it was not deleted")
        toasts = window.view.view.toasts
        await window.until(lambda: toasts.toasts, "no notice")
        # What is read of the deleted agent comes back first; that it is gone is no news to anybody.
        await window.rest()
        await window.engine.let_go()
        await window.until(lambda: window.view.workspace.agent.name != "Juno", "no other agent was opened")
        await window.rest()
        assert [toast.kind for toast in toasts.toasts] == ["undo"], texts(window.view.view.toasts.toasts[-1])
        button: Button | None = toasts.toasts[-1].button
        assert button is not None
        button.setFocus(Qt.FocusReason.TabFocusReason)
        await window.press(Key.Key_Space)
        await window.until(there, "it did not come back")
        await window.until(lambda: window.view.workspace.agent.name == "Juno", "it is not open again")

    wait_for(person(), 15)


def test_ctrl_z_takes_back_what_an_agent_changed(window: OpenedWindow, wait_for: Wait) -> None:
    async def change(words: str) -> None:
        blocks = await window.services.blocks.of_agent(window.view.workspace.agent.id)
        block = next(one for one in blocks if one.label == "human")
        await window.services.blocks.update(block.id, BlockPatch(value=words), origin=Origin(actor=Actor(kind="agent")))

    async def person() -> None:
        before = await human_of(window, "Juno")
        window.view.chat.composer.editor.setFocus()
        await change("Name: Chad. Hates tea.")
        await change("Name: Nobody.")
        await window.press(Key.Key_Z, CTRL)
        await window.until(
            lambda: human_is(window, lambda text: text == "Name: Chad. Hates tea."), "nothing was undone"
        )
        await window.until(lambda: window.view.view.toasts.toasts, "nobody said so")
        window.view.view.toasts.toasts[-1].close_now()
        await window.press(Key.Key_K, CTRL)
        await window.until(lambda: window.focus is not window.view.chat.composer.editor, "no palette")
        await window.press(Key.Key_Z, CTRL)
        await window.until(lambda: human_is(window, lambda text: text == before), "nothing was undone in the palette")

    wait_for(person(), 15)
