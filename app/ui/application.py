"""The window's process: one Qt application on one asyncio loop, from the first paint to an orderly end."""

import asyncio
import contextlib
import gc
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

import qasync  # pyright: ignore[reportMissingTypeStubs]
from PySide6.QtCore import QObject
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication, QMenuBar

from app.config import Config
from app.data_folder import choice_file, choose
from app.domain.error import AppError, StorageError
from app.domain.event import Changed
from app.link.launcher import Start, ensure_engine
from app.ui.bridge.engine_connection import Client, EngineConnection
from app.ui.bridge.event_relay import EventRelay
from app.ui.bridge.tasks import Tasks
from app.ui.kit.wording import counted
from app.ui.state.errors import Errors
from app.ui.state.preferences import Preferences
from app.ui.theme import Theme
from app.ui.window.assembly import Assembly
from app.ui.window.made_ready import MadeReady

SHUTDOWN_SECONDS = 1.8
ASK_SECONDS = 1.0
FURNISHED_SECONDS = 1.0
"""After that time all views are built."""
OVER = "over"
"""Answer of the quit question when the last work ended before a person did."""
Connect = Callable[[], Awaitable[Client]]


def main(config: Config, started: Start | None = None) -> bool:
    """Show the window of this data folder until it is closed. True: it is to be opened again, on a folder that a person
    chose. `started`: what `start_early` gave."""
    app = make_application()
    loop = cast("asyncio.AbstractEventLoop", qasync.QEventLoop(app))
    asyncio.set_event_loop(loop)
    errors = Errors()
    errors.install(loop)
    preferences = Preferences(choice_file().parent if config.missing else config.folder)
    session = Session(make_theme(app, preferences), config, preferences, errors, _connecting(config, started))
    session.show()
    loop.call_later(FURNISHED_SECONDS, _collect_from_now)
    with contextlib.closing(loop):
        loop.run_until_complete(session.run())
    return session.again


def _collect_from_now() -> None:
    """What is there now stays until the end; collections need not look through it and so stay short."""
    gc.freeze()
    gc.enable()


