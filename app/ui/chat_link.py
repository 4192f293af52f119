"""Connects the conversation view with the rest of the window."""

from typing import TYPE_CHECKING

from app.ui.views.chat import ChatView

if TYPE_CHECKING:
    from app.ui.assembly import Assembly


def make_chat(window: "Assembly") -> ChatView:
    return ChatView(window.theme, window.desk.services, window.tasks)
