"""What a person does to one stored message: delete it, write a reply anew, say whether a reply was good."""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QObject, Signal

from app.domain.conversation import Conversation
from app.domain.error import AppError
from app.domain.turn import Feedback, StepFeedback
from app.ui.bridge.tasks import Tasks
from app.ui.chat.run_follower import RunFollower
from app.ui.chat.transcript.model import TranscriptModel
from app.ui.chat.transcript.row import Row
from app.ui.state.view_context import Notice

if TYPE_CHECKING:
    from app.link.client import Services

T = TypeVar("T")


class MessageChanges(QObject):
    told = Signal(str, str, str)
    """Text, detail and kind of a notice."""
    told_done = Signal(object, object)
    """Notice of what was done, and the function that undoes it."""
    branched = Signal(object)
    """Conversation: another branch is shown from now on."""

    def __init__(
        self, services: "Services", tasks: Tasks, model: TranscriptModel, runs: RunFollower, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._services, self._tasks = services, tasks
        self._model, self._runs = model, runs

    def delete(self, row: Row) -> None:
        """The version with the message in it stays: the undo shows it again."""
        position, before = row.position, self._runs.branch_id
        if position is None:
            return

        def done(branch: Conversation) -> None:
            self.branched.emit(branch)
            back = self.tr("The version with it is kept.")
            self.told_done.emit(Notice(self.tr("The message was deleted"), back), lambda: self._show(before))

        self._run(self._services.conversations.leave_out(before, position), done)

    def rewrite(self, row: Row, text: str) -> None:
        if row.position is not None and text != row.text:
            work = self._services.conversations.edit_reply(self._runs.branch_id, row.position, text)
            self._run(work, self.branched.emit)

    def _show(self, branch_id: str) -> None:
        self._run(self._services.conversations.show_branch(branch_id), self.branched.emit)

    def rate(self, row: Row, feedback: Feedback | None) -> None:
        """None removes it. Programs read it as the feedback of the step."""
        step_id = row.message.step_id if row.message is not None else None
        if step_id is not None:
            said = StepFeedback(step_id=step_id, feedback=feedback)
            work = self._services.steps.give_feedback(step_id, feedback, None)

            def done(_: None) -> None:
                self._model.note_feedback((said,))

            self._run(work, done)

    def _run(self, work: Coroutine[Any, Any, T], done: Callable[[T], object]) -> None:
        self._tasks.spawn(work, self, done=done, failed=self._refused)

    def _refused(self, error: AppError) -> None:
        self.told.emit(error.message, error.hint, "error")
