"""The pages of the centre, each built when it is first shown, and what their answers lead to."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.config import Config
from app.domain.agent import AgentPatch
from app.domain.model import ServerPreset
from app.resources import read_resource
from app.ui.state.command_registry import Commands
from app.ui.state.view_context import ViewContext
from app.ui.window.centre import Centre

if TYPE_CHECKING:
    from app.ui.memory.block_card import BlockCard


class Pages(QObject):
    changed = Signal(str)
    """Name of the page that is shown now."""
    patched = Signal(object)
    """AgentPatch from a page."""
    agent_made = Signal(str)
    retry_wanted = Signal()
    enter_swapped = Signal(bool)
    """Whether Enter sends a message from now on."""
    restore_wanted = Signal(object)
    anew_wanted = Signal()
    going_back = Signal(object)
    """The Backup with which the engine starts again."""
    folder_chosen = Signal(object)
    """The data folder on which Lares starts again; None: the usual one."""

    def __init__(self, view: ViewContext, config: Config, commands: Commands, centre: Centre) -> None:
        super().__init__(centre)
        self._view = view
        self._config = config
        self._commands = commands
        self._centre = centre

    @property
    def current(self) -> str:
        return self._centre.page

    def add(self, name: str, page: QWidget, tools: QWidget | None = None) -> None:
        """A page that somebody else builds; `tools` stand beside the tabs while its own is shown."""
        self._centre.add_page(name, page)
        if tools is not None:
            self._centre.add_tools(name, tools)

    def show(self, name: str) -> None:
        self._centre.show_page(name)
        self._centre.page_named(name).setFocus()
        self.changed.emit(name)

    def back(self) -> None:
        """From a sheet to what it lay over."""
        self._centre.close_sheet()
        self._centre.page_named(self._centre.page).setFocus()
        self.changed.emit(self._centre.page)

    def _page(self, name: str, build: Callable[[], QWidget]) -> QWidget:
        if not self._centre.has_page(name):
            self._centre.add_page(name, build())
        return self._centre.page_named(name)

    # Sheets

    def new_agent(self) -> None:
        from app.ui.agents.new_agent import NewAgent

        def build() -> NewAgent:
            page = NewAgent(self._view)
            page.closed.connect(self.back)
            page.servers_wanted.connect(self.servers)
            page.models_wanted.connect(self.models)
            page.made.connect(self.agent_made)
            return page

        page = self._page("new agent", build)
        self.show("new agent")
        if isinstance(page, NewAgent):
            page.begin()

    def instructions(self) -> None:
        from app.ui.agents.instructions import Instructions

        agent = self._view.workspace.agent
        if agent is None:
            return

        def build() -> Instructions:
            page = Instructions(self._view, default_instructions())
            page.closed.connect(self.back)
            page.saved.connect(self._save_instructions)
            return page

        page = self._page("instructions", build)
        self.show("instructions")
        if isinstance(page, Instructions):
            page.begin(agent)

    def wide_block(self, card: "BlockCard") -> None:
        """Its text with the whole centre to itself, until another page is shown."""
        from app.ui.memory.wide_block import WideBlock

        def build() -> WideBlock:
            page = WideBlock(self._view.theme)

            def closed() -> None:
                if self.current == "block":
                    self.back()

            def shown(name: str) -> None:
                if name != "block":
                    page.give_back()

            page.closed.connect(closed)
            self.changed.connect(shown)
            return page

        page = self._page("block", build)
        self.show("block")
        if isinstance(page, WideBlock):
            page.open(card)

    def _save_instructions(self, text: str) -> None:
        self.patched.emit(AgentPatch(system=text))

    @property
    def unsaved(self) -> list[str]:
        """What was typed on a page and would be lost with it, in words."""
        from app.ui.agents.instructions import Instructions

        page = self._centre.page_named("instructions") if self._centre.has_page("instructions") else None
        return page.unsaved if isinstance(page, Instructions) else []

    async def save_unsaved(self) -> None:
        from app.ui.agents.instructions import Instructions

        page = self._centre.page_named("instructions") if self._centre.has_page("instructions") else None
        if isinstance(page, Instructions):
            await page.save_all()

    def settings(self, section: str = "") -> None:
        from app.ui.settings.page import AppSettings

        def build() -> AppSettings:
            page = AppSettings(self._view, self._config)
            page.closed.connect(self.back)
            page.swapped_enter.connect(self.enter_swapped)
            page.going_back.connect(self.going_back)
            page.folder_chosen.connect(self.folder_chosen)
            return page

        page = self._page("settings", build)
        self.show("settings")
        if isinstance(page, AppSettings):
            page.begin(section)

    def appearance(self) -> None:
        self.settings()

    def servers(self) -> None:
        self.settings("servers")

    def add_server(self, preset: ServerPreset | None) -> None:
        """A new server, like this one or any other."""
        from app.ui.settings.page import AppSettings

        self.settings("servers")
        page = self._centre.page_named("settings")
        if isinstance(page, AppSettings):
            page.servers.begin_with(preset)

    def local_api(self) -> None:
        self.settings("api")

    def assistants(self) -> None:
        self.settings("assistants")

    def snippets(self) -> None:
        self.settings("snippets")

    def data_folder(self) -> None:
        """Where it is chosen; while no engine runs that is the page that says why."""
        if self.current != "repair":
            self.settings("about")

    def models(self) -> None:
        self.settings("models")

    def shortcuts(self) -> None:
        from app.ui.window.shortcuts_page import Shortcuts

        def build() -> Shortcuts:
            page = Shortcuts(self._view.theme, self._commands)
            page.closed.connect(self.back)
            return page

        self._page("shortcuts", build)
        self.show("shortcuts")

    def crash(self, report: str) -> None:
        from app.ui.window.crash import Crash

        def build() -> Crash:
            page = Crash(self._view.theme)
            page.closed.connect(self.back)
            return page

        page = self._page("crash", build)
        if isinstance(page, Crash):
            page.show_report(report)
        self.show("crash")

    def repair(self, error: object) -> None:
        from app.domain.error import AppError
        from app.ui.settings.folder_choice import FolderChoice
        from app.ui.window.repair import Repair

        def build() -> Repair:
            folder = FolderChoice(self._view, self._config)
            folder.chosen.connect(self.folder_chosen)
            page = Repair(self._view.theme, self._config, folder)
            page.retry_wanted.connect(self.retry_wanted)
            page.restore_wanted.connect(self.restore_wanted)
            page.anew_wanted.connect(self.anew_wanted)
            return page

        page = self._page("repair", build)
        if isinstance(page, Repair) and isinstance(error, AppError):
            page.show_error(error)
        self.show("repair")


def default_instructions() -> str:
    return read_resource("prompts", "default.md").strip()
