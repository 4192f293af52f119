"""The whole window over fake services, driven as a person does: real key presses, real clicks, real waiting."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QWidget

from app.config import Config
from app.domain.error import AppError
from app.ui.application import Session
from app.ui.state.errors import Errors
from app.ui.state.preferences import Preferences
from app.ui.theme import Theme
from app.ui.window.assembly import Assembly
from tests.support.window.fake_services import FakeServices

CTRL, ALT, SHIFT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
)
NONE = Qt.KeyboardModifier.NoModifier


class FakeClient:
    """A link to fake services that a test can cut."""

    def __init__(self, services: FakeServices) -> None:
        self.services: Any = services
        self.on_notice: Callable[[str], None] = lambda name: None
        self.gone = asyncio.Event()

    async def wait_closed(self) -> None:
        await self.gone.wait()

    async def stop_engine(self, with_work: bool = False) -> bool:
        self.services.system.stopped = True
        return True

    async def close(self) -> None:
        self.gone.set()


class OpenedWindow:
    def __init__(self, theme: Theme, folder: Path, services: FakeServices) -> None:
        self.services = services
        self.client = FakeClient(services)
        self.refuse: AppError | None = None
        """What connecting raises, while it is set."""
        self.crashes: list[str] = []
        errors = Errors()
        errors.crashed.connect(self.crashes.append)
        self.session = Session(theme, Config(folder), Preferences(folder), errors, self._connect)
        self.view: Assembly = self.session.assembly
        self.window = self.session.window

    async def _connect(self) -> FakeClient:
        if self.refuse is not None:
            raise self.refuse
        self.client = FakeClient(self.services)
        return self.client

    async def open(self, width: int = 1440, height: int = 900) -> None:
        self.window.resize(width, height)
        self.window.show()
        self.window.activateWindow()
        self.ended = asyncio.ensure_future(self.session.run())
        await self.until(lambda: self.view.centre.page not in ("", "starting"), "the window never got ready")
        await self.rest()

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
        self.window.deleteLater()
        assert not self.crashes, self.crashes[0]

    async def until(self, condition: Callable[[], object], what: str, seconds: float = 20) -> None:
        """Wait for something that a person would see."""
        try:
            async with asyncio.timeout(seconds):
                while not condition():  # noqa: ASYNC110  (what a person sees has no event of its own)
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
        replying = self.view.chat is not None and self.view.chat.replying
        return not replying and not any(run.active for run in self.services.world.runs.values())

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
