"""The window outlives its engine: it says what happened, keeps what was typed, and offers ways out."""

import asyncio
import os
import shutil
import time
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from app.backup_files import noted
from app.domain.error import LinkError
from tests.support.window.opened_window import OpenedWindow
from tests.support.window.seeing import button, click, has_button, texts

Wait = Callable[..., Any]


def test_a_lost_engine_is_replaced_and_the_draft_stays(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        window.view.show_tab("chat")
        await window.write("half a sentence")
        await window.lose_engine()
        await window.until(lambda: window.view.connection.state == "connected", "it did not come back")
        await window.until(lambda: "running again" in window.view.centre.banner.text.text(), "nothing was said")
        await window.rest()
        assert window.view.chat.composer.text == "half a sentence"

    wait_for(person(), 15)


def test_an_engine_that_cannot_start_leads_to_the_repair_page_and_back(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        window.refuse = LinkError(
            "The Lares engine stopped 3 times.", code="crash_loop", hint="Try again.", details={"log": "boom at 12"}
        )
        await window.lose_engine()
        await window.until(lambda: window.view.centre.page == "repair", "no repair page")
        page = window.view.centre.page_named("repair")
        assert "stopped 3 times" in page.why
        page.copy_log()
        assert "boom at 12" in QGuiApplication.clipboard().text()
        window.refuse = None
        await window.press(Qt.Key.Key_Space)
        await window.until(lambda: window.view.centre.page == "chat", "trying again did not help")

    wait_for(person(), 15)


def test_a_backup_can_be_chosen_while_no_engine_runs(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        folder = window.session.config.backups
        (made,) = folder.iterdir()
        backup, older = folder / "20261121T080001.000000Z-manual.db", folder / "20261121T080000.000000Z-daily.db"
        shutil.copy(made, backup)
        made.rename(older)
        # The older one was still being written when the newer one was done.
        os.utime(older, (time.time(), time.time() + 60))
        window.refuse = LinkError("The database is damaged.", code="engine_start")
        await window.lose_engine()
        await window.until(lambda: window.view.centre.page == "repair", "no repair page")
        page = window.view.centre.page_named("repair")
        assert len(page.backup_buttons) == 2
        window.refuse = None
        page.backup_buttons[0].click()
        await window.until(lambda: window.view.view.ask.isVisible(), "nobody asked")
        await window.press(Qt.Key.Key_Tab)
        await window.press(Qt.Key.Key_Return)
        await window.until(lambda: window.view.centre.page == "chat", "the engine was not started again")
        assert noted(folder) == backup.name
        words = "Lares restored the backup of"
        await window.until(lambda: words in window.view.centre.banner.text.text(), "nobody said that it came back")

    wait_for(person(), 15)


def test_going_back_to_a_backup_is_told_and_the_copy_made_before_it_is_listed(
    window: OpenedWindow, wait_for: Wait
) -> None:
    async def person() -> None:
        banner = window.view.centre.banner
        await window.services.backups.create()
        window.view.pages.settings("backups")
        page = window.view.centre.page_named("settings")
        await window.until(lambda: has_button(page, "Restore"), "no backup is listed")
        click(button(page, "Restore"))
        await window.until(window.view.view.ask.isVisible, "nobody asked")
        window.view.view.ask.answer("restore")
        await window.until(lambda: "Lares restored the backup of" in banner.text.text(), "nobody said so")
        assert "What was there before is kept as a backup." in banner.text.text()
        await window.until(lambda: "Before a restore" in texts(page), "the list was not read again")
        await window.lose_engine()
        await window.until(lambda: "Nothing was lost" in banner.text.text(), "it seems to have gone back again")

    wait_for(person(), 15)


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_a_second_start_brings_the_window_forward(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        window.window.showMinimized()
        window.client.on_notice("raise")
        await window.until(lambda: not window.window.isMinimized(), "it stays small")

    wait_for(person(), 15)


def test_quitting_while_an_agent_replies_asks_once_and_remembers(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        window.server.hold()
        window.view.show_tab("chat")
        await window.write("tell me something long")
        await window.press(Qt.Key.Key_Return)
        await window.until(lambda: window.view.workspace.active_runs, "no run began")
        window.window.close()
        await window.until(lambda: window.view.view.ask.isVisible(), "nobody asked")
        await window.press(Qt.Key.Key_Escape)
        await window.until(lambda: not window.view.view.ask.isVisible(), "the question stays")
        assert window.window.isVisible()
        window.window.close()
        await window.until(lambda: window.view.view.ask.isVisible(), "nobody asked again")
        await window.tab_to(lambda widget: widget.accessibleName() == "Do the same next time", "the tick box")
        await window.press(Qt.Key.Key_Space)
        await window.tab_to(lambda widget: getattr(widget, "text", str)() == "Stop and quit", "Stop and quit")
        await window.press(Qt.Key.Key_Return)
        await window.until(lambda: not window.window.isVisible(), "the window stays")
        assert window.session.preferences.get("quit", "") == "stop"
        await window.until(window.ended.done, "the window never ended")
        assert window.engine.stopped

    wait_for(person(), 15)


def test_closing_takes_less_than_two_seconds_and_keeps_the_window_state(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        window.view.commands.run("agents.next")
        await window.until(lambda: window.view.workspace.agent.name == "Archivist", "it did not open")
        window.window.close()
        await asyncio.wait_for(window.ended, 2)
        assert window.session.preferences.get("agent", "") == window.view.workspace.agent.id

    wait_for(person(), 15)
