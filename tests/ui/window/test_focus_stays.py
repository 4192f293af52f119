"""The keyboard stays where one is at work, though what had it is gone."""

import asyncio
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt

from tests.support.window.opened_window import OpenedWindow
from tests.support.window.seeing import button, has_button

Key = Qt.Key
Wait = Callable[..., Any]


def name(window: OpenedWindow) -> str:
    return window.focus.accessibleName() or getattr(window.focus, "text", str)() if window.focus else ""


async def press_button(window: OpenedWindow, words: str) -> None:
    await window.until(lambda: has_button(window.window, words), f"there is no button “{words}”")
    button(window.window, words).setFocus(Qt.FocusReason.TabFocusReason)
    await window.press(Key.Key_Space)


def test_after_a_server_was_saved_it_is_at_the_way_to_the_next_one(home: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        home.view.pages.servers()
        servers = home.view.centre.page_named("settings").servers
        servers.begin_with(None)
        servers.form.name.setText("another")
        await press_button(home, "Save server")
        await home.until(lambda: not servers.form.isVisible(), "it was not saved")
        await home.rest()
        assert name(home) == "Add a server"

    wait_for(person(), 15)


def test_while_and_after_a_test_it_is_in_the_row_of_the_model(home: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        home.view.pages.models()
        home.services.world.test_gate = asyncio.Event()
        await press_button(home, "Test gemma4:e4b, about 90 s")
        await home.until(lambda: has_button(home.window, "Stop the test of gemma4:e4b"), "no test began")
        await home.until(lambda: name(home) == "Stop the test of gemma4:e4b", "the keyboard went away")
        home.services.world.test_gate.set()
        await home.until(lambda: has_button(home.window, "gemma4:e4b: 7 of 7"), "no verdict")
        await home.until(lambda: name(home) == "Test gemma4:e4b again", "the keyboard went away after it")

    wait_for(person(), 15)


def test_after_an_agent_was_brought_back_it_is_at_what_is_nearest(home: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        for row in home.view.workspace.agents.rows[-2:]:
            await home.services.agents.delete(row.agent.id)
        home.view.pages.settings("backups")
        await press_button(home, "Restore Vesta (demo)")
        await home.until(lambda: not has_button(home.window, "Restore Vesta (demo)"), "it is not back")
        await home.rest()
        assert name(home) == "Back up now"

    wait_for(person(), 15)
