"""The whole window over an engine, driven as a person does: real key presses, real clicks, real waiting."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QWidget

from app.config import Config
from app.domain.error import AppError
from app.link.client import Client
from app.services import Services
from app.ui.application import Session
from app.ui.state.errors import Errors
from app.ui.state.preferences import Preferences
from app.ui.theme import Theme
from app.ui.window.assembly import Assembly
from tests.support.servers.able_ollama import AbleOllama
from tests.support.servers.openai_server import OpenAIServer
from tests.support.window.household import LiveEngine

CTRL, ALT, SHIFT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
)
NONE = Qt.KeyboardModifier.NoModifier


class OpenedWindow:
    def __init__(self, theme: Theme, folder: Path, engine: LiveEngine) -> None:
        self.engine = engine
        self.client: Client
        """The window's link."""
        self.refuse: AppError | None = None
        """What connecting raises, while it is set."""
        self.crashes: list[str] = []
        errors = Errors()
        errors.crashed.connect(self.crashes.append)
        self.session = Session(theme, Config(folder), Preferences(folder), errors, self._connect)
        self.view: Assembly = self.session.assembly
        self.window = self.session.window

    @property
    def services(self) -> Services:
        """Those of the engine, past the window."""
        return self.engine.services

    async def _connect(self) -> Client:
        if self.refuse is not None:
            raise self.refuse
        self.client = await self.engine.connect()
        return self.client

    async def lose_engine(self) -> None:
        """The link is gone, as after the death of its engine."""
        await self.client.close()

    @property
    def server(self) -> OpenAIServer:
        """What the models of the sample speak through."""
        return self.engine.server

    @property
    def ollama(self) -> AbleOllama:
        """It is connected in a `home` only."""
        return self.engine.ollama

    async def open(self, width: int = 1440, height: int = 900) -> None:
        self.window.resize(width, height)
        self.window.show()
        self.window.activateWindow()
        self.ended = asyncio.ensure_future(self.session.run())
        await self.until(lambda: self.view.centre.page not in ("", "starting"), "the window never got ready")
        await self.until(self._shows_agent, "its agent never got ready")
        await self._settle()

    def _shows_agent(self) -> bool:
        workspace = self.view.workspace
        if workspace.agent is None or self.view.chat is None:
            return self.view.centre.page != "chat"
        shown = {row.block.id for row in workspace.blocks.rows}
        return shown == set(workspace.agent.block_ids) and bool(self.view.chat.branch_id)

    async def _settle(self) -> None:
        """Until the window's thread has had nothing to do for a while."""
        idle = 0
        while idle < 6:
            before = time.thread_time()
            await asyncio.sleep(0.005)
            idle = idle + 1 if time.thread_time() - before < 0.002 else 0

    async def close(self) -> None:
        for run in await self.services.runs.active():
            await self.services.runs.cancel(run.id)
        await self.services.api.stop()
        if not self.ended.done():
            self.view.view.ask.cancel()
            self.window.closing.emit()
            await self.until(lambda: self.ended.done() or self.view.view.ask.isVisible(), "the window stayed")
            self.view.view.ask.answer("quit")
        await self.ended
        assert not self.crashes, self.crashes[0]

    async def until(self, condition: Callable[[], object], what: str, seconds: float = 20) -> None:
        """Wait for something that a person would see, or that the engine would say (a coroutine)."""
        try:
            async with asyncio.timeout(seconds):
                while not await _value(condition()):  # noqa: ASYNC110  (what a person sees has no event of its own)
                    await asyncio.sleep(0.005)
        except TimeoutError:
            raise AssertionError(what) from None

    async def rest(self) -> None:
        """Until nothing that was started is still going on, but for what listens for ever."""
        for _ in range(12):
            await asyncio.sleep(0.005)

    async def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = NONE) -> None:
        """A key for whatever has the focus."""
        QTest.keyClick(self.focus or self.window, key, modifier)
        await asyncio.sleep(0)

    async def write(self, text: str) -> None:
        QTest.keyClicks(self.focus or self.window, text)
        await asyncio.sleep(0)

    @property
    def quiet(self) -> bool:
        """No run is under way, and the conversation has read the last one to its end."""
        chat = self.view.chat
        asked = chat is not None and (chat.replying or (chat.model.rows[-1:] and chat.model.rows[-1].kind == "user"))
        return not asked and not self.view.workspace.active_runs

    @property
    def focus(self) -> QWidget | None:
        return QApplication.focusWidget()

    async def tab_to(self, found: Callable[[QWidget], bool], what: str, back: bool = False) -> QWidget:
        """Press Tab until the focus is there."""
        for _ in range(80):
            await self.press(Qt.Key.Key_Backtab if back else Qt.Key.Key_Tab, SHIFT if back else NONE)
            if self.focus is not None and found(self.focus):
                return self.focus
        raise AssertionError(f"Tab never came to {what}")

    @property
    def block_editor(self) -> QPlainTextEdit | None:
        focus = self.focus
        return focus if isinstance(focus, QPlainTextEdit) else None


async def _value(found: object) -> object:
    return await found if isinstance(found, Awaitable) else found
