"""Other versions of a message: a new branch with new words in its place, and switching between branches."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.domain.history import Origin
from app.ui.bridge.tasks import Tasks
from app.ui.chat.run_follower import RunFollower
from app.ui.chat.sending import Sending
from app.ui.chat.transcript.row import Row

if TYPE_CHECKING:
    from app.link.client import Services


class Branches(QObject):
    branched = Signal(object)
    """Conversation: another branch is shown from now on; the view reads it anew."""

    def __init__(
        self,
        services: "Services",
        tasks: Tasks,
        runs: RunFollower,
        sending: Sending,
        origin: Origin,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._services, self._tasks = services, tasks
        self._runs, self._sending, self._origin = runs, sending, origin

    def send_instead(self, row: Row, text: str, undo_memory: bool) -> None:
        """A new branch from this message on, with new words in its place; `undo_memory`: without what it changed."""
        self._tasks.spawn(self._send_instead(row, text, undo_memory), self)

    async def _send_instead(self, row: Row, text: str, undo_memory: bool) -> None:
        if row.position is None:
            return
        await self._runs.stop_now()
        made = await self._services.conversations.branch(
            self._runs.branch_id, row.position, undo_memory, origin=self._origin
        )
        self._runs.turn_to(made.id)
        self.branched.emit(made)
        role = "system" if row.message is not None and row.message.role == "system" else "user"
        self._sending.send(text, role, (), row.images)

    def show(self, branch_id: str) -> None:
        self._tasks.spawn(self._show(branch_id), self)

    async def _show(self, branch_id: str) -> None:
        self.branched.emit(await self._services.conversations.show_branch(branch_id))
