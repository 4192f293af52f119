"""Puts the window together: builds the views and connects what they say to what is done about it."""

from typing import Any

from PySide6.QtCore import QObject

from app.config import Config
from app.domain.agent import Agent
from app.domain.conversation import Conversation
from app.ui.agents.actions import AgentActions
from app.ui.bridge.engine_connection import EngineConnection
from app.ui.bridge.event_relay import EventRelay
from app.ui.bridge.tasks import Tasks
from app.ui.kit.toast import ToastHost
from app.ui.state.ask import Ask
from app.ui.state.command_registry import Commands
from app.ui.state.errors import Errors
from app.ui.state.model_catalog import ModelCatalog
from app.ui.state.preferences import Preferences
from app.ui.state.view_context import ViewContext
from app.ui.state.workspace import Workspace
from app.ui.theme import Theme
from app.ui.window.centre import Centre
from app.ui.window.command_actions import CommandLink
from app.ui.window.engine_state import EngineState
from app.ui.window.main_window import MainWindow
from app.ui.window.pages import Pages
from app.ui.window.starting import Starting
from app.ui.window.status_line import StatusLine
from app.ui.window.top_bar import TopBar

TABS = ("chat", "history")
SOLO = ("first run", "starting", "repair")
"""Pages beside which nothing stands."""


