"""Which runs are listed: how they ended, who began them, when, what they changed, and words in them."""

from datetime import timedelta

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from app.domain.page import RunFilter
from app.domain.run import ACTIVE, RunStatus
from app.ui.kit.buttons import Button
from app.ui.kit.labels import ElidedLabel
from app.ui.kit.layout import Choice, column_of, row_of
from app.ui.kit.segmented import Segmented
from app.ui.kit.wording import now
from app.ui.theme import Theme

TYPED_MS = 250
"""Words are searched when a person has stopped typing."""
STATUSES: dict[str, tuple[RunStatus, ...]] = {
    "all": (),
    "running": ACTIVE,
    "failed": ("failed",),
    "stopped": ("cancelled",),
}
DAYS = (0, 1, 7, 30)


class RunFilters(QWidget):
    changed = Signal()
    export_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.agent_id = ""
        """The open agent."""
        self.field = QLineEdit()
        self.field.setClearButtonEnabled(True)
        self.field.setPlaceholderText(self.tr("Search messages, tools, errors"))
        self.field.setAccessibleName(self.tr("Search runs"))
        self.status = Segmented(
            theme,
            (
                ("all", self.tr("All")),
                ("running", self.tr("Running")),
                ("failed", self.tr("Failed")),
                ("stopped", self.tr("Stopped")),
            ),
            "all",
            self.tr("Which runs"),
        )
        self.whose = Segmented(theme, (("own", ""), ("all", self.tr("All agents"))), "own", self.tr("Whose runs"))
        self.begun = Choice(self.tr("Started by"))
        for words, key in (
            (self.tr("By anyone"), ""),
            (self.tr("By you"), "window"),
            (self.tr("In the terminal"), "terminal"),
            (self.tr("By the API"), "api"),
            (self.tr("By an assistant"), "mcp"),
        ):
            self.begun.addItem(words, key)
        self.days = Choice(self.tr("When"))
        words = (self.tr("Any time"), self.tr("Last 24 hours"), self.tr("Last 7 days"), self.tr("Last 30 days"))
        for text, days in zip(words, DAYS, strict=True):
            self.days.addItem(text, days)
        self.changes = Button(theme, self.tr("Changed memory"), "ghost", "memory", "small")
        self.changes.setCheckable(True)
        self.export = Button(theme, self.tr("Export run"), "ghost", "download", "small")
        self.sum = ElidedLabel(theme, "", "label", "muted")
        first = row_of(theme, self.field, self.status, self.whose)
        first.setStretch(0, 1)
        second = row_of(theme, self.begun, self.days, self.changes, None, self.sum, self.export)
        column_of(theme, first, second, parent=self, inset=(14, 8, 14, 8), gap=6)
        self._typed = QTimer(self)
        self._typed.setSingleShot(True)
        self._typed.setInterval(TYPED_MS)
        self._connect()

    def _connect(self) -> None:
        self.field.textChanged.connect(lambda: self._typed.start())
        self._typed.timeout.connect(self.changed)
        for chosen in (self.status.chosen, self.whose.chosen, self.begun.activated, self.days.activated):
            chosen.connect(lambda: self.changed.emit())
        self.changes.toggled.connect(self._toggled)
        self.export.clicked.connect(self.export_wanted)

    def _toggled(self, wanted: bool) -> None:
        self.changes.set_role("" if wanted else "ghost")
        self.changed.emit()

    @property
    def narrows(self) -> bool:
        """Whether less than all runs of whom they are asked of."""
        return self.wanted != RunFilter(agent_ids=self.wanted.agent_ids)

    @property
    def wanted(self) -> RunFilter:
        days = int(self.days.currentData())
        since = round((now() - timedelta(days=days)).timestamp() * 1_000_000) if days else None
        return RunFilter(
            agent_ids=(self.agent_id,) if self.whose.current == "own" else (),
            statuses=STATUSES[self.status.current],
            started_by=str(self.begun.currentData()) or None,
            since=since,
            changes_memory=self.changes.isChecked(),
            search=self.field.text().strip(),
        )
