"""The keyboard stays where one is at work, though what had it is gone. That of models: see `test_models_page.py`."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt

from tests.support.window.opened_window import OpenedWindow
from tests.support.window.seeing import button, has_button

Wait = Callable[..., Any]


def test_after_an_agent_was_brought_back_it_is_at_what_is_nearest(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        for row in window.view.workspace.agents.rows[-2:]:
            await window.services.agents.delete(row.agent.id)
        window.view.pages.settings("backups")
        await window.until(lambda: has_button(window.window, "Restore Vesta (demo)"), "it cannot be restored")
        button(window.window, "Restore Vesta (demo)").setFocus(Qt.FocusReason.TabFocusReason)
        await window.press(Qt.Key.Key_Space)
        await window.until(lambda: not has_button(window.window, "Restore Vesta (demo)"), "it is not back")
        await window.rest()
        assert window.focus is button(window.window, "Back up now")

    wait_for(person(), 15)


def test_a_view_that_is_left_before_it_has_read_takes_no_focus(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        window.view.show_tab("tool studio")
        page = window.view.centre.page_named("tool studio")
        await window.press(Qt.Key.Key_Escape)
        await window.until(lambda: page.editor.toPlainText(), "it was never read")
        await window.rest()
        assert window.focus is window.view.chat.composer.editor

    wait_for(person())