def make_application() -> QApplication:
    """The one QApplication, named as systems want to know it."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication(sys.argv[:1])
    app.setApplicationName("lares")
    app.setApplicationDisplayName("Lares")
    app.setDesktopFileName("lares")
    app.setQuitOnLastWindowClosed(False)
    return app


def make_theme(app: QApplication, preferences: Preferences) -> Theme:
    """The look as it was the last time."""
    mode, scale = preferences.get("theme", "system"), preferences.get("scale", 1.0)
    theme = Theme(app, mode, scale, preferences.get("reduced_motion", False))
    theme.set_reading(preferences.get("reading", 1.0))
    if preferences.get("high_contrast", False):
        theme.set_high_contrast(True)
    theme.patient = True
    return theme


def _connecting(config: Config, started: Start | None) -> Connect:
    """The first time with the engine that was started early, then with a new one."""
    first = [started]

    async def connect() -> Client:
        return await ensure_engine(config, "window", first.pop() if first else None)

    return connect


class Session(QObject):
    """One window from opening to closing."""

    def __init__(
        self, theme: Theme, config: Config, preferences: Preferences, errors: Errors, connect: Connect
    ) -> None:
        super().__init__()
        self.theme, self.config, self.preferences = theme, config, preferences
        self.tasks = Tasks(errors.take)
        self.relay = EventRelay(self)
        self.connection = EngineConnection(self.tasks, self.relay, connect)
        mac = sys.platform == "darwin"
        self.assembly = Assembly(
            self.theme,
            config,
            errors,
            self.tasks,
            self.connection,
            self.relay,
            self.preferences,
            self,
            with_menu=not mac,
        )
        self.window = self.assembly.window
        self.window.setWindowIcon(QIcon(self.theme.mark(64)))
        self.menu_bar = self._make_menu_bar() if mac else None
        self.window.closing.connect(self._closing)
        self.assembly.pages.folder_chosen.connect(self._work_on)
        self.again = False
        """Whether Lares is to be opened anew when this window has closed."""
        self._chosen: list[Path | None] = []
        """The data folder that was chosen for it."""
        self._end: asyncio.Future[None] | None = None
        self._asked = False

    def show(self) -> None:
        """The window is painted at once; the engine is looked for when the loop runs."""
        self.window.restore()
        self.window.show()

    async def run(self) -> None:
        """Until a person has closed the window; then it goes, with all that was made for it."""
        self._end = asyncio.get_running_loop().create_future()
        await asyncio.sleep(0)
        self.assembly.furnish()
        self.connection.start()
        MadeReady(self.theme, self)
        await self._end
        self.window.deleteLater()
        self.deleteLater()

    def _make_menu_bar(self) -> QMenuBar:
        bar = QMenuBar()
        commands = self.assembly.commands
        for title, group in commands.groups().items():
            menu = bar.addMenu(title)
            menu.aboutToShow.connect(commands.refresh)
            for command in group:
                menu.addAction(commands.action(command.id))
        return bar

    # Closing

    def _work_on(self, folder: Path | None) -> None:
        """Another data folder, None: the usual one; from when this window has closed."""
        self._chosen = [folder]
        self._closing()

    def _closing(self) -> None:
        if not self._asked:
            self._asked = True
            self.tasks.spawn(self._close(), self)

    async def _close(self) -> None:
        try:
            stop = await self._may_stop() if await self._may_forget() else None
        finally:
            self._asked = False
        chosen, self._chosen = self._chosen, []
        if stop is None or not self._remembered(chosen):
            return
        self._asked = True
        try:
            self.assembly.chat_page.keep_drafts()
            self.window.save()
            self.preferences.save()
        finally:
            self.window.hide()
            await self._leave(stop)

    def _remembered(self, chosen: list[Path | None]) -> bool:
        """Whether the folder that was chosen, if one was, is that of the next start; else the person is told."""
        try:
            for folder in chosen:
                choose(folder)
                self.again = True
        except OSError as error:
            hint = self.tr("Nothing was changed. Allow writing there, then try again.")
            message = self.tr("Lares cannot remember the folder: {}.").format(error.strerror)
            self.assembly.view.tell_error(StorageError(message, hint=hint))
            return False
        return True

    async def _leave(self, stop: bool) -> None:
        try:
            async with asyncio.timeout(SHUTDOWN_SECONDS):
                await self.connection.close(stop)
                await self.tasks.end()
        except (TimeoutError, AppError):
            # The engine ends by itself when nobody needs it; the window does not wait for it.
            pass
        self.window.may_close = True
        self.window.close()
        if self._end is not None and not self._end.done():
            self._end.set_result(None)

    async def _may_forget(self) -> bool:
        """Whether what was typed and not saved may go with the window."""
        unsaved = self.assembly.unsaved
        if not unsaved:
            return True
        answers = (
            ("cancel", self.tr("Cancel"), "ghost"),
            ("quit", self.tr("Quit without saving"), "danger"),
            ("save", self.tr("Save and quit"), "primary"),
        )
        text = self.tr("If you quit without saving, you lose what you typed: {}.").format(", ".join(unsaved))
        key, _ = await self.assembly.view.ask.ask(self.tr("Your text is not saved yet"), text, answers)
        return key == "quit" or (key == "save" and await self._saved())

    async def _saved(self) -> bool:
        """Whether everything that was typed is stored now; else the person is told why not."""
        try:
            await self.assembly.save_unsaved()
        except AppError as error:
            self.assembly.view.tell_error(error)
            return False
        return True

    async def _work(self) -> tuple[int, bool]:
        """How many runs go on, and whether programs may come; an engine that does not answer has no work to stop."""
        if self.connection.state != "connected":
            return 0, False
        services = self.connection.services
        try:
            async with asyncio.timeout(ASK_SECONDS):
                api = await services.api.status()
                return len(await services.runs.active()), api.enabled and api.running
        except (TimeoutError, AppError):
            return 0, False

    async def _may_stop(self) -> bool | None:
        """Whether the engine's work is to be stopped with the window; None: the window stays."""
        number, serving = await self._work()
        if not number and not serving:
            return True
        kept = self.preferences.get("quit", "")
        if kept:
            return kept == "stop"
        watching = self.assembly.workspace.changed.connect(self._work_changed)
        try:
            key, remember = await self._ask_about_work(number, serving)
        finally:
            QObject.disconnect(watching)
        if not key:
            return None
        if remember and key != OVER:
            self.preferences.set("quit", key)
        return key != "keep"

    async def _ask_about_work(self, number: int, serving: bool) -> tuple[str, bool]:
        answers = (
            ("cancel", self.tr("Cancel"), "ghost"),
            ("stop", self.tr("Stop and quit"), "danger"),
            ("keep", self.tr("Quit, keep running"), "primary"),
        )
        if not number:
            title = self.tr("The local API is on")
            text = self.tr(
                "If you keep Lares running, programs can still use your agents without the window. If you stop "
                "it, they cannot."
            )
        else:
            title = counted(number, self.tr("An agent is replying"), self.tr("{} agents are replying"))
            text = counted(
                number,
                self.tr("It can finish without the window. If you stop it, what it has written so far is kept."),
                self.tr("They can finish without the window. If you stop them, what they have written so far is kept."),
            )
            if self.assembly.chat_page.unsent:
                text += " " + self.tr("Your queued message is not sent; it is kept as a draft.")
            if serving:
                text += " " + counted(
                    number,
                    self.tr("The local API stays on too, or stops with it."),
                    self.tr("The local API stays on too, or stops with them."),
                )
        return await self.assembly.view.ask.ask(title, text, answers, self.tr("Do the same next time"))

    def _work_changed(self, event: Changed) -> None:
        if event.kind in ("run", "setting"):
            self.tasks.spawn(self._go_on_if_over(), self)

    async def _go_on_if_over(self) -> None:
        if await self._work() == (0, False):
            self.assembly.view.ask.answer(OVER)
