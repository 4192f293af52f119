"""A server elsewhere that a variable names, in the window: shown as such, and nothing is sent before one agrees."""

from collections.abc import Callable
from typing import Any

import pytest
import qasync
from PySide6.QtWidgets import QApplication

from app.domain.agent import AgentDraft
from tests.support.servers.openai_replies import Reply
from tests.support.servers.openai_server import OpenAIServer
from tests.support.window.seeing import button, click, has_button, until
from tests.whole.test_variables import ENTRIES, KEY
from tests.whole.test_window import LaresApp


def test_the_window_asks_once_before_anything_is_sent_elsewhere(
    qapp: QApplication, loop: qasync.QEventLoop, wait_for: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with OpenAIServer(key=KEY, model="gpt-4.1", entries=ENTRIES) as server:
        # No address of this computer itself by the rules, but one that the guard of the tests lets through.
        monkeypatch.setenv("OPENAI_API_BASE", f"http://0.0.0.0:{server.port}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", KEY)

        async def first(lares: LaresApp) -> None:
            await lares.open()
            await until(lares.see("From OPENAI_API_BASE"), "the server with its variable")
            await until(lares.see("Not allowed yet"), "that it waits")
            await lares.services.agents.create(AgentDraft(name="Sam", model="openai/gpt-4.1"))
            await lares.close()

        async def then(lares: LaresApp) -> None:
            await lares.open()
            await until(lares.see("Say something to Sam"), "a conversation")
            await lares.say("hello")
            await until(lambda: has_button(lares.window, "Allow its server…"), "the way out")
            assert server.requests == []
            click(button(lares.window, "Allow its server…"))
            await until(lambda: has_button(lares.window, "Allow 0.0.0.0"), "the question")
            click(button(lares.window, "Cancel"))
            await until(lambda: not has_button(lares.window, "Allow 0.0.0.0"), "the question to go")
            assert server.requests == []
            server.queue(Reply(text="Hello from elsewhere."))
            click(button(lares.window, "Allow its server…"))
            await until(lambda: has_button(lares.window, "Allow 0.0.0.0"), "the question again")
            click(button(lares.window, "Allow 0.0.0.0"))
            await until(lares.see("Hello from elsewhere."), "the reply")
            await lares.close()

        wait_for(first(LaresApp(qapp, loop)), 60)
        wait_for(then(LaresApp(qapp, loop)), 100)
