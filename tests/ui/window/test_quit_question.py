"""Closing the window while an agent replies."""

from collections.abc import Callable
from typing import Any

from app.domain.message import MessageDraft
from tests.support.window.opened_window import OpenedWindow
from tests.support.window.seeing import texts

Wait = Callable[..., Any]


def test_the_quit_question_answers_itself_when_the_last_run_ends(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        window.server.hold()
        conversation = window.view.workspace.conversation
        await window.services.runs.start(conversation.id, MessageDraft.of("Take your time."))
        await window.until(lambda: window.view.chat.replying, "the reply is not followed")
        window.window.closing.emit()
        await window.until(window.view.view.ask.isVisible, "nobody asked")
        assert not window.ended.done()
        window.server.release()
        await window.until(window.ended.done, "the window stayed although nothing runs any more")
        assert window.engine.stopped
        assert window.session.preferences.get("quit", "") == ""

    wait_for(person(), 15)


def test_it_says_what_becomes_of_a_message_that_waits(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        window.server.hold()
        conversation = window.view.workspace.conversation
        await window.services.runs.start(conversation.id, MessageDraft.of("Take your time."))
        await window.until(lambda: window.view.chat.replying, "the reply is not followed")
        window.view.chat.sending.send("And then this.", "user", ())
        window.window.closing.emit()
        await window.until(window.view.view.ask.isVisible, "nobody asked")
        assert "it is kept as a draft" in texts(window.view.view.ask)
        window.view.view.ask.cancel()
        window.server.release()
        said = lambda: [row.text for row in window.view.chat.model.rows if row.kind == "user"][-1:]  # noqa: E731
        await window.until(lambda: said() == ["And then this."] and window.quiet, "what waited was not sent")

    wait_for(person(), 15)
