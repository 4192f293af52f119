"""Settings of the app itself: appearance, snippets, models, servers, search, the local API, backups, about."""

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
from app.ui.settings.backups import BackupList
from app.ui.settings.local_api import LocalApi
from app.ui.settings.meaning import SearchByMeaning
from app.ui.settings.snippets import Snippets
from app.ui.settings.web_search import WebSearchSetting
from app.ui.state.view_context import ViewContext

WIDTH = 960
"""Of the widest part, the table of models."""


class AppSettings(Sheet):
    swapped_enter = Signal(bool)
    """True: Enter sends; False: Ctrl Enter sends."""
    going_back = Signal(object)
    """The Backup with which the engine starts again."""

    def __init__(self, view: ViewContext, config: Config) -> None:
        super().__init__(view.theme, width=WIDTH)
        self.set_heading(self.tr("Settings"))
        theme = view.theme
        self.appearance = Appearance(view)
        self.snippets = Snippets(view)
        self.models = ModelsPage(view)
        self.servers = Servers(view)
        self.search = SearchByMeaning(view)
        self.web_search = WebSearchSetting(view)
        searching = QWidget()
        column_of(theme, self.search, self.web_search, parent=searching, gap=16)
        self.api = LocalApi(view)
        self.backups = BackupList(view)
        self.about = About(view, config)
        self._parts: dict[str, QWidget] = {
            "appearance": self.appearance,
            "snippets": self.snippets,
            "models": self.models,
            "servers": self.servers,
            "search": searching,
            "api": self.api,
            "backups": self.backups,
            "about": self.about,
        }
        names = (
            self.tr("Appearance"),
            self.tr("Snippets"),
            self.tr("Models"),
            self.tr("Model servers"),
            self.tr("Search"),
            self.tr("Local API"),
            self.tr("Backups"),
            self.tr("About"),
        )
        choices = tuple(zip(self._parts, names, strict=True))
        self.choice = Segmented(theme, choices, "appearance", self.tr("Part of the settings"))
        holder = QWidget()
        column_of(theme, row_of(theme, self.choice, None), *self._parts.values(), parent=holder, gap=16)
        self.add(holder)
        self.choice.chosen.connect(self._show)
        self.appearance.swapped_enter.connect(self.swapped_enter)
        self.backups.going_back.connect(self.going_back)

    def begin(self, section: str = "") -> None:
        self._show(section or self.choice.current)
        for part in (self.snippets, self.models, self.servers, self.search, self.web_search, self.api):
            part.read()
        self.backups.read()
        self.about.read()

    def _show(self, section: str) -> None:
        self.choice.set_current(section)
        for name, part in self._parts.items():
            part.setVisible(name == section)
