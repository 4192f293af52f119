"""Memory changes of the shown conversation: read for the cards, undone, and offered before a branch."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.domain.error import AppError
from app.domain.history import Origin
from app.ui.bridge.rereading import Rereading
from app.ui.bridge.tasks import Tasks
from app.ui.chat.cards.user_card import UserCard
from app.ui.chat.transcript.model import TranscriptModel
from app.ui.state.view_context import Notice

if TYPE_CHECKING:
    from app.link.client import Services

READ = 100


class MemoryChanges(QObject):
    told = Signal(str, str, str)
    """Text, detail and kind of a notice."""
    told_done = Signal(object, object)
    """Notice of what was done, and the function that undoes it."""

    def __init__(
        self, services: "Services", tasks: Tasks, model: TranscriptModel, origin: Origin, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._services, self._tasks = services, tasks
        self._model, self._origin = model, origin
        self._agent_id = ""
        self._rereading = Rereading(tasks, self)

    def turn_to(self, agent_id: str) -> None:
        self._agent_id = agent_id

    def read(self) -> None:
        """Reads the newest changes of the agent."""
        self._rereading.read("changes", self._read)

    async def _read(self) -> None:
        agent_id = self._agent_id
        if agent_id:
            events = await self._services.history.of_agent(agent_id, limit=READ)
            if agent_id == self._agent_id:
                self._model.note_changes(events)

    def undo(self, seq: int, label: str) -> None:
        """Undoes a change of memory; of an undo: redoes what it had undone."""
        self._tasks.spawn(self._undo(seq, label), self)

    async def _undo(self, seq: int, label: str) -> None:
        try:
            made = await self._services.history.undo(seq, origin=self._origin)
        except AppError as error:
            self.told.emit(error.message, error.hint, "error")
            return
        undone = self._model.log.changes.get(seq)
        redone = undone is not None and undone.undoes is not None
        text = self.tr("“{0}” is now version {1}").format(label, made.version)
        back = self.tr("The change was undone; nothing is lost.")
        detail = self.tr("The change was redone.") if redone else back
        self.told_done.emit(Notice(text, detail), lambda: self.undo(made.seq, label))
        self.read()

    def offer_for(self, card: UserCard) -> None:
        """Tells an opened editor which changes its new branch could do without."""
        self._tasks.spawn(self._offer(card), card)

    async def _offer(self, card: UserCard) -> None:
        position = card.row.position
        if position is not None:
            branch_id = self._model.log.conversation_id
            card.offer_memory_undo(await self._services.conversations.changes_since(branch_id, position))
