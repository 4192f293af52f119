"""Other programs' assistants in the settings: agents that they may reach, the programs, how to set one up, what they
asked last.
"""

from collections.abc import Sequence
from functools import partial

from PySide6.QtWidgets import QWidget

from app.domain.agent import Agent
from app.domain.error import AppError
from app.domain.event import Changed
from app.domain.memory_client import MemoryCall, MemoryClient, MemoryClientDraft, MemoryServerStatus, NewMemoryClient
from app.domain.page import AgentFilter, PageRequest
from app.ui.bridge.rereading import Rereading
from app.ui.kit.badge import Badge
from app.ui.kit.buttons import Button
from app.ui.kit.empty_state import EmptyState
from app.ui.kit.labels import ElidedLabel, Label
from app.ui.kit.layout import Item, column_of, empty, frame_of, row_of
from app.ui.kit.segmented import Segmented
from app.ui.kit.switch import Switch
from app.ui.kit.wording import full_time
from app.ui.settings.assistant_form import AssistantForm
from app.ui.settings.assistant_snippets import FILES, PROGRAMS, config_for
from app.ui.settings.local_api import Snippet
from app.ui.state.view_context import Notice, ViewContext

MOST_AGENTS = 50
"""Agents with a switch, those that are on first and then the active ones."""
SHOWN_CALLS = 8


