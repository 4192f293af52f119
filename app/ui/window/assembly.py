"""Puts the window together: builds its parts and connects what they say to what is done about it."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.config import Config
from app.domain.agent import Agent, AgentPatch
from app.domain.conversation import Conversation, ConversationRow, ExportForm
from app.domain.system import EngineStatus
from app.ui.agents.actions import AgentActions
from app.ui.agents.conversation_export import ConversationExport
from app.ui.bridge.engine_connection import EngineConnection
from app.ui.bridge.event_relay import EventRelay
from app.ui.bridge.tasks import Tasks
from app.ui.kit.toast import ToastHost
from app.ui.state.ask import Ask
from app.ui.state.command_registry import Commands
from app.ui.state.errors import Errors
from app.ui.state.look import Look
from app.ui.state.model_catalog import ModelCatalog
from app.ui.state.preferences import Preferences
from app.ui.state.server_entries import other_hosts
from app.ui.state.unread import Unread
from app.ui.state.view_context import ViewContext
from app.ui.state.workspace import Workspace
from app.ui.theme import Theme
from app.ui.window.agent_tabs import AgentTabs
from app.ui.window.agent_views import AgentViews
from app.ui.window.centre import Centre
from app.ui.window.chat_page import ChatPage
from app.ui.window.commands import (
    Conversations,
    Destinations,
    Possible,
    agent_commands,
    chat_commands,
    lares_commands,
    view_commands,
)
from app.ui.window.engine_state import EngineState
from app.ui.window.main_window import MainWindow
from app.ui.window.pages import Pages
from app.ui.window.reply_notice import ReplyNotice
from app.ui.window.side_columns import SideColumns
from app.ui.window.starting import Starting
from app.ui.window.status_line import StatusLine
from app.ui.window.top_bar import TopBar
from app.ui.window.undo import UndoLast

if TYPE_CHECKING:
    from app.ui.chat.view import ChatView
    from app.ui.first_run.page import FirstRun
    from app.ui.memory.block_card import BlockCard

SLASH_WORDS = (
    ("new", "agent.conversation"),
    ("retry", "chat.retry"),
    ("find", "chat.find"),
    ("search", "search"),
    ("go", "chat.switch"),
    ("model", "agent.model"),
    ("copy", "chat.copy"),
    ("export", "chat.markdown"),
    ("snippets", "snippets"),
)
"""What a slash in the composer offers: a word, and the command behind it."""
SOLO = ("first run", "starting", "repair")
"""Pages beside which nothing stands."""


class Assembly(QObject):
    """Everything of one window. Nothing but the application takes it: each part gets the values it works with."""

    def __init__(
        self,
        theme: Theme,
        config: Config,
        errors: Errors,
        tasks: Tasks,
        connection: EngineConnection,
        relay: EventRelay,
        preferences: Preferences,
        parent: QObject,
        *,
        with_menu: bool = True,
    ) -> None:
        super().__init__(parent)
        self.theme, self.connection, self.preferences = theme, connection, preferences
        self.window = MainWindow(theme, preferences)
        self.workspace = Workspace(connection.services, tasks, self)
        ask, toasts = Ask(theme, self.window), ToastHost(theme, self.window)
        catalog = ModelCatalog(connection.services, tasks, self)
        self.view = ViewContext(theme, connection.services, tasks, self.workspace, preferences, ask, toasts, catalog)
        self.commands = Commands(self.window)
        self.centre = Centre(theme)
        self.pages = Pages(self.view, config, self.commands, self.centre)
        self.views = AgentViews(self.view, self)
        self.tabs = AgentTabs(self.view, self.centre, self.pages, self.views.tabs())
        self.actions = AgentActions(self.view, self)
        self.exports = ConversationExport(self.view, self.window)
        self.columns = SideColumns(self.view, self.window)
        self.chat_page = ChatPage(self.view, self.pages)
        self.first_run: FirstRun | None = None
        """There only while there is no agent: with its table of models it is a third of all widgets."""
        self._data_folder = ""
        self.unread = Unread(self.workspace, preferences, self._looked_at)
        self.notice = ReplyNotice(self.view, self.window)
        self._add_commands()
        self.top = TopBar(theme, self.commands, with_menu)
        self.status = StatusLine(theme)
        self.engine_state = EngineState(self.view, connection, self.centre.banner, config.backups)
        self._errors, self._relay = errors, relay
        self.centre.add_page("starting", Starting(theme))
        self.window.set_bars(self.top, self.status)
        self.window.set_centre(self.centre)
        self._connect_pages()
        self.pages.show("starting")

    def furnish(self) -> None:
        """The rest, after the first paint: nothing of it can be seen before the engine has answered."""
        from app.ui.palette.search import PaletteSearch

        self.columns.furnish(self.commands)
        self.left, self.right = self.columns.left, self.columns.right
        self.search = PaletteSearch(self.view, self.commands, self.window)
        self._connect_left()
        self._connect_right()
        self._connect_chat()
        self._connect_workspace()
        self._connect_engine()

    def _add_commands(self) -> None:
        workspace, connection = self.workspace, self.connection

        def connected() -> bool:
            return connection.state == "connected"

        possible = Possible(connected, lambda: workspace.agent is not None and connected())
        go = Destinations(
            palette=lambda: self.search.open(),
            search=lambda: self.search.open_search(),
            chat=lambda: self.show_tab("chat"),
        )
        talks = Conversations(self._switch_conversation, self._export, self._copy)
        look = Look(self.theme, self.preferences)
        self.commands.add(
            *agent_commands(self.actions, workspace, self.pages, self.columns, possible),
            *chat_commands(self.chat_page, talks, possible),
            *view_commands(self.window, look, go, self.tabs, possible),
            *lares_commands(self.pages, UndoLast(self.view, self), self.window.closing.emit),
        )

        self.chat_page.offer(tuple((word, self.commands[id]) for word, id in SLASH_WORDS))

    @property
    def chat(self) -> "ChatView | None":
        return self.chat_page.chat

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
        for tagged in (agents.tags_wanted, settings.tags_wanted):
            tagged.connect(actions.set_tags)
        settings.tag_pressed.connect(agents.filter_by_tag)
        settings.patched.connect(actions.patch)
        settings.instructions_wanted.connect(self.pages.instructions)
        settings.servers_wanted.connect(self.pages.servers)
        settings.models_wanted.connect(self.pages.models)
        for chosen in (settings.chosen, agents.chosen, self.left.rail.chosen):
            chosen.connect(self.chat_page.take_focus)
        settings.refresh_wanted.connect(self.view.catalog.look_again)
        self.pages.patched.connect(actions.patch)
        conversations = self.centre.conversations
        conversations.popup.picked.connect(actions.open_conversation)
        conversations.popup.picked.connect(lambda: self.chat_page.show())
        conversations.popup.message_wanted.connect(self._show_message)
        conversations.popup.earlier_wanted.connect(self.workspace.show_earlier_conversations)
        conversations.popup.new_wanted.connect(actions.new_conversation)
        conversations.popup.opened.connect(self.workspace.read_conversations)
        conversations.popup.search_wanted.connect(self._search_conversations)
        conversations.export_wanted.connect(self.exports.ask_file)
        conversations.copy_wanted.connect(self.exports.copy)
        conversations.rename_wanted.connect(actions.rename_conversation)
        conversations.reset_wanted.connect(actions.reset_conversation)
        conversations.delete_wanted.connect(actions.delete_conversation)

    def _picked(self, agent_id: str) -> None:
        if not self.centre.tab:
            self.show_tab("chat")
        if self.workspace.agent is None or self.workspace.agent.id != agent_id:
            self.workspace.open(agent_id)

    def _connect_right(self) -> None:
        self.right.memory.history_wanted.connect(self._show_history)
        self.right.memory.wide_wanted.connect(self._edit_wide)
        self.right.context.fix_wanted.connect(self._resize_context)
        self.right.context.compact_wanted.connect(lambda: self.show_tab("compact"))
        self.columns.right_wanted.connect(self._leave_full)
        self.view.toasts.anchor_to(self.window.panes["right"], self.window.panes["centre"])
        self.view.toasts.room_wanted.connect(self._keep_free)
        self.search.message_wanted.connect(self._show_message)
        self.search.block_wanted.connect(self._show_block)
        self.search.agent_wanted.connect(self._picked)

    def _keep_free(self, at: object, pixels: int) -> None:
        """The right column gives notices room at its foot; elsewhere they find a free place."""
        right = self.window.panes["right"]
        right.keep_free(pixels if at is right else 0)

    def _connect_chat(self) -> None:
        chat, panes = self.chat_page, self.window.panes
        chat.history_wanted.connect(self._show_history)
        chat.model_wanted.connect(lambda: self.commands.run("agent.model"))
        chat.blocks_wanted.connect(lambda: self.commands.run("agent.block"))
        chat.patched.connect(self.actions.patch)
        # Without a right column they stand above the composer, whose buttons stay free.
        chat.built.connect(lambda: self.view.toasts.anchor_to(panes["right"], chat.build().area, panes["centre"]))

    def _connect_engine(self) -> None:
        view, connection, catalog = self.view, self.connection, self.view.catalog
        self._errors.told.connect(view.tell_error)
        self._errors.crashed.connect(self.pages.crash)
        self._relay.batch.connect(self.workspace.on_batch)
        self.workspace.changed.connect(catalog.on_changed)
        self.workspace.tools_read.connect(self.left.settings.show_tools)
        self.workspace.api_read.connect(self.top.show_api)
        catalog.changed.connect(self._show_models)
        catalog.refused.connect(view.tell_error)
        connection.state_changed.connect(self._engine_changed)
        connection.connected.connect(self._connected)
        connection.failed.connect(self.pages.repair)
        connection.raise_wanted.connect(self.window.come_forward)
        self.pages.retry_wanted.connect(connection.retry)
        self.pages.going_back.connect(self.engine_state.note_going_back)
        self.pages.restore_wanted.connect(self.engine_state.restore)
        self.pages.anew_wanted.connect(self.engine_state.begin_anew)

    def _engine_changed(self, state: str) -> None:
        self.status.show_engine(state)
        self.chat_page.set_connected(state == "connected")
        self.commands.refresh()
        if state == "starting" and self.centre.page == "repair":
            self.pages.show("starting")

    def _connected(self, status: EngineStatus, lost: bool) -> None:
        self._data_folder = status.data_folder

    def _show_models(self) -> None:
        known = self.view.catalog.known
        self.left.settings.show_models(known)
        self.top.set_hosts(other_hosts(known.offers))

    def _connect_pages(self) -> None:
        self.centre.tab_picked.connect(self.show_tab)
        self.views.message_wanted.connect(self._show_message)
        self.views.agent_made.connect(self._show_made)
        self.views.counted.connect(self.tabs.set_count)
        self.views.chat_wanted.connect(lambda: self.show_tab("chat"))
        self.views.history_wanted.connect(self._show_history)
        self.views.segment_wanted.connect(self.show_tab)
        self.views.size_wanted.connect(self._resize_context)
        self.views.block_wanted.connect(self._edit_block)
        self.views.request_wanted.connect(self._show_request)
        self.views.replay_wanted.connect(self._show_replay)
        self.pages.changed.connect(self._page_shown)
        self.pages.agent_made.connect(self._show_made)
        self.top.servers_wanted.connect(self.pages.servers)
        self.top.api_wanted.connect(self.pages.local_api)
        self.window.escaped.connect(self._escape)
        self.window.activated.connect(self.unread.look)
        self.notice.agent_wanted.connect(self._show_replied)
        self.window.typed.connect(self.chat_page.type)

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
        workspace.agents.waiting_changed.connect(self.status.show_waiting)
        workspace.measured.connect(self.status.show_step)
        workspace.conversations_changed.connect(self._conversations_changed)

    # Pages

    def show_tab(self, name: str) -> None:
        """A tab of the open agent, or one segment of it."""
        if self.workspace.agent is None:
            return
        if name == "chat":
            self.chat_page.show()
        else:
            self.tabs.show(name)

    def _show_history(self, block_id: str) -> None:
        from app.ui.memory.history.view import HistoryView

        page = self.tabs.show("history")
        assert isinstance(page, HistoryView)
        page.begin(block_id)

    def _edit_wide(self, card: "BlockCard") -> None:
        """Its own page; asked for once more while it is shown, its text goes back to the column."""
        self.window.close_overlays()
        if self.centre.page == "block" and card.lent:
            card.take_editor()
            self.columns.show_right()
            card.begin_edit()
        else:
            self.pages.wide_block(card)

    def _resize_context(self, tokens: int) -> None:
        self.actions.patch(AgentPatch(context_window=tokens))

    def _show_message(self, message_id: str, conversation_id: str = "") -> None:
        self.view.run(self._jump(message_id, conversation_id), self)

    async def _jump(self, message_id: str, conversation_id: str) -> None:
        message = await self.view.services.messages.get(message_id)
        await self.workspace.open_now(message.agent_id, conversation_id)
        self.chat_page.show()
        self.chat_page.show_message(message_id)

    def _show_made(self, agent_id: str) -> None:
        self.view.run(self.workspace.open_now(agent_id), self, done=lambda _: self.chat_page.show())

    def _show_block(self, agent_id: str, block_id: str) -> None:
        self._picked(agent_id)
        self.columns.go_to_block(block_id)

    def _edit_block(self, block_id: str) -> None:
        self.show_tab("chat")
        self.columns.go_to_block(block_id)

    def _show_replay(self, step_id: str) -> None:
        from app.ui.runs.replay.view import ReplayView

        view = self.tabs.show("replay")
        assert isinstance(view, ReplayView)
        view.open_step(step_id)

    def _show_request(self, step_id: str) -> None:
        """Of a step, in the conversation that it belongs to."""
        from app.ui.context.request.view import RequestView

        async def show() -> None:
            page = await self.view.services.steps.get(step_id)
            run = page.runs[page.steps[0].run_id]
            root = (await self.view.services.conversations.get(run.conversation_id)).root_id
            await self.workspace.open_now(run.agent_id, root)
            view = self.tabs.show("request")
            assert isinstance(view, RequestView)
            view.open_step(step_id)

        self.view.run(show(), self)

    def _leave_full(self) -> None:
        """To where the right column stands beside the centre."""
        if self.tabs.shown:
            self.show_tab("chat")

    def _page_shown(self, name: str) -> None:
        self.unread.look()
        self.window.set_full(self.tabs.shown)
        self.window.set_solo(name in SOLO)
        for command in ("column.left", "column.right"):
            self.top.buttons[command].setEnabled(name not in SOLO)

    def _looked_at(self) -> str:
        agent = self.workspace.agent
        seen = agent is not None and self.centre.page == "chat" and self.window.isActiveWindow()
        return agent.id if agent is not None and seen else ""

    def _show_replied(self, agent_id: str) -> None:
        self.window.come_forward()
        self._picked(agent_id)

    def _escape(self) -> None:
        if self.tabs.shown:
            self.show_tab("chat")
        elif self.centre.page == "chat" and self.workspace.active_runs:
            self.chat_page.stop()
        elif not self.centre.tab and self.centre.page not in SOLO:
            self.pages.back()

    def _show_first_run(self) -> None:
        if self.first_run is None:
            from app.ui.first_run.page import FirstRun

            page = self.first_run = FirstRun(self.view)
            page.show_folder(self._data_folder)
            page.demo_wanted.connect(self.actions.make_demo)
            page.server_wanted.connect(self.pages.add_server)
            page.made.connect(self.pages.agent_made)
            self.pages.add("first run", page)
        self.pages.show("first run")

    def _drop_first_run(self) -> None:
        if self.first_run is not None and self.centre.page != "first run":
            self.centre.drop_page("first run")
            self.first_run = None

    # What the workspace says

    def _loaded(self, number: int) -> None:
        self.left.agents.set_known()
        if number == 0 and (self.centre.tab or self.centre.page in ("starting", "repair")):
            self._show_first_run()

    def _opened(self, agent: Agent, conversation: Conversation) -> None:
        self.commands.refresh()
        self.left.show_agent(agent)
        self.right.show_agent(agent)
        self.status.show_agent(agent.id, agent.name, agent.model)
        other = self.chat is None or self.chat.agent is None or self.chat.agent.id != agent.id
        self.chat_page.open(agent, conversation)
        self.preferences.set("agent", agent.id)
        self.preferences.set("conversation", conversation.id)
        if self.centre.page in SOLO:
            self.pages.show("chat")
        elif self.tabs.shown:
            self.tabs.begin()
        elif self.centre.page == "instructions" and other:
            self.pages.instructions()
        self._drop_first_run()

    def _agent_changed(self, agent: Agent) -> None:
        self.left.show_agent(agent)
        self.status.show_agent(agent.id, agent.name, agent.model)
        self.chat_page.show_agent(agent)

    def _emptied(self) -> None:
        self.commands.refresh()
        self.left.show_agent(None)
        self.right.show_agent(None)
        self.status.show_agent("", "", "")
        if self.centre.tab:
            self._show_first_run()

    @property
    def unsaved(self) -> list[str]:
        """What was typed and would be lost with the window, in words."""
        return self.right.memory.unsaved + self.pages.unsaved + self.tabs.unsaved

    async def save_unsaved(self) -> None:
        """Stores it. Raises `AppError` where something of it cannot be stored."""
        await self.right.memory.save_all()
        await self.pages.save_unsaved()
        await self.tabs.save_unsaved()

    def _switch_conversation(self) -> None:
        self.show_tab("chat")
        self.centre.conversations.popup.open()

    def _export(self, form: ExportForm) -> None:
        if (row := self.centre.conversations.current) is not None:
            self.exports.ask_file(row, form)

    def _copy(self) -> None:
        if (row := self.centre.conversations.current) is not None:
            self.exports.copy(row)

    def _search_conversations(self, words: str) -> None:
        popup, agent = self.centre.conversations.popup, self.workspace.agent
        if agent is not None:
            found = self.view.services.conversations.find(agent.id, words)
            self.view.run(found, self, done=lambda rows: popup.show_found(words, rows))

    def _conversations_changed(self, rows: tuple[ConversationRow, ...], more: bool) -> None:
        current = self.workspace.conversation
        self.centre.conversations.show_rows(rows, current.id if current is not None else "", more)
