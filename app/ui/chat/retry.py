"""Try again (Ctrl+R, R on a card): a run that failed goes on, a finished reply is replaced by another branch."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.domain.history import MemoryEvent
from app.ui.bridge.tasks import Tasks
from app.ui.chat.run_follower import RunFollower
from app.ui.chat.transcript.model import TranscriptModel
from app.ui.chat.transcript.row import Row
from app.ui.kit.banner import Banner

if TYPE_CHECKING:
    from app.link.client import Services

KEY = "retry"


class Retry(QObject):
    """Asks in `banner` before a reply is replaced that changed memory."""

    replace_wanted = Signal(object, str, bool)
    """Row of the question, its text, and whether memory changes of the old reply are undone."""
    told = Signal(str, str, str)
    """Text, detail and kind of a notice."""

    def __init__(
        self, services: "Services", tasks: Tasks, model: TranscriptModel, runs: RunFollower, banner: Banner
    ) -> None:
        super().__init__(banner)
        self._services, self._tasks = services, tasks
        self._model, self._runs, self._banner = model, runs, banner

    def retry_last(self) -> None:
        """The newest reply or error; nothing while a reply is written."""
        rows = [row for row in self._model.rows if row.run_id and row.kind in ("assistant", "error")]
        if rows and not self._runs.replying:
            self.retry(rows[-1])

    def retry(self, row: Row) -> None:
        """A run that ended badly just goes on. A finished reply is replaced by a branch, which may touch memory."""
        run = row.run
        if run is not None and run.status != "completed":
            self._runs.go_on(run.id)
        elif row.run_id:
            self._tasks.spawn(self._replace(row), self)

    async def _replace(self, reply: Row) -> None:
        question = self._question_of(reply)
        if question is None or question.position is None:
            text = self.tr("The message that led to this reply is not loaded.")
            self.told.emit(text, self.tr("Scroll up to it, then try again."), "info")
            return
        branch_id = self._model.log.conversation_id
        changes = await self._services.conversations.changes_since(branch_id, question.position)
        if changes:
            self._ask_about_memory(question, changes)
        else:
            self._send(question, undo_memory=False)

    def _question_of(self, reply: Row) -> Row | None:
        """The message that the run answers; a run that was tried again answers one of the run before."""
        message_id = reply.run.message_id if reply.run is not None else None
        return next((row for row in self._model.rows if message_id and row.message_id == message_id), None)

    def _ask_about_memory(self, question: Row, changes: tuple[MemoryEvent, ...]) -> None:
        labels = ", ".join(dict.fromkeys(change.label for change in changes))
        actions = (
            (self.tr("Keep the changes"), lambda: self._send(question, undo_memory=False)),
            (self.tr("Undo them"), lambda: self._send(question, undo_memory=True)),
        )
        title = self.tr("This reply changed memory: {0}").format(labels)
        detail = self.tr("The old reply stays in its own branch. Should its memory changes be undone?")
        self._banner.show_message(KEY, title, "warn", detail, actions)

    def _send(self, question: Row, *, undo_memory: bool) -> None:
        self._banner.clear(KEY)
        self.replace_wanted.emit(question, question.text, undo_memory)
