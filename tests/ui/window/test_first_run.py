"""The first run by keys and clicks: what is said where nothing is installed, choosing a model, the starters."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QRadioButton

from app.domain.model import FoundServer
from tests.support.window.fake_models import PRESETS
from tests.support.window.fake_services import FakeServices
from tests.support.window.households import MODELS, clear, finish_pull, start_ollama
from tests.support.window.looks import nameless
from tests.support.window.opened_window import FakeEngine, OpenedWindow
from tests.support.window.seeing import button, has_button, shown, texts

Key = Qt.Key
Wait = Callable[..., Any]
Opened = Callable[..., AbstractContextManager[OpenedWindow]]


@pytest.fixture
def bare(services: FakeServices, tmp_path: Path, wait_for: Wait, opened: Opened) -> Iterator[OpenedWindow]:
    """A window on a machine without a model server."""
    clear(services)
    with opened(tmp_path, FakeEngine(services)) as window:
        yield window


def provider_of(window: OpenedWindow) -> Any:
    return window.view.view.catalog.known.puller


def sees(window: OpenedWindow, text: str) -> Callable[[], bool]:
    return lambda: text in texts(window.window)


def test_with_nothing_installed_it_says_what_to_do_and_the_demo_is_one_key_away(
    bare: OpenedWindow, wait_for: Wait
) -> None:
    async def person() -> None:
        await bare.until(sees(bare, "No model server runs on this computer"), "nothing was explained")
        assert "ollama.com/download" in texts(bare.window)
        assert "11434, 1234, 8080, 1337 and 8000 on 127.0.0.1" in texts(bare.window)
        assert not button(bare.window, "Use a model").isEnabled()
        button(bare.window, "How to start Ollama").click()
        assert "ollama serve" in texts(bare.window)
        assert nameless(bare.window) == []
        bare.view.first_run.setFocus()
        await bare.press(Key.Key_Space)
        await bare.until(lambda: bare.view.centre.page == "chat", "the demo did not open")
        assert bare.view.workspace.agent.model == "demo/vesta"

    wait_for(person(), 15)


def test_a_server_that_appears_is_connected_and_its_best_model_chosen(bare: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        start_ollama(bare.services, *MODELS)
        await bare.until(lambda: has_button(bare.window, "Use qwen3:8b"), "nobody noticed the server")
        await bare.until(sees(bare, "Found, 5 models"), "its card does not say so")
        radios = {radio.accessibleName(): radio for radio in shown(bare.window, QRadioButton)}
        assert not radios["Use nomic-embed-text"].isEnabled()
        assert "17.2 of 16" in radios["Use mistral-small3.2:24b"].toolTip()
        radios["Use qwen3:8b"].setFocus(Qt.FocusReason.TabFocusReason)
        await bare.press(Key.Key_Down)
        assert bare.view.first_run.models.table.chosen.name != "qwen3:8b"
        chosen = bare.view.first_run.models.table.chosen.name
        bare.services.world.publish("model", "elsewhere")
        await bare.rest()
        assert bare.view.first_run.models.table.chosen.name == chosen

    wait_for(person(), 15)


def test_a_server_that_dies_takes_its_models_with_it(bare: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        start_ollama(bare.services, *MODELS)
        await bare.until(lambda: has_button(bare.window, "Use qwen3:8b"), "nobody noticed the server")
        world = bare.services.world
        world.found.clear()
        world.model_errors[provider_of(bare).id] = "Ollama does not answer on 127.0.0.1:11434."
        world.publish("provider")
        await bare.until(sees(bare, "Does not answer"), "its death was not told")
        assert not button(bare.window, "Use a model").isEnabled()

    wait_for(person(), 15)


def test_a_server_with_a_key_waits_for_the_key(bare: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        bare.services.world.found.append(FoundServer(preset=PRESETS[1], needs_key=True))
        bare.services.world.publish("provider")
        await bare.until(lambda: has_button(bare.window, "Add a key for LM Studio"), "it was not shown")
        assert len(bare.services.world.providers) == 1
        button(bare.window, "Add a key for LM Studio").click()
        await bare.until(lambda: bare.view.centre.page == "settings", "no form")
        assert bare.view.centre.page_named("settings").servers.form.url.text() == PRESETS[1].base_url

    wait_for(person(), 15)


def test_a_download_is_paused_resumed_and_becomes_the_choice(bare: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        start_ollama(bare.services)
        await bare.until(sees(bare, "has no models yet"), "the empty server was not explained")
        server, world = provider_of(bare), bare.services.world
        get = button(bare.window, "Download qwen3:4b")
        get.setFocus(Qt.FocusReason.TabFocusReason)
        await bare.press(Key.Key_Space)
        await bare.until(lambda: has_button(bare.window, "Pause downloading qwen3:4b"), "no download")
        await bare.until(lambda: bare.focus is button(bare.window, "Pause downloading qwen3:4b"), "the focus was lost")
        world.note_pull(server.id, "qwen3:4b", "running", 1_400_000_000)
        await bare.until(sees(bare, "1.4 of 2.5 GB, 38 MB/s, 29 s left"), "no figures")
        assert "Ollama is using the internet" in texts(bare.window)
        await bare.press(Key.Key_Space)
        await bare.until(sees(bare, "Paused at 1.4 of 2.5 GB"), "it did not pause")
        await bare.press(Key.Key_Space)
        await bare.until(lambda: world.pulls[server.id, "qwen3:4b"].phase == "running", "it did not go on")
        finish_pull(bare.services, server, "qwen3:4b")
        await bare.until(lambda: has_button(bare.window, "Use qwen3:4b"), "it was not offered")
        assert bare.view.first_run.use.isEnabled()

    wait_for(person(), 15)


def test_a_download_is_given_up(bare: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        start_ollama(bare.services)
        await bare.until(lambda: has_button(bare.window, "Download another model…"), "nothing to get")
        button(bare.window, "Download another model…").click()
        await bare.write("someone/own:7b")
        await bare.press(Key.Key_Return)
        await bare.until(lambda: has_button(bare.window, "Cancel downloading someone/own:7b"), "no download")
        button(bare.window, "Cancel downloading someone/own:7b").click()
        await bare.until(lambda: not has_button(bare.window, "Cancel downloading"), "it stayed")
        assert not bare.services.world.pulls

    wait_for(person(), 15)


def test_a_starter_is_chosen_by_keys_and_the_agent_opens_ready_to_write(bare: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        start_ollama(bare.services, *MODELS)
        await bare.until(lambda: bare.view.first_run.use.isEnabled(), "nothing can be chosen")
        bare.view.first_run.setFocus()
        await bare.press(Key.Key_Space)
        await bare.until(lambda: has_button(bare.window, "Create Companion"), "no starters")
        await bare.until(lambda: bare.focus.accessibleName() == "Companion", "the first starter has no focus")
        await bare.press(Key.Key_Right)
        await bare.press(Key.Key_Right)
        assert has_button(bare.window, "Create Writing coach")
        await bare.tab_to(lambda widget: isinstance(widget, QLineEdit), "the name")
        await bare.press(Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        await bare.write("Ink")
        await bare.press(Key.Key_Return)
        await bare.until(lambda: bare.view.centre.page == "chat", "no conversation")
        await bare.until(lambda: isinstance(bare.focus, QPlainTextEdit), "the composer has no focus")
        agent = bare.view.workspace.agent
        assert (agent.name, agent.model, agent.system) == ("Ink", "ollama/qwen3:8b", "You are a writing coach.")

    wait_for(person(), 15)


def test_an_agent_without_a_name_is_not_made(bare: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        start_ollama(bare.services, *MODELS)
        await bare.until(lambda: bare.view.first_run.use.isEnabled(), "nothing can be chosen")
        bare.view.first_run.use.click()
        await bare.until(lambda: has_button(bare.window, "Create Companion"), "no starters")
        bare.view.first_run.starters.name.clear()
        bare.view.first_run.create_button.click()
        assert bare.view.first_run.starters.field.error == "An agent needs a name."
        await bare.press(Key.Key_Escape)
        assert bare.view.first_run.step == 1
        assert not bare.services.world.agents

    wait_for(person(), 15)