class Assistants(QWidget):
    def __init__(self, view: ViewContext) -> None:
        super().__init__()
        self._view = view
        theme = view.theme
        self._status = MemoryServerStatus()
        self._agents: tuple[Agent, ...] = ()
        self._made: NewMemoryClient | None = None
        self._rereading = Rereading(view.tasks, self)
        self.switches: dict[str, Switch] = {}
        self._agent_list, self._client_list, self._call_list = QWidget(), QWidget(), QWidget()
        self._agent_rows = column_of(theme, parent=self._agent_list, gap=2)
        self._client_rows = column_of(theme, parent=self._client_list, gap=6)
        self._call_rows = column_of(theme, parent=self._call_list, gap=4)
        self.problem = Label(theme, "", "label", "danger")
        self.add = Button(theme, self.tr("Add a program"), "", "plus")
        self.form = AssistantForm(theme)
        self.program = Segmented(theme, PROGRAMS, "claude", self.tr("Program"))
        self.snippet = Snippet(theme)
        self._where = Label(theme, "", "label", "text2")
        self.close_token = Button(theme, self.tr("I have copied it"), "", "check")
        self._token_card = self._new_token_card()
        nothing = self.tr("Add a program to let it use the memory of your agents.")
        self._no_clients = EmptyState(theme, "plug", self.tr("No programs yet"), nothing)
        self._no_calls = Label(theme, self.tr("Nothing was asked yet."), "base", "muted")
        self._no_agents = Label(theme, self.tr("There are no agents yet."), "base", "muted")
        self._loading = Label(theme, self.tr("Loading…"), "base", "muted")
        self._lay_out()
        self.add.clicked.connect(lambda: self._begin(None))
        self.form.saved.connect(self._save)
        self.form.closed.connect(self._formed)
        self.program.chosen.connect(lambda: self._show_snippet())
        self.close_token.clicked.connect(self._forget_token)
        view.workspace.changed.connect(self._on_changed)
        view.theme.changed.connect(self.snippet.restyle)

    # Parts

    def _lay_out(self) -> None:
        theme = self._view.theme
        about = Label(
            theme,
            self.tr(
                "Claude Desktop, Cursor, VS Code and other programs that speak MCP can use what your agents remember. "
                "Switch on the agents they may reach; each program proves itself by a token of its own."
            ),
            "base",
            "text2",
        )
        for label in (about, self.problem):
            label.setWordWrap(True)
        self.problem.hide()
        agents = self._card(
            self.tr("Agents that other programs may reach"), about, self._loading, self._no_agents, self._agent_list
        )
        programs = self._card(self.tr("Programs"), self._no_clients, self._client_list, row_of(theme, self.add, None))
        calls = self._card(self.tr("Asked last"), self._no_calls, self._call_list)
        column_of(theme, self.problem, agents, programs, self.form, self._token_card, calls, parent=self, gap=12)
        for label in (self._no_agents, self._no_clients):
            label.hide()

    def _card(self, title: str, *parts: Item) -> QWidget:
        theme, card = self._view.theme, frame_of("card")
        head = Label(theme, title, "base")
        head.set_weight(600)
        column_of(theme, head, *parts, parent=card, inset=(14, 10, 14, 12), gap=8)
        return card

    def _new_token_card(self) -> QWidget:
        theme = self._view.theme
        warn = Label(
            theme,
            self.tr("The token in it is shown only now. Whoever has it may do what you have just allowed."),
            "base",
            "warn",
        )
        for label in (warn, self._where):
            label.setWordWrap(True)
        card = self._card(
            self.tr("Copy this into the program"),
            warn,
            row_of(theme, self.program, None),
            self._where,
            self.snippet,
            row_of(theme, self.close_token, None),
        )
        card.hide()
        return card

    # What is shown

    def read(self) -> None:
        self._rereading.read("assistants", self._read)

    def _on_changed(self, event: Changed) -> None:
        if event.kind in ("setting", "agent") and self.isVisible():
            self.read()

    async def _read(self) -> None:
        services = self._view.services
        try:
            status = await services.memory_server.status()
            on = await services.agents.list(AgentFilter(ids=status.agent_ids)) if status.agent_ids else ()
            others = await services.agents.list(page=PageRequest(limit=MOST_AGENTS))
        except AppError as error:
            self._loading.hide()
            self._tell(error)
            return
        rows = {row.agent.id: row.agent for row in (*on, *others)}
        self._tell(None)
        self._show(status, tuple(rows.values()))

    def _tell(self, error: AppError | None) -> None:
        self.problem.setText(f"{error.message} {error.hint}".strip() if error is not None else "")
        self.problem.setVisible(error is not None)

    def _show(self, status: MemoryServerStatus, agents: tuple[Agent, ...]) -> None:
        self._loading.hide()
        if agents != self._agents or not self.switches:
            self._show_agents(agents)
        for agent_id, switch in self.switches.items():
            switch.setChecked(agent_id in status.agent_ids)
            switch.set_busy(False)
        if status.clients != self._status.clients or status.agent_ids != self._status.agent_ids:
            self._show_clients(status.clients)
        self._status, self._agents = status, agents
        self._no_agents.setVisible(not agents)
        self._no_clients.setVisible(not status.clients)
        self._show_calls(status.calls[:SHOWN_CALLS])
        self._show_snippet()

    def _show_agents(self, agents: Sequence[Agent]) -> None:
        empty(self._agent_rows)
        self.switches = {}
        for agent in agents:
            switch = self.switches[agent.id] = Switch(self._view.theme, agent.name)
            switch.clicked.connect(partial(self._switch, agent.id))
            self._agent_rows.addWidget(row_holder(self._view, switch))

    def _show_clients(self, clients: Sequence[MemoryClient]) -> None:
        empty(self._client_rows)
        for client in clients:
            self._client_rows.addWidget(self._client_row(client))

    def _client_row(self, client: MemoryClient) -> QWidget:
        theme, row = self._view.theme, QWidget()
        name = ElidedLabel(theme, client.name, "base")
        words = {
            "read": self.tr("reads"),
            "propose": self.tr("proposes"),
            "write": self.tr("changes"),
            "ask": self.tr("asks"),
        }
        rights = [right for right in client.rights if right != "propose" or "write" not in client.rights]
        badges = [Badge(theme, words[right], "warn" if right == "write" else "") for right in rights]
        edit = Button(theme, self.tr("Edit"), "ghost", "edit", "small")
        revoke = Button(theme, self.tr("Revoke"), "ghost", "trash", "small")
        edit.setAccessibleName(self.tr("Edit {}").format(client.name))
        revoke.setAccessibleName(self.tr("Revoke {}").format(client.name))
        edit.clicked.connect(lambda: self._begin(client))
        revoke.clicked.connect(lambda: self._view.run(self._revoke(client), self))
        row_of(theme, name, *badges, None, edit, revoke, parent=row)
        return row

    def _show_calls(self, calls: Sequence[MemoryCall]) -> None:
        empty(self._call_rows)
        self._no_calls.setVisible(not calls)
        for call in calls:
            words = f"{full_time(call.at)}   {call.client}   {call.tool}   {call.agent}"
            if call.problem:
                words += f"   {call.problem}"
            self._call_rows.addWidget(
                ElidedLabel(self._view.theme, words, "label", "danger" if call.problem else "text2")
            )

    def _show_snippet(self) -> None:
        if self._made is None:
            return
        program, status = self.program.current, self._status
        off = program == "http" and not status.url
        self._where.setText(
            self.tr("Programs that speak HTTP reach Lares while the local API is on. Switch it on first.")
            if off
            else self.tr("Into {}, beside what stands there.").format(FILES[program])
            if program in FILES
            else self.tr("For programs that speak MCP over streamable HTTP.")
        )
        self.snippet.setVisible(not off)
        text = config_for(program, status.command or ("lares", "mcp"), status.url, self._made.token)
        self.snippet.set_markdown(f"```json\n{text}\n```")
        self.snippet.fit()

    # What is done

    def _switch(self, agent_id: str) -> None:
        switch = self.switches[agent_id]
        switch.set_busy(True)
        work = self._view.services.memory_server.switch(agent_id, switch.isChecked())
        self._view.run(work, self, done=lambda _: self.read(), failed=self._failed)

    def _failed(self, error: AppError) -> None:
        self.read()
        self._view.tell_error(error)

    def _begin(self, client: MemoryClient | None) -> None:
        self._forget_token()
        self.add.setEnabled(False)
        on = [agent for agent in self._agents if agent.id in self._status.agent_ids]
        self.form.begin(client, on)

    def _formed(self) -> None:
        self.add.setEnabled(True)
        self.add.setFocus()

    def _save(self, draft: MemoryClientDraft) -> None:
        service, client = self._view.services.memory_server, self.form.client

        def refused(error: AppError) -> None:
            self.form.refuse(f"{error.message} {error.hint}".strip())

        def changed(_: MemoryClient) -> Notice:
            self.form.end()
            self.read()
            return Notice(self.tr("“{}” was saved").format(draft.name.strip()))

        if client is None:
            self._view.run(service.add_client(draft), self, done=self._added, failed=refused)
        else:
            self._view.run(service.change_client(client.id, draft), self, done=changed, failed=refused)

    def _added(self, made: NewMemoryClient) -> None:
        self.form.end()
        self._made = made
        self._token_card.show()
        self._show_snippet()
        self.close_token.setFocus()
        self.read()

    def _forget_token(self) -> None:
        self._made = None
        self.snippet.set_markdown("")
        self._token_card.hide()

    async def _revoke(self, client: MemoryClient) -> None:
        title = self.tr("Revoke “{}”?").format(client.name)
        text = self.tr("Its token counts no more, and what it asks is refused. What it wrote stays; you can undo it.")
        answers = (("cancel", self.tr("Cancel"), "ghost"), ("revoke", self.tr("Revoke"), "danger"))
        if (await self._view.ask.ask(title, text, answers))[0] == "revoke":
            await self._view.services.memory_server.revoke(client.id)
            self._view.tell(self.tr("“{}” was revoked").format(client.name))
            self.read()


def row_holder(view: ViewContext, widget: QWidget) -> QWidget:
    """The widget at the left of a row of its own, as wide as it is."""
    row = QWidget()
    row_of(view.theme, widget, None, parent=row)
    return row
