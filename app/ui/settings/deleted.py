"""What was deleted in the last 30 days, each with its way back. A list is hidden while nothing is in it."""

from collections.abc import Awaitable, Callable

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.domain.agent import DeletedAgent
from app.domain.conversation import DeletedConversation
from app.domain.event import Changed
from app.domain.page import PageRequest
from app.ui.kit.buttons import Button
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import column_of, empty, frame_of, row_of
from app.ui.kit.wording import counted, full_time
from app.ui.state.view_context import ViewContext

SHOWN = 50
"""So many are shown at first; somebody may have deleted thousands."""


class _DeletedList(QWidget):
    kinds: tuple[str, ...] = ()
    """Of the changes after which the list is read again."""

    def __init__(self, view: ViewContext) -> None:
        super().__init__()
        self._view = view
        theme = view.theme
        self._title = Label(theme, "", "strong")
        self._about = Label(theme, "", "base", "text2")
        self._about.setWordWrap(True)
        self._list = QWidget()
        self._rows: QVBoxLayout = column_of(theme, parent=self._list, gap=6)
        self._shown = SHOWN
        self._more = Button(theme, self.tr("Show more"), size="small")
        self._more.clicked.connect(lambda: self._show_more())
        column_of(theme, 8, self._title, self._about, self._list, self._more, parent=self, gap=8)
        self.hide()
        view.workspace.changed.connect(self._on_changed)

    def read(self) -> None:
        self._view.run(self._read(), self)

    def _on_changed(self, event: Changed) -> None:
        page = self.parentWidget()  # hidden itself while there is nothing to show
        if event.kind in self.kinds and page is not None and page.isVisible():
            self.read()

    async def _read(self) -> None:
        rows = await self._found(PageRequest(limit=self._shown + 1, order="deleted_at"))
        empty(self._rows)
        for row in rows[: self._shown]:
            self._rows.addWidget(row)
        self._more.setVisible(len(rows) > self._shown)
        self.setVisible(bool(rows))

    def _show_more(self) -> None:
        self._shown += SHOWN
        self.read()

    async def _found(self, page: PageRequest) -> list[QWidget]:
        """Each made by `_row`."""
        return []

    def _row(self, title: str, detail: str, undelete: Callable[[], Awaitable[object]]) -> QWidget:
        theme, row = self._view.theme, frame_of("card")
        name = ElidedLabel(theme, title, "base")
        name.set_weight(500)
        back = Button(theme, self.tr("Restore"), "", "undo", size="small")
        back.setAccessibleName(self.tr("Restore {}").format(title))
        back.setAccessibleDescription(detail)
        back.clicked.connect(lambda: self._view.run(self._bring_back(title, undelete), self))
        row_of(theme, name, None, Label(theme, detail, "label", "muted"), back, parent=row, inset=(12, 6, 8, 6))
        return row

    async def _bring_back(self, title: str, undelete: Callable[[], Awaitable[object]]) -> None:
        await undelete()
        self._view.tell(self.tr("{} was restored").format(title), "", "done")
        await self._read()


class DeletedAgents(_DeletedList):
    kinds = ("agent",)

    def __init__(self, view: ViewContext) -> None:
        super().__init__(view)
        self._title.setText(self.tr("Deleted agents"))
        self._about.setText(
            self.tr(
                "You can restore each of them for 30 days, with its memory and conversations. After that it is "
                "gone for good."
            )
        )

    async def _found(self, page: PageRequest) -> list[QWidget]:
        agents = self._view.services.agents
        deleted: tuple[DeletedAgent, ...] = await agents.deleted(page)
        return [
            self._row(
                one.agent.name,
                self.tr("deleted {}").format(full_time(one.at)),
                lambda id=one.agent.id: agents.undelete(id),
            )
            for one in deleted
        ]


class DeletedConversations(_DeletedList):
    kinds = ("agent", "conversation")

    def __init__(self, view: ViewContext) -> None:
        super().__init__(view)
        self._title.setText(self.tr("Deleted conversations"))
        self._about.setText(
            self.tr("You can restore each of them for 30 days, with its messages. After that it is gone for good.")
        )

    async def _found(self, page: PageRequest) -> list[QWidget]:
        conversations = self._view.services.conversations
        deleted: tuple[DeletedConversation, ...] = await conversations.deleted(page)
        return [
            self._row(
                one.conversation.title or self.tr("Untitled conversation"),
                self._detail(one),
                lambda id=one.conversation.id: conversations.undelete(id),
            )
            for one in deleted
        ]

    def _detail(self, one: DeletedConversation) -> str:
        return counted(
            one.messages,
            self.tr("with {1}, {0} message, deleted {2}"),
            self.tr("with {1}, {0} messages, deleted {2}"),
            one.agent_name,
            full_time(one.at),
        )
