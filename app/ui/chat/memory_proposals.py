"""The proposals of the memory helper in the shown branch: read, shown one at a time, answered."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.domain.error import AppError
from app.domain.history import Origin
from app.ui.bridge.rereading import Rereading
from app.ui.bridge.tasks import Tasks
from app.ui.chat.proposal_card import ProposalCard

if TYPE_CHECKING:
    from app.link.client import Services


class MemoryProposals(QObject):
    told = Signal(str, str, str)
    """Text, detail and kind of a notice."""

    def __init__(self, services: "Services", tasks: Tasks, card: ProposalCard, origin: Origin, parent: QObject) -> None:
        super().__init__(parent)
        self._services, self._tasks = services, tasks
        self._card, self._origin = card, origin
        self._branch_id = ""
        self._rereading = Rereading(tasks, self)
        card.accepted.connect(self.accept)
        card.declined.connect(self.decline)

    def turn_to(self, branch_id: str) -> None:
        if branch_id != self._branch_id:
            self._branch_id = branch_id
            self._card.show_proposal(None)
        self.read()

    def read(self) -> None:
        """Reads what waits for an answer."""
        self._rereading.read("proposals", self._read)

    async def _read(self) -> None:
        branch_id = self._branch_id
        waiting = await self._services.proposals.open_in(branch_id) if branch_id else ()
        shown = self._card.proposal
        if branch_id != self._branch_id or (not waiting and (shown is None or shown.status == "accepted")):
            return
        self._card.show_proposal(waiting[0] if waiting else None, max(0, len(waiting) - 1))

    def accept(self, proposal_id: str) -> None:
        self._tasks.spawn(self._accept(proposal_id), self)

    def decline(self, proposal_id: str) -> None:
        self._tasks.spawn(self._decline(proposal_id), self)

    async def _accept(self, proposal_id: str) -> None:
        self._card.accept.set_busy(True)
        try:
            accepted = await self._services.proposals.accept(proposal_id, origin=self._origin)
        except AppError as error:
            self._refused(error)
        else:
            self._card.show_proposal(accepted)

    async def _decline(self, proposal_id: str) -> None:
        try:
            await self._services.proposals.decline(proposal_id)
        except AppError as error:
            self._refused(error)
        else:
            self._card.show_proposal(None)
        self.read()

    def _refused(self, error: AppError) -> None:
        self._card.accept.set_busy(False)
        self.told.emit(error.message, error.hint, "error")
        self.read()
