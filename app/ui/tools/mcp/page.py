"""The servers of the house beside the one that is open, or the form in which others are added."""

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt
from PySide6.QtWidgets import QListView, QStackedWidget, QWidget

from app.domain.agent import AgentPatch
from app.domain.error import AppError
from app.domain.event import Changed
from app.domain.mcp import McpHello, McpRefresh, McpServer, McpView
from app.ui.bridge.rereading import Rereading
from app.ui.kit.buttons import IconButton
from app.ui.kit.empty_state import EmptyState
from app.ui.kit.labels import Label
from app.ui.kit.layout import column_of, frame_of, row_of
from app.ui.kit.panes import Pane, Panes
from app.ui.kit.wording import count, counted
from app.ui.state.view_context import Notice, ViewContext
from app.ui.tools.mcp.add_form import AddForm
from app.ui.tools.mcp.server_list import ServerDelegate, ServerList
from app.ui.tools.mcp.server_pane import ServerPane

NARROW = 760
"""Below this width, at 100 %, one pane is shown at a time."""


class McpPage(QWidget):
    def __init__(self, view: ViewContext) -> None:
        super().__init__()
        self._view, theme = view, view.theme
        self._rereading = Rereading(view.tasks, self)
        self._open = ""
        """Id of the server that is shown."""
        self._adding = False
        self.setAccessibleName(self.tr("MCP servers"))
        self.list = ServerList(self)
        self.rows = QListView()
        self.rows.setModel(self.list)
        self.rows.setItemDelegate(ServerDelegate(theme, self.list))
        self.rows.setAccessibleName(self.tr("MCP servers"))
        self.rows.setMouseTracking(True)
        self.rows.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._number = Label(theme, "", "base", "muted")
        self.new = IconButton(theme, "plus", self.tr("Add MCP servers"), size=16, box=28)
        self.form, self.pane = AddForm(view), ServerPane(view)
        self.none = EmptyState(
            theme,
            "plug",
            self.tr("No MCP servers yet"),
            self.tr("They give agents tools from other programs. Paste the block that you use in another app."),
            ((self.tr("Add MCP servers"), self.add),),
        )
        self.stack = QStackedWidget()
        for widget in (self.none, self.form, self.pane):
            self.stack.addWidget(widget)
        left, head = frame_of("panel"), QWidget()
        title = Label(theme, self.tr("MCP servers"), "strong")
        row_of(theme, title, self._number, None, self.new, parent=head, inset=(14, 6, 8, 4))
        column_of(theme, head, self.rows, parent=left, gap=0)
        panes = (
            Pane("servers", self.tr("Servers"), left, ((0, 270),), self.tr("Width of the list of servers")),
            Pane("server", self.tr("Server"), self.stack),
        )
        self.panes = Panes(theme, panes, "server", self.tr("Part of the page"), NARROW)
        column_of(theme, self.panes, parent=self, gap=0)
        self._connect()

    def _connect(self) -> None:
        self.new.clicked.connect(self.add)
        self.rows.selectionModel().currentChanged.connect(self._picked)
        self.rows.clicked.connect(lambda: self._leave_form())
        self.form.added.connect(self._added)
        self.form.closed.connect(self._leave_form)
        self.pane.start_wanted.connect(lambda: self._view.run(self._start(), self, failed=self._failed))
        self.pane.stop_wanted.connect(lambda: self._view.run(self._view.services.mcp_servers.stop(self._open), self))
        servers = self._view.services.mcp_servers
        self.pane.sign_in_wanted.connect(lambda: self._view.run(servers.sign_in(self._open), self))
        self.pane.sign_out_wanted.connect(lambda: self._view.run(servers.sign_out(self._open), self))
        self.pane.refresh_wanted.connect(self._refresh)
        self.pane.change_wanted.connect(self._change)
        self.pane.delete_wanted.connect(lambda: self._view.run(self._delete(), self))
        self.pane.attach_wanted.connect(self._attach)
        self.pane.accept_wanted.connect(self._accept)
        self._view.workspace.changed.connect(self._changed)
        self._view.workspace.agent_changed.connect(lambda: self._again())

    # Reading

    def begin(self) -> None:
        self._rereading.read("servers", self._load)
        self.rows.setFocus(Qt.FocusReason.OtherFocusReason)

    def _again(self) -> None:
        if self.isVisible():
            self._rereading.read("servers", self._load)

    def _changed(self, event: Changed) -> None:
        if event.kind in ("mcp_server", "tool", "agent"):
            self._again()

    async def _load(self) -> None:
        servers = await self._view.services.mcp_servers.list()
        self.list.show(servers)
        self._number.setText(count(len(servers)))
        known = {one.server.id: one for one in servers}
        if self._open not in known:
            self._open = servers[0].server.id if servers else ""
        if self._open and not await self._show(known[self._open]):
            return  # another one is open by now, and is read next
        if not self._adding:
            self.stack.setCurrentWidget(self.pane if self._open else self.none)

    async def _show(self, view: McpView) -> bool:
        """False where it is not the open one any more."""
        services, agent = self._view.services, self._view.workspace.agent
        tools = await services.mcp_servers.tools(view.server.id)
        log = await services.mcp_servers.log(view.server.id)
        if view.server.id != self._open:
            return False
        place = next((at for at, row in enumerate(self.list.rows) if row.server.id == self._open), 0)
        flag = QItemSelectionModel.SelectionFlag.ClearAndSelect
        self.rows.selectionModel().setCurrentIndex(self.list.index(place), flag)
        name, names = ("", ()) if agent is None else (agent.name, agent.tool_names)
        self.pane.show_server(view, tools, log, name, names)
        return True

    def _picked(self, index: QModelIndex, _before: QModelIndex) -> None:
        row = self.list.rows[index.row()] if index.isValid() else None
        if row is not None and row.server.id != self._open:
            self._open = row.server.id
            self._again()

    # Acting

    def add(self) -> None:
        """The form for new servers."""
        self._show_form(None)
        self.panes.show_pane("server")

    def _change(self) -> None:
        view = self._view_of_open()
        if view is not None:
            self._show_form(view.server)

    def _show_form(self, server: McpServer | None) -> None:
        self._adding = True
        self.form.begin(server)
        self.stack.setCurrentWidget(self.form)

    def _added(self, server_id: str) -> None:
        self._open = server_id
        self._leave_form()

    def _leave_form(self) -> None:
        self._adding = False
        self.panes.show_pane("server")
        self._again()

    def _view_of_open(self) -> McpView | None:
        return next((row for row in self.list.rows if row.server.id == self._open), None)

    async def _start(self) -> McpHello | None:
        """The press is the person's word that this command may run: it stands beside the button."""
        view, servers = self.pane.shown, self._view.services.mcp_servers
        if view is None:
            return None
        await servers.approve(view.server.id, view.server.launch.digest)
        running = view.status.condition == "running"
        return await (servers.restart(view.server.id) if running else servers.start(view.server.id))

    def _failed(self, error: AppError) -> None:
        """The pane says it, with the log."""
        if error.code.startswith("mcp_"):
            self._again()
        else:
            self._view.tell_error(error)

    def _refresh(self) -> None:
        def told(found: McpRefresh) -> Notice:
            changed = len(found.added) + len(found.updated) + len(found.deleted)
            return Notice(
                counted(changed, self.tr("{} tool changed"), self.tr("{} tools changed"))
                if changed
                else self.tr("Its tools are the same")
            )

        work = self._view.services.mcp_servers.refresh(self._open, origin=self._view.workspace.origin)
        self._view.run(work, self, done=told)

    async def _delete(self) -> None:
        view = self._view_of_open()
        if view is None:
            return
        answers = (("cancel", self.tr("Cancel"), "ghost"), ("delete", self.tr("Delete"), "danger"))
        answer, _ = await self._view.ask.ask(
            self.tr("Delete the MCP server “{}”?").format(view.server.name),
            self.tr("Agents lose its tools, and its values are removed from the keyring."),
            answers,
        )
        if answer == "delete":
            origin = self._view.workspace.origin
            await self._view.services.mcp_servers.delete(view.server.id, origin=origin)

    def _accept(self, tool_id: str, digest: str) -> None:
        self._view.run(self._view.services.mcp_servers.accept(tool_id, digest), self)

    def _attach(self, name: str, on: bool) -> None:
        agent = self._view.workspace.agent
        if agent is None:
            return
        kept = tuple(one for one in agent.tool_names if one != name)
        patch = AgentPatch(tool_names=(*kept, name) if on else kept)
        origin = self._view.workspace.origin
        self._view.run(self._view.services.agents.update(agent.id, patch, origin=origin, ask_first=True), self)
