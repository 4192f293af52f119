"""The window over a real engine process: the whole main path, and the death of the engine."""

import asyncio
import os
import signal
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import qasync
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QPlainTextEdit

from app.config import Config
from app.domain.message import MessageDraft
from app.link.launcher import ensure_engine
from app.ui.application import Session, make_theme
from app.ui.state.errors import Errors
from app.ui.state.preferences import Preferences
from tests.support.processes.lares_process import free_port
from tests.support.window.seeing import button, click, has_button, press, shown, texts, type_text, until


class LaresApp:
    """A window and its engine, as a person has them."""

    def __init__(self, app: QApplication, loop: qasync.QEventLoop) -> None:
        config = Config.load()
        preferences = Preferences(config.folder)
        theme = make_theme(app, preferences)
        self.session = Session(theme, config, preferences, Errors(), lambda: ensure_engine(config))
        self.window = self.session.window
        self.window.resize(1440, 900)

    @property
    def services(self) -> Any:
        return self.session.connection.services

    @property
    def composer(self) -> QPlainTextEdit:
        return next(e for e in shown(self.window, QPlainTextEdit) if e.accessibleName().startswith("Message"))

    def see(self, text: str) -> Callable[[], bool]:
        return lambda: text in texts(self.window)

    def begin(self) -> None:
        self.session.show()
        self.running = asyncio.ensure_future(self.session.run())

    async def open(self) -> None:
        self.begin()
        await until(lambda: self.session.connection.state == "connected", "the engine to answer")

    async def begin_demo(self) -> None:
        """From an empty folder to an empty conversation."""
        await self.open()
        await until(lambda: has_button(self.window, "Continue without a model (demo)"), "first run")
        click(button(self.window, "Continue without a model (demo)"))
        await until(self.see("Say something to Vesta"), "an empty conversation")

    async def say(self, text: str) -> None:
        composer = self.composer
        composer.setFocus()
        type_text(composer, text)
        press(composer, Qt.Key.Key_Return)

    async def close(self) -> None:
        self.window.close()
        await asyncio.wait_for(self.running, 5)


@pytest.fixture
def lares(qapp: QApplication, loop: qasync.QEventLoop) -> LaresApp:
    return LaresApp(qapp, loop)


def test_the_main_path_from_first_run_to_restart(
    lares: LaresApp, qapp: QApplication, loop: qasync.QEventLoop, wait_for: Callable[..., Any]
):
    async def first() -> None:
        await lares.begin_demo()
        await lares.say("By the way, my name is Brad, not Chad.")
        await until(lares.see("Name: Brad."), "the block to change")
        await until(lambda: has_button(lares.window, "Undo change to block human"), "an undo")
        click(button(lares.window, "Undo change to block human"))
        await until(lares.see("Name: Chad.\n"), "the undo")
        await until(lambda: not has_button(lares.window, "Stop"), "the reply to end")
        await lares.close()

    async def again(lares: LaresApp) -> None:
        await lares.open()
        await until(lares.see("By the way, my name is Brad, not Chad."), "the old messages")
        await until(lares.see("Name: Chad."), "the undone block")
        await lares.close()

    wait_for(first(), 60)
    wait_for(again(LaresApp(qapp, loop)), 30)


def test_messages_of_others_and_their_tokens_show_while_the_conversation_is_open(
    lares: LaresApp, wait_for: Callable[..., Any]
):
    """Also of a run that is over before the window hears of it."""

    async def path() -> None:
        await lares.open()
        await until(lambda: has_button(lares.window, "Continue without a model (demo)"), "first run")
        click(button(lares.window, "Continue without a model (demo)"))
        await until(lares.see("Say something to Vesta"), "an empty conversation")
        conversation = lares.session.assembly.workspace.conversation
        assert conversation is not None
        counted: list[int] = []
        lares.session.assembly.workspace.counted.connect(lambda overview: counted.append(overview.messages_in))
        for round_ in (1, 2):
            run = await lares.services.runs.start(
                conversation.active_id, MessageDraft.of(f"Hello from elsewhere {round_}")
            )
            async for _ in lares.services.runs.subscribe(run.id):
                pass
            await until(lares.see(f"Hello from elsewhere {round_}"), "the message of somebody else")
            await until(lambda round_=round_: counted[-1:] == [2 * round_], "the context to be counted again")
        await lares.close()

    wait_for(path(), 60)


def test_the_window_survives_the_death_of_its_engine(lares: LaresApp, wait_for: Callable[..., Any]):
    async def path() -> None:
        await lares.begin_demo()
        await lares.say("/long 3000")
        await until(lambda: has_button(lares.window, "Stop"), "the reply to begin")
        type_text(lares.composer, "half a thought")
        pid = (await lares.services.system.status()).pid
        os.kill(pid, signal.SIGKILL)
        await until(lambda: lares.session.connection.state != "connected", "the window to notice")
        await until(lambda: lares.session.connection.state == "connected", "the engine to be back", 20)
        await until(lares.see("The engine stopped and is running again"), "the banner")
        assert lares.composer.toPlainText() == "half a thought"
        run = (await lares.services.runs.list())[0]
        async for _ in lares.services.runs.subscribe(run.id):
            pass
        run = await lares.services.runs.get(run.id)
        assert (run.status, run.resumed) == ("completed", 1)
        await until(lambda: not has_button(lares.window, "Stop"), "the window to see the end")
        assert lares.composer.toPlainText() == "half a thought"
        await lares.close()

    wait_for(path(), 90)


def test_what_a_program_does_shows_in_the_window(lares: LaresApp, wait_for: Callable[..., Any]):
    async def path() -> None:
        await lares.begin_demo()
        lares.session.assembly.pages.local_api()
        page = lares.session.assembly.centre.page_named("settings").api
        await until(lambda: page.isVisible() and "Off" in texts(page), "the page")
        page.port.setValue(free_port())
        click(page.switch)
        await until(lambda: "Serving" in texts(page), "the API to serve")
        async with httpx.AsyncClient(
            base_url=page.url.whole_text, trust_env=False, timeout=30, verify=False
        ) as program:
            vesta = (await program.get("/v1/agents/")).json()[0]["id"]
            await program.post("/v1/agents/", json={"name": "Made by a program", "model": "demo/vesta"})
            await until(lambda: page.requests.table.model().rowCount() == 2, "the requests to be listed")
            lares.session.assembly.show_tab("chat")
            said = {"messages": [{"role": "user", "content": "My name is Brad, not Chad."}]}
            answer = await program.post(f"/v1/agents/{vesta}/messages", json=said)
            assert answer.json()["stop_reason"]["stop_reason"] == "end_turn"
        await until(lares.see("Name: Brad."), "the block to change")
        await until(lares.see("My name is Brad, not Chad."), "the message of the program")
        names = [row.agent.name for row in lares.session.assembly.workspace.agents.rows]
        assert "Made by a program" in names
        await lares.services.api.stop()
        await lares.close()

    wait_for(path(), 60)
