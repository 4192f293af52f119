"""What waits for an answer in the shown branch: read, shown one call at a time, answered."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.domain.approval import Answer
from app.domain.error import AppError
from app.domain.history import Origin
from app.ui.bridge.rereading import Rereading
from app.ui.bridge.tasks import Tasks
from app.ui.chat.approval_card import ApprovalCard

if TYPE_CHECKING:
    from app.link.client import Services


class Approvals(QObject):
    told = Signal(str, str, str)
    """Text, detail and kind of a notice."""
    waiting_changed = Signal(bool)
    """Whether something waits, so that nothing else can be said."""

    def __init__(self, services: "Services", tasks: Tasks, card: ApprovalCard, origin: Origin, parent: QObject) -> None:
        super().__init__(parent)
        self._services, self._tasks = services, tasks
        self._card, self._origin = card, origin
        self._branch_id = ""
        self._rereading = Rereading(tasks, self)
        card.answered.connect(self.answer)

    def turn_to(self, branch_id: str) -> None:
        if branch_id != self._branch_id:
            self._branch_id = branch_id
            self._card.show_request(None)
            self.waiting_changed.emit(False)
        self.read()

    def read(self) -> None:
        self._rereading.read("approvals", self._read)

    async def _read(self) -> None:
        branch_id = self._branch_id
        request = await self._services.approvals.in_conversation(branch_id) if branch_id else None
        if branch_id == self._branch_id:
            self._card.show_request(request)
            self.waiting_changed.emit(request is not None)

    def answer(self, answer: Answer) -> None:
        self._tasks.spawn(self._answer(self._branch_id, answer), self)

    async def _answer(self, branch_id: str, answer: Answer) -> None:
        try:
            await self._services.approvals.answer(branch_id, (answer,), origin=self._origin)
        except AppError as error:
            self.told.emit(error.message, error.hint, "error")
        self.read()
