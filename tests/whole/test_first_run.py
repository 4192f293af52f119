"""From an empty machine to a talk: no server, one that appears, a download, a choice, a starter, a message."""

import socket
from collections.abc import Callable
from typing import Any

import pytest
import qasync
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit

from tests.support.servers.ollama_server import OllamaServer
from tests.support.window.seeing import button, click, has_button, press, shown, texts, type_text, until
from tests.whole.test_window import LaresApp

NOTICED_SECONDS = 10.0
"""Five, and as much again on a busy machine."""


@pytest.fixture
def port() -> int:
    """One that is free now, for a server that starts later."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


def field(lares: LaresApp, name: str) -> QLineEdit:
    return next(edit for edit in shown(lares.window, QLineEdit) if edit.accessibleName() == name)


def test_a_person_with_nothing_installed_comes_to_a_model_and_talks(
    qapp: QApplication, loop: qasync.QEventLoop, wait_for: Callable[..., Any], port: int
):
    lares = LaresApp(qapp, loop)
    server = OllamaServer(port=port, installed=[], hold_pull_at=1_000_000, pull_step=250_000)

    async def nothing_runs() -> None:
        await lares.open()
        await lares.services.settings.set("servers.places", [f"127.0.0.1:{port}"])
        await until(lares.see("No model server runs on this computer"), "what to install")
        assert has_button(lares.window, "Get Ollama")
        assert has_button(lares.window, "Continue without a model (demo)")
        assert not button(lares.window, "Use a model").isEnabled()
        assert "on 127.0.0.1" in texts(lares.window)

    async def it_appears() -> None:
        await until(lares.see("has no models yet"), "the server to be noticed", NOTICED_SECONDS)
        await until(lares.see(f"127.0.0.1:{port}, version"), "its card")
        assert [provider.kind for provider in await lares.services.providers.list()].count("ollama") == 1

    async def get_a_model() -> None:
        click(button(lares.window, "Download another model…"))
        name = field(lares, "Name of the model to download")
        type_text(name, "qwen3:4b")
        press(name, Qt.Key.Key_Return)
        await until(lares.see("1 MB of"), "the download to get somewhere")
        click(button(lares.window, "Pause downloading qwen3:4b"))
        await until(lares.see("Paused at"), "the download to pause")
        server.release()
        click(button(lares.window, "Resume downloading qwen3:4b"))
        await until(lambda: has_button(lares.window, "Use qwen3:4b"), "the model to arrive")
        await until(lambda: button(lares.window, "Use qwen3:4b").isEnabled(), "the model to be chosen")

    async def make_an_agent() -> None:
        click(lares.session.assembly.first_run.use)
        await until(lambda: has_button(lares.window, "Companion"), "the starters")
        click(button(lares.window, "Companion"))
        await until(lares.see("plans"), "its blocks")
        click(button(lares.window, "Create Companion"))
        await until(lares.see("Say something to Companion"), "the conversation")
        assert isinstance(QApplication.focusWidget(), QPlainTextEdit)

    async def talk() -> None:
        await lares.say("Good evening")
        await until(lares.see("Good evening\nYou said:"), "the reply")
        assert server.chats[-1].body["model"] == "qwen3:4b"
        assert server.chats[-1].body["options"]["num_ctx"] > 0
        await until(lambda: not has_button(lares.window, "Stop"), "the reply to end")
        await until(lares.see("Companion is idle"), "the status line to say so")

    async def path() -> None:
        await nothing_runs()
        with server:
            await it_appears()
            await get_a_model()
            await make_an_agent()
            await talk()
        await lares.close()

    wait_for(path(), 90)


def test_a_server_that_dies_is_noticed_and_the_demo_is_still_there(
    qapp: QApplication, loop: qasync.QEventLoop, wait_for: Callable[..., Any], port: int
):
    lares = LaresApp(qapp, loop)

    async def path() -> None:
        await lares.open()
        await lares.services.settings.set("servers.places", [f"127.0.0.1:{port}"])
        await until(lambda: lares.session.assembly.first_run is not None, "the first run")
        use = lares.session.assembly.first_run.use
        with OllamaServer(port=port):
            await until(use.isEnabled, "its model to be offered")
        await until(lares.see("Does not answer"), "its death to be noticed", NOTICED_SECONDS)
        await until(lambda: not use.isEnabled(), "its models to go")
        click(button(lares.window, "Continue without a model (demo)"))
        await until(lares.see("Say something to Vesta"), "the demo")
        await lares.close()

    wait_for(path(), 60)
