"""The conversation in the centre: built when it is first needed, connected, and what commands do in it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.domain.agent import Agent
from app.domain.conversation import Conversation
from app.ui.state.command_registry import Command
from app.ui.state.view_context import ViewContext
from app.ui.window.pages import Pages

if TYPE_CHECKING:
    from app.ui.chat.view import ChatView


class ChatPage(QObject):
    built = Signal()
    """`chat` is there from now on."""
    history_wanted = Signal(str)
    """Id of the block whose history a person wants to see."""
    model_wanted = Signal()
    patched = Signal(object)
    """AgentPatch for the open agent."""
    blocks_wanted = Signal()
    """A person wants to shorten memory blocks."""

    def __init__(self, view: ViewContext, pages: Pages) -> None:
        super().__init__(pages)
        self._view, self._pages = view, pages
        self._connected = False
        self._offered: tuple[tuple[str, Command], ...] = ()
        self.chat: ChatView | None = None
        """Late: what draws markdown costs as much as all that the first paint needs."""

    def offer(self, commands: tuple[tuple[str, Command], ...]) -> None:
        """Commands that a slash in the composer offers, each with its word. Before `build`."""
        self._offered = commands

    def build(self) -> "ChatView":
        if self.chat is None:
            self.chat = self._build()
            self._pages.add("chat", self.chat, self.chat.tools)
            self.built.emit()
        return self.chat

    def _build(self) -> "ChatView":
        from app.ui.chat.slash import SlashCommand
        from app.ui.chat.view import ChatView
        from app.ui.window.problem_actions import ProblemActions

        view = self._view
        client = view.workspace.origin.client
        chat = ChatView(view.theme, view.services, view.tasks, drafts=view.preferences, client=client)
        chat.slash.set_commands(
            tuple(
                SlashCommand(word, command.title, command.icon or "chevron-right", _if_enabled(command))
                for word, command in self._offered
            )
        )
        chat.told.connect(view.tell)
        chat.told_done.connect(view.tell_done)
        chat.history_wanted.connect(self.history_wanted)
        chat.model_wanted.connect(self.model_wanted)
        chat.modes.chosen.connect(self._keep_mode)
        chat.composer.set_enter_sends(view.preferences.get("enter_sends", True))
        chat.set_connected(self._connected)
        self._pages.enter_swapped.connect(chat.composer.set_enter_sends)
        view.workspace.counted.connect(chat.show_overview)
        view.workspace.changed.connect(chat.on_changed)
        view.workspace.progressed.connect(chat.on_progress)
        problems = ProblemActions(view, chat)
        problems.models_wanted.connect(self._pages.models)
        problems.servers_wanted.connect(self._pages.servers)
        problems.patched.connect(self.patched)
        problems.blocks_wanted.connect(self.blocks_wanted)
        return chat

    # What it shows

    def open(self, agent: Agent, conversation: Conversation) -> None:
        chat = self.build()
        if chat.agent is None or chat.agent.id != agent.id:
            chat.set_mode(self._view.preferences.get(_mode_key(agent), "interactive"))
        chat.open(agent, conversation)

    def show_agent(self, agent: Agent) -> None:
        self.build().show_agent(agent)

    def show_message(self, message_id: str) -> None:
        self._front().show_message(message_id)

    def set_connected(self, connected: bool) -> None:
        self._connected = connected
        if self.chat is not None:
            self.chat.set_connected(connected)

    @property
    def unsent(self) -> bool:
        """Whether a message waits for the end of a reply."""
        return self.chat is not None and self.chat.unsent

    def keep_drafts(self) -> None:
        """Before the window closes: what was typed and not sent."""
        if self.chat is not None:
            self.chat.put_away()

    # What a person does, from wherever it is

    def show(self) -> None:
        chat = self.build()
        self._pages.show("chat")
        chat.setFocus()

    def type(self, text: str) -> bool:
        """A letter that nothing else took: it belongs to the message."""
        if self.chat is None or self._pages.current != "chat":
            return False
        self.chat.setFocus()
        self.chat.composer.editor.insertPlainText(text)
        return True

    def take_focus(self) -> None:
        """Whatever was chosen or closed: writing goes on here."""
        if self.chat is not None and self._pages.current == "chat":
            self.chat.setFocus()

    def _front(self) -> "ChatView":
        if self._pages.current != "chat":
            self.show()
        return self.build()

    def find_text(self) -> None:
        self._front().find_text()

    def retry_last(self) -> None:
        self._front().retry_last()

    def toggle_role(self) -> None:
        self._front().toggle_role()

    def next_mode(self) -> None:
        chat = self._front()
        chat.next_mode()
        self._keep_mode(chat.model.mode)

    def stop(self) -> None:
        self._front().stop()

    def approve(self) -> None:
        self._front().approve()

    def refuse(self) -> None:
        self._front().refuse()

    def _keep_mode(self, mode: str) -> None:
        agent = self._view.workspace.agent
        if agent is not None:
            self._view.preferences.set(_mode_key(agent), mode)


def _if_enabled(command: Command) -> Callable[[], None]:
    return lambda: command.run() if command.enabled() else None


def _mode_key(agent: Agent) -> str:
    return f"mode/{agent.id}"
