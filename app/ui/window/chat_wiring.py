"""Connects the conversation view with the rest of the window."""

from typing import TYPE_CHECKING

from app.ui.chat.view import ChatView
from app.ui.window.problem_actions import ProblemActions

if TYPE_CHECKING:
    from app.ui.window.assembly import Assembly


def make_chat(window: "Assembly") -> ChatView:
    desk = window.desk
    client = desk.workspace.origin.client
    chat = ChatView(desk.theme, desk.services, desk.tasks, drafts=desk.preferences, client=client)
    window.centre.extra.addWidget(chat.tools)
    chat.history_wanted.connect(window.show_history)
    chat.model_wanted.connect(lambda: window.commands.run("agent.model"))
    chat.told.connect(desk.tell)
    chat.told_undo.connect(desk.tell_undo)
    chat.modes.chosen.connect(lambda mode: keep_mode(window, mode))
    chat.composer.set_enter_sends(desk.preferences.get("enter_sends", True))
    window.pages.enter_swapped.connect(chat.composer.set_enter_sends)
    window.connection.state_changed.connect(lambda state: chat.set_connected(state == "connected"))
    chat.set_connected(window.connection.state == "connected")
    ProblemActions(window, chat)
    return chat


def keep_mode(window: "Assembly", mode: str) -> None:
    agent = window.workspace.agent
    if agent is not None:
        window.preferences.set(f"mode/{agent.id}", mode)
