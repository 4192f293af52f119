"""Memory changes of the shown conversation: reads them, takes them back, offers them before a branch."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.domain.error import AppError
from app.domain.history import MemoryEvent, Origin
from app.ui.bridge.tasks import Tasks
from app.ui.chat.cards.user_card import UserCard

if TYPE_CHECKING:
    from app.link.client import Services
    from app.ui.chat.view import ChatView

READ = 100


class ChatMemory(QObject):
    def __init__(self, view: "ChatView", services: "Services", tasks: Tasks, client: str) -> None:
        super().__init__(view)
        self._view, self._services, self._tasks = view, services, tasks
        self._origin = Origin(client=client)
        self._reading = self._again = False
        view.context.signals.undo.connect(self._undo_wanted)
        view.context.signals.edit_opened.connect(self._edit_opened)

    def read(self) -> None:
        """Reads the newest changes, once more afterwards if another one came meanwhile."""
        if self._reading:
            self._again = True
            return
        self._reading = True
        self._tasks.spawn(self._read(), self)

    async def _read(self) -> None:
        try:
            agent = self._view.agent
            if agent is not None:
                events = await self._services.history.of_agent(agent.id, limit=READ)
                if self._view.agent is not None and self._view.agent.id == agent.id:
                    self._view.model.note_changes(events)
        finally:
            self._reading = False
        if self._again:
            self._again = False
            self.read()

    def _undo_wanted(self, seq: int, label: str) -> None:
        self._tasks.spawn(self._undo(seq, label), self)

    async def _undo(self, seq: int, label: str) -> None:
        try:
            made: MemoryEvent = await self._services.history.undo(seq, origin=self._origin)
        except AppError as error:
            self._view.told.emit(error.message, error.hint, "error")
            return
        taken = self._view.model.log.changes.get(seq)
        again = taken is not None and taken.undoes is not None
        text = self.tr("“{0}” is now version {1}").format(label, made.version)
        back = self.tr("The change was taken back; nothing is lost.")
        detail = self.tr("The change is in force again.") if again else back
        self._view.told_undo.emit(text, detail, self.tr("Undo"), lambda: self._undo_wanted(made.seq, label))
        self.read()

    def _edit_opened(self, card: UserCard) -> None:
        self._tasks.spawn(self._offer(card), card)

    async def _offer(self, card: UserCard) -> None:
        position = card.row.position
        if position is not None:
            card.offer_take_back(await self._services.conversations.changes_since(self._view.talk.branch_id, position))
