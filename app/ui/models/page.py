"""The models of all servers in the settings: what fits, what is loaded, getting, testing, unloading, deleting."""

from PySide6.QtWidgets import QWidget

from app.ui.kit.buttons import Button
from app.ui.kit.labels import Label
from app.ui.kit.layout import column_of, row_of
from app.ui.models.computer_memory import MemoryCard
from app.ui.models.pull_form import GetAnother
from app.ui.models.table import ModelTable
from app.ui.state.view_context import ViewContext


class ModelsPage(QWidget):
    def __init__(self, view: ViewContext) -> None:
        super().__init__()
        self._view = view
        theme = view.theme
        self.look = Button(theme, self.tr("Look again"), "ghost", "refresh")
        about = Label(
            theme,
            self.tr("What your servers offer, and what would run well here. A test takes about a minute and a half."),
            "base",
            "text2",
        )
        about.setWordWrap(True)
        head = row_of(theme, about, self.look)
        head.setStretch(0, 1)
        self.memory = MemoryCard(view)
        self.table = ModelTable(view, manage=True)
        self._none = Label(theme, "", "base", "text2")
        self._none.setWordWrap(True)
        self.get = GetAnother(view)
        column_of(theme, head, self.memory, self._none, self.table, self.get, parent=self, gap=12)
        self.look.clicked.connect(lambda: view.catalog.look_again())
        view.catalog.changed.connect(self._refresh)
        self._refresh()

    def read(self) -> None:
        self._view.catalog.read()

    def _refresh(self) -> None:
        catalog = self._view.catalog
        self.look.set_busy(catalog.looking)
        real = [offer for offer in catalog.known.offers if offer.provider.kind != "demo"]
        silent = [f"{offer.provider.name}: {offer.error}" for offer in real if offer.error]
        none = self.tr("No model server is connected. Connect one under “Model servers”.")
        self._none.setText("\n".join(silent) if real else none)
        self._none.setVisible(catalog.known.complete and (bool(silent) or not real))
        self._none.set_kind("danger" if silent else "text2")
