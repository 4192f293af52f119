"""What the window says when the engine comes, goes, comes again, or cannot come."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject

from app.backup_files import note_nothing, note_restore
from app.domain.error import StorageError
from app.domain.ids import short
from app.domain.system import Backup, EngineStatus
from app.ui.bridge.engine_connection import EngineConnection
from app.ui.kit.banner import Banner
from app.ui.kit.wording import count, full_time
from app.ui.state.view_context import ViewContext


class EngineState(QObject):
    def __init__(self, view: ViewContext, connection: EngineConnection, banner: Banner, backups: Path) -> None:
        super().__init__(banner)
        self._view, self._connection = view, connection
        self._banner, self._backups = banner, backups
        self._going_back: Backup | None = None
        connection.state_changed.connect(self._state)
        connection.connected.connect(self._connected)
        connection.failed.connect(lambda: self.note_going_back(None))

    # States

    def _state(self, state: str) -> None:
        if state == "again":
            self._view.workspace.forget_runs()
            self._tell_away()
        elif state == "failed":
            self._banner.clear("engine")

    def _tell_away(self) -> None:
        text, kind = self.tr("The engine stopped. Lares is restarting it."), "warn"
        detail = self.tr("What you typed is kept, and everything stored is safe.")
        if self._going_back is not None:
            text, kind = self.tr("Lares is restoring the backup of {}.").format(full_time(self._going_back.at)), "info"
            detail = self.tr("The engine restarts with it.")
        self._banner.show_message("engine", text, kind, detail, closable=False)

    def note_going_back(self, backup: Backup | None) -> None:
        """The backup with which the engine will start again."""
        self._going_back = backup

    def _connected(self, status: EngineStatus, lost: bool) -> None:
        view = self._view
        self._banner.clear("engine")
        view.workspace.load(view.preferences.get("agent", ""), view.preferences.get("conversation", ""))
        view.catalog.read()
        for number, notice in enumerate(status.notices):
            self._banner.show_message(f"notice {number}", notice, "warn")
        back, self._going_back = self._going_back, None
        first, rest = self.tr("Lares was closed during a run."), ""
        if back is not None:
            first = self.tr("Lares restored the backup of {}.").format(full_time(back.at))
            rest = self.tr("What was there before is kept as a backup.")
        elif lost:
            first, rest = self.tr("The engine stopped and is running again."), self.tr("Nothing was lost.")
        if rest or status.resumed_runs or status.interrupted_runs:
            view.run(self._tell_again(status, first, rest), self)

    async def _tell_again(self, status: EngineStatus, first: str, rest: str) -> None:
        """Says what became of the runs that were under way; `rest` if there were none."""
        runs = self._view.services.runs
        if status.resumed_runs:
            run = await runs.get(status.resumed_runs[0])
            steps = await runs.steps(run.id)
            number = len(steps) + 1
            went_on = self.tr("The run continued from step {}; nothing was lost.").format(count(number))
            self._banner.show_message("engine", f"{first} {went_on}", "info")
        elif status.interrupted_runs:
            run_id = short(status.interrupted_runs[0])
            ended = self.tr("Run {} was ended; what it had done is kept.").format(run_id)
            self._banner.show_message(
                "engine", f"{first} {ended}", "warn", self.tr("Choose “Try again” below it to continue.")
            )
        else:
            self._banner.show_message("engine", f"{first} {rest}", "info")

    def restore(self, backup: Backup) -> None:
        """From the repair page: no engine runs, so the next one is told by a note."""
        self._view.run(self._restore(backup), self)

    async def _restore(self, backup: Backup) -> None:
        answers = (("cancel", self.tr("Cancel"), "ghost"), ("restore", self.tr("Restore"), "danger"))
        text = self.tr(
            "Agents, memory and messages return to how they were then. The current state is kept as a backup."
        )
        key, _ = await self._view.ask.ask(self.tr("Go back to {}?").format(full_time(backup.at)), text, answers)
        if key != "restore":
            return
        self._write(lambda: note_restore(self._backups / backup.name))
        self.note_going_back(backup)
        self._connection.retry()

    def begin_anew(self) -> None:
        """From the repair page, where the database is gone: without agents, but with the backups kept."""
        self._view.run(self._begin_anew(), self)

    async def _begin_anew(self) -> None:
        answers = (("cancel", self.tr("Cancel"), "ghost"), ("anew", self.tr("Start empty"), "danger"))
        text = self.tr("Lares opens without agents. The backups stay, and you can go back to one in the settings.")
        key, _ = await self._view.ask.ask(self.tr("Begin without your agents?"), text, answers)
        if key == "anew":
            self._write(lambda: note_nothing(self._backups))
            self._connection.retry()

    def _write(self, note: Callable[[], None]) -> None:
        try:
            note()
        except OSError as error:
            raise StorageError(
                self.tr("Lares cannot write to the data folder: {}.").format(error.strerror),
                hint=self.tr("Free some space or allow writing, then try again."),
            ) from error
