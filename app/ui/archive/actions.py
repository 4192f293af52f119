"""What a person does with whole archives: create, rename, share, take away, delete, each with its undo."""

from collections.abc import Coroutine
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtWidgets import QMenu, QWidget

from app.domain.agent import Agent
from app.domain.archive import Archive, ArchiveDraft, ArchivePatch
from app.domain.page import PageRequest
from app.ui.kit.wording import counted, locale
from app.ui.state.view_context import Notice, ViewContext

OFFERED = 30
"""Archives and agents that a menu lists."""


class ArchiveActions(QObject):
    def __init__(self, view: ViewContext, widget: QWidget) -> None:
        super().__init__(widget)
        self._view, self._widget = view, widget
        self._services = view.services

    def ask_new(self, at: QPoint) -> None:
        """A new archive, or one that other agents have."""
        if self._agent is not None:
            self._view.run(self._offer_new(self._agent, at), self)

    def open_menu(self, archive: Archive, at: QPoint) -> None:
        """Everything that can be done with one archive of the open agent."""
        if self._agent is not None:
            self._view.run(self._offer(self._agent, archive, at), self)

    @property
    def _agent(self) -> Agent | None:
        return self._view.workspace.agent

    async def _offer_new(self, agent: Agent, at: QPoint) -> None:
        mine = {one.id for one in await self._services.archives.of_agent(agent.id)}
        known = await self._services.archives.list(page=PageRequest(limit=OFFERED + len(mine)))
        others = [one for one in known if one.id not in mine][:OFFERED]
        if not others:
            await self._create(agent)
            return
        menu = self._menu(self.tr("Archives to add"))
        icon = self._view.theme.icon
        create = menu.addAction(icon("plus"), self.tr("New archive…"))
        create.triggered.connect(lambda: self._view.run(self._create(agent), self))
        menu.addSection(self.tr("Share one"))
        for archive in others:
            action = menu.addAction(icon("archive"), _in_menu(archive.name))
            action.triggered.connect(partial(self._attach, agent, archive))
        menu.popup(at)

    async def _offer(self, agent: Agent, archive: Archive, at: QPoint) -> None:
        holders = set((await self._services.archives.holders((archive.id,))).get(archive.id, ()))
        others = [row.agent for row in self._view.workspace.agents.rows if row.agent.id not in holders][:OFFERED]
        menu, icon = self._menu(archive.name), self._view.theme.icon
        rename = menu.addAction(icon("edit"), self.tr("Rename…"))
        rename.triggered.connect(lambda: self._view.run(self._rename(archive), self))
        share = menu.addMenu(icon("shared"), self.tr("Share with"))
        share.setEnabled(bool(others))
        for other in others:
            action = share.addAction(icon("agent"), _in_menu(other.name))
            action.triggered.connect(partial(self._attach, other, archive))
        take = menu.addAction(icon("minus"), self.tr("Remove from {}").format(_in_menu(agent.name)))
        take.triggered.connect(lambda: self._detach(agent, archive))
        menu.addSeparator()
        delete = menu.addAction(icon("trash", "danger"), self.tr("Delete…"))
        delete.triggered.connect(lambda: self._view.run(self._delete(archive), self))
        menu.popup(at)

    def _menu(self, name: str) -> QMenu:
        menu = QMenu(self._widget)
        menu.setAccessibleName(name)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return menu

    # Doing

    async def _create(self, agent: Agent) -> None:
        text = self.tr("{} will search it; other agents can share it.").format(agent.name)
        name = await self._view.ask.ask_text(self.tr("New archive"), text, "", self.tr("Create"))
        if name:
            await self._services.archives.create(ArchiveDraft(name=name), agent.id)

    async def _rename(self, archive: Archive) -> None:
        name = await self._view.ask.ask_text(self.tr("Rename the archive"), "", archive.name, self.tr("Rename"))
        if name and name != archive.name:
            work = self._services.archives.update(archive.id, ArchivePatch(name=name))
            notice = Notice(self.tr("The archive is called “{}” now").format(name))
            self._view.run(work, self, done=notice, undo=lambda _: self._call(archive.id, archive.name))

    def _call(self, archive_id: str, name: str) -> None:
        self._view.run(self._services.archives.update(archive_id, ArchivePatch(name=name)), self)

    def _attach(self, agent: Agent, archive: Archive) -> None:
        said = self.tr("{0} searches “{1}” now").format(agent.name, archive.name)
        self._do(self._services.archives.attach(agent.id, archive.id), said)

    def _detach(self, agent: Agent, archive: Archive) -> None:
        said = self.tr("{0} searches “{1}” no longer").format(agent.name, archive.name)
        self._do(self._services.archives.detach(agent.id, archive.id), said, self.tr("The archive stays."))

    async def _delete(self, archive: Archive) -> None:
        """Says first what nobody will find any more, and who has it."""
        holders = (await self._services.archives.holders((archive.id,))).get(archive.id, ())
        names = [row.agent.name for row in self._view.workspace.agents.rows if row.agent.id in holders]
        lost = self.tr("{} will no longer find what is in it.")
        who = lost.format(locale().createSeparatedList(names)) if names else ""
        one, many = self.tr("{} passage is deleted with it."), self.tr("{} passages are deleted with it.")
        text = counted(archive.passages, one, many) if archive.passages else self.tr("It holds no passages.")
        answers = (("cancel", self.tr("Cancel"), "ghost"), ("delete", self.tr("Delete"), "danger"))
        title = self.tr("Delete “{}”?").format(archive.name)
        answer, _ = await self._view.ask.ask(title, f"{text} {who}".strip(), answers)
        if answer == "delete":
            self._do(self._services.archives.delete(archive.id), self.tr("“{}” was deleted").format(archive.name))

    def _do(self, work: Coroutine[Any, Any, tuple[int, ...]], said: str, detail: str = "") -> None:
        """One change, told with its undo, if it changed anything."""

        def done(changes: tuple[int, ...]) -> Notice | None:
            return Notice(said, detail) if changes else None

        self._view.run(work, self, done=done, undo=self._undo)

    def _undo(self, changes: tuple[int, ...]) -> None:
        self._view.run(self._services.history.undo_all(changes), self)


def _in_menu(name: str) -> str:
    """As text: in a menu an ampersand underlines the letter behind it."""
    return name.replace("&", "&&")
