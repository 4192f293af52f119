"""First step of the first run: servers, memory of the computer, and the table of models to choose from."""

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFrame, QWidget

from app.ui.kit.buttons import Button
from app.ui.kit.labels import Label
from app.ui.kit.layout import Icon, column_of, frame_of, row_of
from app.ui.kit.tooltip import set_tip
from app.ui.models.computer_memory import MemoryCard
from app.ui.models.pull_form import GetAnother
from app.ui.models.server_cards import ServerCards
from app.ui.models.table import ModelTable
from app.ui.state.model_entries import ModelsKnown
from app.ui.state.server_entries import unconnected
from app.ui.state.view_context import ViewContext

OLLAMA_PAGE = "https://ollama.com/download"


class ChooseModel(QWidget):
    chosen_changed = Signal()
    add_wanted = Signal(object)

    def __init__(self, view: ViewContext) -> None:
        super().__init__()
        self._view = view
        theme = view.theme
        self._adopted: set[str] = set()
        title = Label(theme, self.tr("Choose a model"), "page")
        text = Label(theme, self.tr("You can change it at any time; the agent keeps its memory."), "base", "text2")
        for label in (title, text):
            label.setWordWrap(True)
        self.look = Button(theme, self.tr("Look again"), "ghost", "refresh")
        head = row_of(theme, column_of(theme, title, text, gap=2), self.look, gap=12)
        head.setStretch(0, 1)
        self.servers = ServerCards(view)
        self.memory = MemoryCard(view)
        self.table = ModelTable(view, pick=True)
        self.nothing = self._make_nothing()
        self.get = GetAnother(view)
        self.private = Label(theme, "", "label", "text2")
        """What has left this computer, where there is no room for the side that says so."""
        self.private.setWordWrap(True)
        self.private.hide()
        column_of(
            theme,
            head,
            4,
            self.servers,
            self.memory,
            self.nothing,
            self.table,
            self.get,
            self.private,
            None,
            parent=self,
            inset=(44, 32, 44, 24),
            gap=12,
        )
        self.look.clicked.connect(lambda: view.catalog.look_again())
        self.servers.add_wanted.connect(self.add_wanted)
        self.table.chosen_changed.connect(self._chosen)
        view.catalog.changed.connect(self._refresh)
        self._refresh()

    def _make_nothing(self) -> QFrame:
        """What to install where nothing is."""
        theme = self._view.theme
        card = frame_of("card")
        self._nothing_title = Label(theme, "", "strong")
        self._nothing_text = Label(theme, "", "base", "text2")
        for label in (self._nothing_title, self._nothing_text):
            label.setWordWrap(True)
        self.ollama = Button(theme, self.tr("Get Ollama"), "", "jump")
        set_tip(self.ollama, OLLAMA_PAGE)
        self.ollama.setAccessibleName(self.tr("Open {} in the browser").format(OLLAMA_PAGE))
        self.ollama.clicked.connect(lambda: QDesktopServices.openUrl(QUrl(OLLAMA_PAGE)))
        self._ways = QWidget()
        row_of(theme, self.ollama, None, parent=self._ways, inset=(0, 6, 0, 0))
        texts = column_of(theme, self._nothing_title, self._nothing_text, self._ways, gap=4)
        row = row_of(
            theme,
            column_of(theme, Icon(theme, "server", "muted", 26), None),
            texts,
            parent=card,
            inset=(18, 16, 18, 16),
            gap=14,
        )
        row.setStretch(1, 1)
        return card

    def _chosen(self) -> None:
        self.memory.show_wish(self.table.chosen)
        self.chosen_changed.emit()

    def _refresh(self) -> None:
        catalog = self._view.catalog
        known = catalog.known
        self.look.set_busy(catalog.looking)
        self._adopt(known)
        answering = [offer for offer in known.offers if offer.provider.kind != "demo" and not offer.error]
        empty = bool(answering) and not any(offer.models for offer in answering)
        self.nothing.setVisible(known.complete and (not answering or empty))
        self.table.setVisible(bool(answering))
        self.get.setVisible(bool(answering))
        self._ways.setVisible(not empty)
        if empty:
            self._nothing_title.setText(self.tr("{} has no models yet").format(answering[0].provider.name))
            self._nothing_text.setText(
                self.tr("Download one from the list below. A model is a file of a few gigabytes.")
            )
        else:
            self._nothing_title.setText(self.tr("No model server runs on this computer"))
            self._nothing_text.setText(
                self.tr(
                    "A model server does the thinking; Lares keeps the memory. Ollama is free and the simplest: "
                    "download it from ollama.com/download and start it. Lares notices it within 5 seconds, without a "
                    "restart. LM Studio, llama.cpp, Jan and vLLM work too. Or try the demo: it needs no model."
                )
            )

    def _adopt(self, known: ModelsKnown) -> None:
        """What answers on this computer is connected by itself, once; whoever takes it away again is heeded."""
        new = {found.preset.base_url for found in unconnected(known) if not found.needs_key} - self._adopted
        if new and self.isVisible():
            self._adopted |= new
            self._view.catalog.adopt_found()

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        self._refresh()
