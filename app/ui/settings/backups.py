"""Whole copies of the database: the list, making one, going back to one; and what was deleted and can come back."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.domain.event import Changed
from app.domain.system import Backup
from app.ui.kit.badge import Badge
from app.ui.kit.buttons import Button
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import column_of, empty, frame_of, row_of
from app.ui.kit.wording import backup_reason, full_time, sentence_case, size
from app.ui.settings.deleted import DeletedAgents, DeletedConversations
from app.ui.state.view_context import ViewContext


class BackupList(QWidget):
    going_back = Signal(object)
    """The Backup with which the engine starts again."""

    def __init__(self, view: ViewContext) -> None:
        super().__init__()
        self._view = view
        self._services = view.services
        theme = view.theme
        about = Label(
            theme,
            self.tr(
                "Lares backs up the whole database once a day and before each update of its format, and keeps "
                "seven copies."
            ),
            "base",
            "text2",
        )
        about.setWordWrap(True)
        self._list = QWidget()
        self._rows: QVBoxLayout = column_of(theme, parent=self._list, gap=6)
        self.make = Button(theme, self.tr("Back up now"), "primary", "archive")
        self.deleted = (DeletedAgents(view), DeletedConversations(view))
        column_of(theme, about, self._list, row_of(theme, self.make, None), *self.deleted, parent=self, gap=12)
        self.make.clicked.connect(lambda: view.run(self._make(), self))
        view.workspace.changed.connect(self._on_changed)
        view.workspace.loaded.connect(lambda: self._read_if_seen())

    def read(self) -> None:
        self._view.run(self._read(), self)
        for deleted in self.deleted:
            deleted.read()

    def _on_changed(self, event: Changed) -> None:
        if event.kind == "backup":
            self._read_if_seen()

    def _read_if_seen(self) -> None:
        if self.isVisible():
            self.read()

    async def _read(self) -> None:
        backups: tuple[Backup, ...] = await self._services.backups.list()
        empty(self._rows)
        if not backups:
            words = self.tr("There is no backup yet. The first one follows within a day.")
            self._rows.addWidget(Label(self._view.theme, words, "base", "muted"))
        for backup in sorted(backups, key=lambda one: -one.at):
            self._rows.addWidget(self._row(backup))

    def _row(self, backup: Backup) -> QWidget:
        theme, row = self._view.theme, frame_of("card")
        when = Label(theme, sentence_case(full_time(backup.at)), "base")
        when.set_weight(500)
        name = ElidedLabel(theme, f"{size(backup.bytes)}, {backup.name}", "label", "muted")
        restore = Button(theme, self.tr("Restore…"), "", "history", size="small")
        restore.setAccessibleName(self.tr("Restore the backup of {}").format(full_time(backup.at)))
        restore.clicked.connect(lambda: self._view.run(self._restore(backup), self))
        layout = row_of(
            theme, when, Badge(theme, backup_reason(backup)), name, restore, parent=row, inset=(12, 6, 8, 6)
        )
        layout.setStretch(2, 1)
        return row

    async def _make(self) -> None:
        self.make.set_busy(True)
        try:
            backup: Backup = await self._services.backups.create()
        finally:
            self.make.set_busy(False)
        self._view.tell(self.tr("Backed up"), self.tr("{}, {}").format(backup.name, size(backup.bytes)), "done")
        await self._read()

    async def _restore(self, backup: Backup) -> None:
        when = full_time(backup.at)
        title = self.tr("Go back to {}?").format(when)
        text = self.tr(
            "All agents, memory and messages return to how they were then. The current state is backed up "
            "first, so you can come back to it. The engine restarts."
        )
        answers = (("cancel", self.tr("Cancel"), "ghost"), ("restore", self.tr("Restore"), "danger"))
        key, _ = await self._view.ask.ask(title, text, answers)
        if key == "restore":
            await self._services.backups.restore(backup.name)
            self.going_back.emit(backup)
            self._view.tell(
                self.tr("Restoring the backup of {}").format(when), self.tr("The engine is restarting."), "done"
            )
