"""Settings of the app itself: appearance, snippets, models, servers, search, the local API, backups, about."""

from functools import cached_property
from typing import Protocol, TypeVar, runtime_checkable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.config import Config
from app.ui.kit.layout import column_of, row_of
from app.ui.kit.segmented import Segmented
from app.ui.kit.sheet import Sheet
from app.ui.models.page import ModelsPage
from app.ui.models.servers import Servers
from app.ui.settings.about import About
from app.ui.settings.appearance import Appearance
from app.ui.settings.assistants import Assistants
from app.ui.settings.backups import BackupList
from app.ui.settings.local_api import LocalApi
from app.ui.settings.meaning import SearchByMeaning
from app.ui.settings.snippets import Snippets
from app.ui.settings.web_search import WebSearchSetting
from app.ui.state.view_context import ViewContext

WIDTH = 960
"""Of the widest part, the table of models."""
ASSISTANTS = "assistants"
"""The side of the local API that is about MCP."""
W = TypeVar("W", bound=QWidget)


@runtime_checkable
class Readable(Protocol):
    """A part that shows what the engine says."""

    def read(self) -> None: ...


class AppSettings(Sheet):
    """Each part is built when it is first seen: all of them together hold the window up."""

    swapped_enter = Signal(bool)
    """True: Enter sends; False: Ctrl Enter sends."""
    going_back = Signal(object)
    """The Backup with which the engine starts again."""
    folder_chosen = Signal(object)
    """The data folder on which Lares starts again; None: the usual one."""

    def __init__(self, view: ViewContext, config: Config) -> None:
        super().__init__(view.theme, width=WIDTH)
        self._view, self._config = view, config
        self.set_heading(self.tr("Settings"))
        self._shown: QWidget | None = None
        self._read: set[str] = set()
        """Sections that were read since the settings were opened."""
        choices = (
            ("appearance", self.tr("Appearance")),
            ("snippets", self.tr("Snippets")),
            ("models", self.tr("Models")),
            ("servers", self.tr("Model servers")),
            ("search", self.tr("Search")),
            ("api", self.tr("Local API")),
            ("backups", self.tr("Backups")),
            ("about", self.tr("About")),
        )
        self.choice = Segmented(view.theme, choices, "appearance", self.tr("Part of the settings"))
        sides = (("api", self.tr("Programs")), (ASSISTANTS, self.tr("Assistants")))
        self.side = Segmented(view.theme, sides, "api", self.tr("Who uses your agents"))
        self._side_row, holder = QWidget(), QWidget()
        row_of(view.theme, self.side, None, parent=self._side_row)
        choice = row_of(view.theme, self.choice, None)
        self._column = column_of(view.theme, choice, self._side_row, parent=holder, gap=16)
        self.add(holder)
        self.choice.chosen.connect(self._show)
        self.side.chosen.connect(self._show)

    # Parts

    @cached_property
    def appearance(self) -> Appearance:
        part = Appearance(self._view)
        part.swapped_enter.connect(self.swapped_enter)
        return self._add(part)

    @cached_property
    def snippets(self) -> Snippets:
        return self._add(Snippets(self._view))

    @cached_property
    def models(self) -> ModelsPage:
        return self._add(ModelsPage(self._view))

    @cached_property
    def servers(self) -> Servers:
        return self._add(Servers(self._view))

    @cached_property
    def _searching(self) -> QWidget:
        part = QWidget()
        column_of(self._theme, self.search, self.web_search, parent=part, gap=16)
        return self._add(part)

    @cached_property
    def search(self) -> SearchByMeaning:
        return SearchByMeaning(self._view)

    @cached_property
    def web_search(self) -> WebSearchSetting:
        return WebSearchSetting(self._view)

    @cached_property
    def api(self) -> LocalApi:
        return self._add(LocalApi(self._view))

    @cached_property
    def assistants(self) -> Assistants:
        return self._add(Assistants(self._view))

    @cached_property
    def backups(self) -> BackupList:
        part = BackupList(self._view)
        part.going_back.connect(self.going_back)
        return self._add(part)

    @cached_property
    def about(self) -> About:
        part = About(self._view, self._config)
        part.folder.chosen.connect(self.folder_chosen)
        return self._add(part)

    def _add(self, part: W) -> W:
        part.hide()
        self._column.addWidget(part)
        return part

    # Showing

    def begin(self, section: str = "") -> None:
        self._read.clear()
        self._show(section or self.choice.current)

    def _show(self, section: str) -> None:
        has_sides = section in ("api", ASSISTANTS)
        self.choice.set_current("api" if has_sides else section)
        self._side_row.setVisible(has_sides)
        if has_sides:
            self.side.set_current(section)
        part = self._searching if section == "search" else self._part(section)
        if self._shown is not None and self._shown is not part:
            self._shown.hide()
        self._shown = part
        part.show()
        if section not in self._read:
            self._read.add(section)
            for read in (self.search, self.web_search) if section == "search" else (part,):
                if isinstance(read, Readable):
                    read.read()

    def _part(self, section: str) -> QWidget:
        return {
            "appearance": lambda: self.appearance,
            "snippets": lambda: self.snippets,
            "models": lambda: self.models,
            "servers": lambda: self.servers,
            "api": lambda: self.api,
            ASSISTANTS: lambda: self.assistants,
            "backups": lambda: self.backups,
            "about": lambda: self.about,
        }[section]()
