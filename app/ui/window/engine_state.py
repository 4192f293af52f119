"""What the window says and reads when the engine comes, goes, comes again, or cannot come."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.backup_files import note_restore
from app.domain.error import AppError, StorageError
from app.domain.event import Changed
from app.domain.ids import short
from app.domain.run import Run
from app.domain.system import Backup, EngineStatus
from app.ui.bridge.event_relay import EventRelay
from app.ui.kit.wording import full_time
from app.ui.state.errors import Errors
from app.ui.state.server_lines import other_hosts

if TYPE_CHECKING:
    from app.ui.window.assembly import Assembly


class EngineState(QObject):
    def __init__(self, window: "Assembly") -> None:
        super().__init__(window)
        self._window = window
        self._going_back: Backup | None = None

    def follow(self, errors: Errors, relay: EventRelay) -> None:
        window = self._window
        errors.told.connect(window.desk.tell_error)
        errors.crashed.connect(window.pages.crash)
        relay.batch.connect(self._batch)
        connection = window.connection
        connection.state_changed.connect(self._state)
        connection.connected.connect(self._connected)
        connection.failed.connect(self._failed)
        connection.raise_wanted.connect(window.window.come_forward)
        window.pages.retry_wanted.connect(connection.retry)
        window.desk.catalog.changed.connect(self._show_models)
        window.desk.catalog.refused.connect(window.desk.tell_error)
        window.pages.going_back.connect(self._note_going_back)
        window.pages.restore_wanted.connect(lambda backup: window.tasks.spawn(self._restore(backup), self))

    def _batch(self, events: object) -> None:
        window = self._window
        window.workspace.on_batch(events)  # type: ignore[arg-type]
        for event in events:  # type: ignore[attr-defined]
            if isinstance(event, Changed):
                window.desk.catalog.on_changed(event)
                if event.kind == "tool":
                    self._read_tools()
                elif event.kind == "setting":
                    self._read_api()
                if window.chat is not None:
                    window.chat.on_changed(event)
            elif window.chat is not None:
                window.chat.on_progress(event)

    # States

    def _state(self, state: str) -> None:
        window = self._window
        window.status.show_engine(state)
        window.commands.refresh()
        if state == "again":
            window.workspace.forget_runs()
            self._tell_away()
        elif state == "starting" and window.centre.page == "repair":
            window.pages.show("starting")
        elif state == "failed":
            window.centre.banner.clear("engine")

    def _tell_away(self) -> None:
        text, kind = self.tr("The engine stopped. Lares is starting it again."), "warn"
        detail = self.tr("What you typed is kept; what was stored is safe.")
        if self._going_back is not None:
            text, kind = self.tr("Lares goes back to the backup of {}.").format(full_time(self._going_back.at)), "info"
            detail = self.tr("The engine starts again with it.")
        self._window.centre.banner.show_message("engine", text, kind, detail, closable=False)

    def _note_going_back(self, backup: Backup | None) -> None:
        self._going_back = backup

    def _connected(self, status: EngineStatus, lost: bool) -> None:
        window = self._window
        window.centre.banner.clear("engine")
        window.data_folder = status.data_folder
        window.workspace.load(window.preferences.get("agent", ""), window.preferences.get("conversation", ""))
        window.desk.catalog.read()
        self._read_tools()
        self._read_api()
        for number, notice in enumerate(status.notices):
            window.centre.banner.show_message(f"notice {number}", notice, "warn")
        back, self._going_back = self._going_back, None
        first, rest = self.tr("Lares was closed during a run."), ""
        if back is not None:
            first = self.tr("Lares went back to the backup of {}.").format(full_time(back.at))
            rest = self.tr("What was there before is kept as a backup.")
        elif lost:
            first, rest = self.tr("The engine stopped and is running again."), self.tr("Nothing was lost.")
        if rest or status.resumed_runs or status.interrupted_runs:
            window.tasks.spawn(self._tell_again(status, first, rest), self)

    async def _tell_again(self, status: EngineStatus, first: str, rest: str) -> None:
        """Says what became of the runs that were under way; `rest` if there were none."""
        window = self._window
        if status.resumed_runs:
            run: Run = await window.desk.services.runs.get(status.resumed_runs[0])
            steps = await window.desk.services.runs.steps(run.id)
            number = len(steps) + 1
            text = self.tr("{} The run went on from step {} without losing anything.").format(first, number)
            window.centre.banner.show_message("engine", text, "info")
        elif status.interrupted_runs:
            run_id = short(status.interrupted_runs[0])
            text = self.tr("{} Run {} was ended; what it had done is kept.").format(first, run_id)
            window.centre.banner.show_message("engine", text, "warn", self.tr("Choose “Try again” below it to go on."))
        else:
            window.centre.banner.show_message("engine", f"{first} {rest}", "info")

    async def _restore(self, backup: Backup) -> None:
        """From the repair page: no engine runs, so the next one is told by a note."""
        answers = (("cancel", self.tr("Cancel"), "ghost"), ("restore", self.tr("Restore"), "danger"))
        text = self.tr("Agents, memory and messages become as they were then. What is there now is kept as a backup.")
        key, _ = await self._window.desk.ask.ask(self.tr("Go back to {}?").format(full_time(backup.at)), text, answers)
        if key != "restore":
            return
        try:
            note_restore(self._window.config.backups / backup.name)
        except OSError as error:
            raise StorageError(
                self.tr("The data folder cannot be written: {}.").format(error.strerror),
                hint=self.tr("Free some space or allow writing, then try again."),
            ) from error
        self._note_going_back(backup)
        self._window.connection.retry()

    def _failed(self, error: AppError) -> None:
        self._note_going_back(None)
        self._window.pages.repair(error)

    # Reading

    def _show_models(self) -> None:
        window = self._window
        known = window.desk.catalog.known
        window.left.settings.show_models(known)
        window.top.set_hosts(other_hosts(known.offers))

    def _read_tools(self) -> None:
        async def read() -> None:
            self._window.left.settings.show_tools(await self._window.desk.services.tools.list())

        self._window.tasks.spawn(read(), self)

    def _read_api(self) -> None:
        async def read() -> None:
            self._window.top.show_api(await self._window.desk.services.api.status())

        self._window.tasks.spawn(read(), self)
