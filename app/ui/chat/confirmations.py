"""What the conversation asks before it does something: opening a link, trying a finished reply again."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication

from app.domain.history import MemoryEvent
from app.ui.bridge.tasks import Tasks
from app.ui.chat.transcript.row import Row
from app.ui.kit.markdown_write import is_openable

if TYPE_CHECKING:
    from app.link.client import Services
    from app.ui.chat.view import ChatView


class ChatQuestions(QObject):
    def __init__(self, view: "ChatView", services: "Services", tasks: Tasks) -> None:
        super().__init__(view)
        self._view, self._services, self._tasks = view, services, tasks
        view.context.signals.link.connect(self.ask_link)
        view.context.signals.retry.connect(self.ask_retry)

    def ask_link(self, target: str) -> None:
        """Nothing is opened before a person saw where it leads."""
        if not is_openable(target):
            return
        clear = lambda: self._view.banner.clear("link")  # noqa: E731

        def go() -> None:
            clear()
            QDesktopServices.openUrl(QUrl(target))

        def copy() -> None:
            clear()
            QGuiApplication.clipboard().setText(target)

        actions = ((self.tr("Copy address"), copy), (self.tr("Open"), go))
        self._view.banner.show_message("link", self.tr("Open this address in your browser?"), "info", target, actions)

    def ask_retry(self, row: Row) -> None:
        """A run that ended badly just goes on. A finished reply is replaced by a branch, which may touch memory."""
        run = row.run
        if run is not None and run.status != "completed":
            self._view.talk.go_on(run.id)
        elif row.run_id:
            self._tasks.spawn(self._replace(row), self)

    async def _replace(self, reply: Row) -> None:
        asked = self._question_of(reply)
        if asked is None or asked.position is None:
            text = self.tr("The message that led to this reply is not loaded.")
            self._view.told.emit(text, self.tr("Scroll up to it, then try again."), "info")
            return
        branch_id = self._view.talk.branch_id
        changes = await self._services.conversations.changes_since(branch_id, asked.position)
        if changes:
            self._ask_memory(asked, changes)
        else:
            self._again(asked, take_back=False)

    def _question_of(self, reply: Row) -> Row | None:
        """The message that the run answers; a run that was tried again answers one of the run before."""
        asked = reply.run.message_id if reply.run is not None else None
        return next((row for row in self._view.model.rows if asked and row.message_id == asked), None)

    def _ask_memory(self, asked: Row, changes: tuple[MemoryEvent, ...]) -> None:
        labels = ", ".join(dict.fromkeys(change.label for change in changes))
        actions = (
            (self.tr("Keep the changes"), lambda: self._again(asked, take_back=False)),
            (self.tr("Take them back"), lambda: self._again(asked, take_back=True)),
        )
        title = self.tr("This reply changed memory: {0}").format(labels)
        detail = self.tr("The old reply stays in a branch of its own. Should its changes of memory be taken back?")
        self._view.banner.show_message("retry", title, "warn", detail, actions)

    def _again(self, asked: Row, *, take_back: bool) -> None:
        self._view.banner.clear("retry")
        self._view.say_instead(asked, asked.text, take_back)