class Assembly(QObject):
    """Everything of one window. Views are made here; services come through the connection."""

    def __init__(
        self,
        theme: Theme,
        config: Config,
        errors: Errors,
        tasks: Tasks,
        connection: EngineConnection,
        relay: EventRelay,
        preferences: Preferences,
        *,
        with_menu: bool = True,
    ) -> None:
        super().__init__()
        self.theme, self.connection, self.tasks, self.preferences = theme, connection, tasks, preferences
        self.config = config
        self.window = MainWindow(theme, preferences)
        self.workspace = Workspace(connection.services, tasks, self)
        ask, toasts = Ask(theme, self.window), ToastHost(theme, self.window)
        shelf = ModelCatalog(connection.services, tasks, self)
        self.desk = ViewContext(theme, connection.services, tasks, self.workspace, preferences, ask, toasts, shelf)
        self.commands = Commands(self.window)
        self.centre = Centre(theme)
        self.pages = Pages(self.desk, config, self.commands, self.centre)
        self.actions = AgentActions(self.desk, self)
        self.chat: Any = None
        self.first_run: Any = None
        """There only while there is no agent: with its table of models it is a third of all widgets."""
        self.data_folder = ""
        self.commands.add(*CommandLink(self).commands())
        self.top = TopBar(theme, self.commands, with_menu)
        self.status = StatusLine(theme)
        self.notes = EngineState(self)
        self._errors, self._relay = errors, relay
        self.centre.add_page("starting", Starting(theme))
        self.window.set_bars(self.top, self.status)
        self.window.set_centre(self.centre)
        self._connect_pages()
        self.pages.show("starting")

    def furnish(self) -> None:
        """The rest, after the first paint: nothing of it can be seen before the engine has answered."""
        from app.ui.palette.search import PaletteSearch
        from app.ui.window.columns import LeftColumn, RightColumn

        self.left = LeftColumn(self.desk, self.commands)
        self.right = RightColumn(self.desk)
        self.finding = PaletteSearch(self.desk, self.commands, self.window)
        self.window.set_columns(self.left.widget, self.left.rail, self.right.widget)
        self._connect_left()
        self._connect_right()
        self._connect_workspace()
        self.notes.follow(self._errors, self._relay)

    # Views

    def _connect_left(self) -> None:
        agents, settings, actions = self.left.agents, self.left.settings, self.actions
        for picked in (agents.picked, self.left.rail.picked):
            picked.connect(self._picked)
        for new in (agents.new_wanted, self.left.rail.new_wanted):
            new.connect(lambda: self.commands.run("agent.new"))
        agents.demo_wanted.connect(actions.make_demo)
        agents.pin_wanted.connect(actions.toggle_pin)
        agents.rename_wanted.connect(actions.rename)
        agents.duplicate_wanted.connect(actions.duplicate)
        agents.delete_wanted.connect(actions.delete)
        settings.patched.connect(actions.patch)
        settings.instructions_wanted.connect(self.pages.instructions)
        settings.servers_wanted.connect(self.pages.servers)
        settings.models_wanted.connect(self.pages.models)
        settings.refresh_wanted.connect(self.desk.catalog.look_again)
        self.pages.patched.connect(actions.patch)
        conversations = self.centre.conversations
        conversations.picked.connect(actions.open_conversation)
        conversations.new_wanted.connect(actions.new_conversation)
        conversations.rename_wanted.connect(actions.rename_conversation)
        conversations.reset_wanted.connect(actions.reset_conversation)
        conversations.delete_wanted.connect(actions.delete_conversation)

    def _picked(self, agent_id: str) -> None:
        if self.centre.page not in TABS:
            self.show_tab("chat")
        if self.workspace.agent is None or self.workspace.agent.id != agent_id:
            self.workspace.open(agent_id)

    def _connect_right(self) -> None:
        self.right.memory.history_wanted.connect(self.show_history)
        self.desk.toasts.anchor_to(self.window.panes["right"], self.window.panes["centre"])
        self.finding.message_wanted.connect(self._show_message)
        self.finding.block_wanted.connect(self._show_block)
        self.finding.agent_wanted.connect(self._picked)

    def _connect_pages(self) -> None:
        self.centre.tab_picked.connect(self.show_tab)
        self.pages.changed.connect(self._page_shown)
        self.pages.agent_made.connect(lambda agent_id: self.tasks.spawn(self._show_made(agent_id), self))
        self.top.servers_wanted.connect(self.pages.servers)
        self.top.api_wanted.connect(self.pages.local_api)
        self.window.escaped.connect(self._escape)

    def _connect_workspace(self) -> None:
        workspace = self.workspace
        workspace.loaded.connect(self._loaded)
        workspace.opened.connect(self._opened)
        workspace.agent_changed.connect(self._agent_changed)
        workspace.emptied.connect(self._emptied)
        workspace.counted.connect(self.right.show_overview)
        workspace.counted.connect(self.left.settings.show_overview)
        workspace.counted.connect(self.status.show_overview)
        workspace.working.connect(self.status.show_working)
        workspace.measured.connect(self.status.show_step)
        workspace.conversations_changed.connect(self._conversations_changed)

    # Pages

    def show_tab(self, name: str) -> None:
        if self.workspace.agent is None:
            return
        if name == "history":
            self.show_history("")
        else:
            self._chat_view()
            self.pages.show("chat")
            self.chat.setFocus()

    def show_history(self, block_id: str) -> None:
        from app.ui.memory.history.view import HistoryView

        if not self.centre.has_page("history"):
            page = HistoryView(self.desk)
            page.message_wanted.connect(self._show_message)
            page.back_wanted.connect(lambda: self.show_tab("chat"))
            self.centre.add_page("history", page)
        self.pages.show("history")
        view = self.centre.page_named("history")
        if isinstance(view, HistoryView):
            view.begin(block_id)

    def _show_message(self, message_id: str, conversation_id: str = "") -> None:
        self.tasks.spawn(self._jump(message_id, conversation_id), self)

    async def _jump(self, message_id: str, conversation_id: str) -> None:
        message = await self.desk.services.messages.get(message_id)
        await self.workspace.open_now(message.agent_id, conversation_id)
        self.show_tab("chat")
        self.chat.show_message(message_id)

    async def _show_made(self, agent_id: str) -> None:
        await self.workspace.open_now(agent_id)
        self.show_tab("chat")

    def _show_block(self, agent_id: str, block_id: str) -> None:
        self._picked(agent_id)
        self.show_right()
        self.right.memory.reveal(block_id)

    def show_right(self) -> None:
        if self.centre.page == "history":
            self.show_tab("chat")
        if not self.window.column_shown("right"):
            self.window.toggle_column("right")

    def _page_shown(self, name: str) -> None:
        self.window.set_full(name == "history")
        self.window.set_solo(name in SOLO)
        for command in ("column.left", "column.right"):
            self.top.buttons[command].setEnabled(name not in SOLO)

    def _escape(self) -> None:
        if self.centre.page == "history":
            self.show_tab("chat")
        elif self.centre.page == "chat" and self.workspace.active_runs:
            self.chat.stop()
        elif self.centre.page not in (*TABS, *SOLO):
            self.pages.back()

    def _show_first_run(self) -> None:
        if self.first_run is None:
            from app.ui.window.first_run_wiring import make_first_run

            self.first_run = make_first_run(self)
            self.centre.add_page("first run", self.first_run)
        self.pages.show("first run")

    def _drop_first_run(self) -> None:
        if self.first_run is not None and self.centre.page != "first run":
            self.centre.drop_page("first run")
            self.first_run = None

    def _chat_view(self) -> Any:
        """Built late: what draws markdown costs as much as all that the first paint needs."""
        if self.chat is None:
            from app.ui.window.chat_wiring import make_chat

            self.chat = make_chat(self)
            self.centre.add_page("chat", self.chat)
            # Without a right column they stand above the composer, whose buttons stay free.
            panes = self.window.panes
            self.desk.toasts.anchor_to(panes["right"], self.chat.area, panes["centre"])
        return self.chat

    # What the workspace says

    def _loaded(self, number: int) -> None:
        self.left.agents.set_known()
        if number == 0 and self.centre.page in ("starting", "chat", "history", "repair"):
            self._show_first_run()

    def _opened(self, agent: Agent, conversation: Conversation) -> None:
        self.commands.refresh()
        self.left.show_agent(agent)
        self.right.show_agent(agent)
        self.status.show_agent(agent.name, agent.model)
        chat = self._chat_view()
        other = chat.agent is None or chat.agent.id != agent.id
        if other:
            chat.set_mode(self.preferences.get(f"mode/{agent.id}", "interactive"))
        chat.open(agent, conversation)
        self.preferences.set("agent", agent.id)
        self.preferences.set("conversation", conversation.id)
        if self.centre.page in SOLO:
            self.pages.show("chat")
        elif self.centre.page == "history":
            self.show_history("")
        elif self.centre.page == "instructions" and other:
            self.pages.instructions()
        self._drop_first_run()

    def _agent_changed(self, agent: Agent) -> None:
        self.left.show_agent(agent)
        self.status.show_agent(agent.name, agent.model)
        self._chat_view().show_agent(agent)

    def _emptied(self) -> None:
        self.commands.refresh()
        self.left.show_agent(None)
        self.right.show_agent(None)
        self.status.show_agent("", "")
        if self.centre.page in ("chat", "history"):
            self._show_first_run()

    @property
    def unsaved(self) -> list[str]:
        """What was typed and would be lost with the window, in words."""
        return self.right.memory.unsaved + self.pages.unsaved

    @property
    def unsent(self) -> bool:
        """Whether a message waits for the end of a reply."""
        return self.chat is not None and self.chat.unsent

    def keep_drafts(self) -> None:
        """Before the window closes: what was typed and not sent."""
        if self.chat is not None:
            self.chat.leave()

    def _conversations_changed(self, rows: tuple[Conversation, ...]) -> None:
        current = self.workspace.conversation
        self.centre.conversations.show_rows(rows, current.id if current is not None else "")
