"""The agents that were deleted in the last 30 days, each with its way back. Hidden while there are none."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.domain.agent import DeletedAgent
from app.ui.desk import Desk
from app.ui.models.wording import full_time
from app.ui.views.parts import column_of, empty, frame_of, row_of
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import ElidedLabel, Label


class DeletedAgents(QWidget):
    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        theme = desk.theme
        title = Label(theme, self.tr("Deleted agents"), "strong")
        about = Label(
            theme,
            self.tr("Each can be brought back for 30 days, with its memory and its conversations. Then it is gone."),
            "base",
            "text2",
        )
        about.setWordWrap(True)
        self._list = QWidget()
        self._rows: QVBoxLayout = column_of(theme, parent=self._list, gap=6)
        column_of(theme, 8, title, about, self._list, parent=self, gap=8)
        self.hide()
        desk.workspace.changed.connect(self._on_changed)

    def read(self) -> None:
        self._desk.do(self._read(), self)

    def _on_changed(self, event: object) -> None:
        page = self.parentWidget()  # hidden itself while there is nothing to show
        if getattr(event, "kind", "") == "agent" and page is not None and page.isVisible():
            self.read()

    async def _read(self) -> None:
        deleted: tuple[DeletedAgent, ...] = await self._desk.services.agents.deleted()
        empty(self._rows)
        for one in deleted:
            self._rows.addWidget(self._row(one))
        self.setVisible(bool(deleted))

    def _row(self, one: DeletedAgent) -> QWidget:
        theme, row = self._desk.theme, frame_of("card")
        name = ElidedLabel(theme, one.agent.name, "base")
        name.set_weight(500)
        when = Label(theme, self.tr("deleted {}").format(full_time(one.at)), "label", "muted")
        back = Button(theme, self.tr("Bring back"), "", "undo", size="small")
        back.setAccessibleName(self.tr("Bring back {}").format(one.agent.name))
        back.clicked.connect(lambda *_: self._desk.do(self._bring_back(one), self))
        row_of(theme, name, None, when, back, parent=row, inset=(12, 6, 8, 6))
        return row

    async def _bring_back(self, one: DeletedAgent) -> None:
        await self._desk.services.agents.undelete(one.agent.id)
        self._desk.tell(self.tr("{} is back").format(one.agent.name), "", "done")
        await self._read()
