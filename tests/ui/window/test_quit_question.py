"""Closing the window: while an agent replies, and what is left of it."""

import gc
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.domain.message import MessageDraft
from tests.support.window.household import Household
from tests.support.window.opened_window import OpenedWindow
from tests.support.window.sample import sampled
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


def test_nothing_is_left_of_a_closed_window(
    household: Household, data_folder: Path, wait_for: Wait, opened: Callable[..., Any]
) -> None:
    """What Qt knows of keeps what its signals call, unseen by Python: it must go with the window."""

    async def person(window: OpenedWindow) -> None:
        conversation = window.view.workspace.conversation
        await window.services.runs.start(conversation.id, MessageDraft.of("Hello"))
        window.view.search.open()
        for show in (window.view.pages.settings, window.view.pages.models, window.view.pages.servers):
            show()
            await window.rest()
        window.view.show_tab("history")
        await window.until(lambda: window.quiet, "there is no reply")

    def lived() -> list[weakref.ref[Any]]:
        with opened(data_folder, wait_for(household.open(data_folder, sampled), 15)) as window:
            wait_for(person(window), 15)
            session, view = window.session, window.view
            parts = session, session.connection, view, view.window, view.workspace, view.chat, view.left, view.right
            return [weakref.ref(part) for part in parts]

    ends = lived()
    gc.collect()
    assert [type(end()).__name__ for end in ends if end() is not None] == []
