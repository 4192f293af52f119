"""The first run by keys and clicks: what is said where nothing is installed, choosing a model, the starters."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QRadioButton

from app.bootstrap import OpenEngine
from app.services.models import discovery
from app.ui.models.row import ModelRow
from tests.support.servers.ollama_server import OllamaServer
from tests.support.servers.openai_server import OpenAIServer
from tests.support.window.household import INSTALLED, Household, free_port
from tests.support.window.looks import nameless
from tests.support.window.opened_window import OpenedWindow
from tests.support.window.seeing import button, has_button, shown, texts

Key = Qt.Key
Wait = Callable[..., Any]
Opened = Callable[..., AbstractContextManager[OpenedWindow]]
GB = 1_000_000_000


async def without_servers(engine: OpenEngine) -> None:
    """Only the demo is there."""
    for provider in await engine.services.providers.list():
        if provider.kind != "demo":
            await engine.services.providers.delete(provider.id)


@pytest.fixture
def port() -> int:
    """Where a server of this computer may appear."""
    return free_port()


@pytest.fixture
def bare(
    household: Household,
    data_folder: Path,
    wait_for: Wait,
    opened: Opened,
    port: int,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[OpenedWindow]:
    """A window on a computer without a model server."""
    monkeypatch.setattr(discovery, "LOOK_EVERY", 0.1)
    live = wait_for(household.open(data_folder, without_servers), 15)
    wait_for(live.services.settings.set(discovery.SETTING, [f"127.0.0.1:{port}"]))
    with opened(data_folder, live) as window:
        yield window


def sees(window: OpenedWindow, text: str) -> Callable[[], bool]:
    return lambda: text in texts(window.window)


async def providers(window: OpenedWindow) -> set[str]:
    return {provider.kind for provider in await window.services.providers.list()}


def test_with_nothing_installed_it_says_what_to_do_and_the_demo_is_one_key_away(
    bare: OpenedWindow, wait_for: Wait, port: int
) -> None:
    async def person() -> None:
        await bare.until(sees(bare, "No model server runs on this computer"), "nothing was explained")
        assert "ollama.com/download" in texts(bare.window)
        assert "11434, 1234, 8080, 1337 and 8000 on 127.0.0.1" in texts(bare.window)
        assert not button(bare.window, "Use a model").isEnabled()
        button(bare.window, "How to start Ollama").click()
        assert "ollama serve" in texts(bare.window)
        assert nameless(bare.window) == []
        await a_server_with_a_key_waits_for_the_key(bare, port)
        bare.view.first_run.setFocus()
        await bare.press(Key.Key_Space)
        await bare.until(lambda: bare.view.centre.page == "chat", "the demo did not open")
        assert bare.view.workspace.agent.model == "demo/vesta"

    wait_for(person(), 15)


async def a_server_with_a_key_waits_for_the_key(bare: OpenedWindow, port: int) -> None:
    with OpenAIServer(port=port, key="secret") as locked:
        await bare.until(lambda: has_button(bare.window, "Add a key for"), "it was not shown")
        assert await providers(bare) == {"demo"}
        button(bare.window, "Add a key for").click()
        await bare.until(lambda: bare.view.centre.page == "settings", "no form")
        assert bare.view.centre.page_named("settings").servers.form.url.text() == locked.url
        bare.view.centre.close_sheet()


def test_a_download_is_paused_resumed_given_up_and_becomes_the_choice(
    bare: OpenedWindow, wait_for: Wait, port: int
) -> None:
    library = {"qwen3:4b": (2_500_000_000,), "someone/own:7b": (7 * GB,)}

    async def person() -> None:
        with OllamaServer(port, installed=[], library=library, pull_step=700_000_000, hold_pull_at=1_400_000_000) as it:
            await bare.until(sees(bare, "has no models yet"), "the empty server was not explained")
            await a_model_is_downloaded(bare, it)
            await a_name_that_nobody_has_ends(bare)
            await another_download_is_given_up(bare)
        await bare.until(sees(bare, "Does not answer"), "its death was not told")
        assert not button(bare.window, "Use a model").isEnabled(), "a server that dies takes its models with it"

    wait_for(person(), 15)


async def a_model_is_downloaded(bare: OpenedWindow, server: OllamaServer) -> None:
    get = button(bare.window, "Download qwen3:4b")
    get.setFocus(Qt.FocusReason.TabFocusReason)
    await bare.press(Key.Key_Space)
    await bare.until(lambda: has_button(bare.window, "Pause downloading qwen3:4b"), "no download")
    await bare.until(lambda: bare.focus is button(bare.window, "Pause downloading qwen3:4b"), "the focus was lost")
    figures = re.compile(r"1\.4 of 2\.5 GB, [\d,.]+ [MG]B/s, \d+ s left")
    await bare.until(lambda: figures.search(texts(bare.window)), "no figures")
    assert "Ollama is using the internet" in texts(bare.window)
    await bare.press(Key.Key_Space)
    await bare.until(sees(bare, "Paused at 1.4 of 2.5 GB"), "it did not pause")
    await bare.press(Key.Key_Space)
    await bare.until(lambda: has_button(bare.window, "Pause downloading qwen3:4b"), "it did not go on")
    server.release()
    await bare.until(lambda: has_button(bare.window, "Use qwen3:4b"), "it was not offered")
    await bare.until(bare.view.first_run.use.isEnabled, "it was not chosen")
    server.hold()


async def a_name_that_nobody_has_ends(bare: OpenedWindow) -> None:
    """Its row changes alone: the badges of the others are neither made anew nor moved."""
    built: list[object] = []
    watch = ChildWatch(built)
    badges = [row.badge for row in bare.view.first_run.models.table.rows.values() if isinstance(row, ModelRow)]
    assert badges
    for badge in badges:
        badge.parentWidget().installEventFilter(watch)
    button(bare.window, "Download another model…").click()
    await bare.write("nobody/has:it")
    await bare.press(Key.Key_Return)
    await bare.until(lambda: has_button(bare.window, "Dismiss the failed download of nobody/has:it"), "it does not end")
    assert "There is no model “nobody/has:it”" in texts(bare.window)
    assert not has_button(bare.window, "Resume downloading nobody/has:it")
    button(bare.window, "Dismiss the failed download of nobody/has:it").click()
    await bare.until(lambda: not has_button(bare.window, "Dismiss the failed download of nobody/has:it"), "it stays")
    assert built == []


class ChildWatch(QObject):
    """Notes what comes into a widget and what leaves it."""

    def __init__(self, noted: list[object]) -> None:
        super().__init__()
        self._noted = noted

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.ChildAdded, QEvent.Type.ChildRemoved):
            self._noted.append(event.type())
        return False


async def another_download_is_given_up(bare: OpenedWindow) -> None:
    button(bare.window, "Download another model…").click()
    await bare.write("someone/own:7b")
    await bare.press(Key.Key_Return)
    await bare.until(lambda: has_button(bare.window, "Cancel downloading someone/own:7b"), "no download")
    button(bare.window, "Cancel downloading someone/own:7b").click()
    await bare.until(lambda: not has_button(bare.window, "Cancel downloading"), "it stayed")
    assert "someone/own:7b" not in {pull.name for pull in await bare.services.models.pulls()}


def test_a_server_that_appears_is_connected_and_a_starter_opens_ready_to_write(
    bare: OpenedWindow, wait_for: Wait, port: int
) -> None:
    async def person() -> None:
        with OllamaServer(port, installed=[*INSTALLED]) as server:
            await its_best_model_is_chosen(bare, server)
            await an_agent_without_a_name_is_not_made(bare)
            await a_starter_is_chosen_by_keys(bare)

    wait_for(person(), 15)


async def its_best_model_is_chosen(bare: OpenedWindow, server: OllamaServer) -> None:
    await bare.until(lambda: has_button(bare.window, "Use qwen3:8b"), "nobody noticed the server")
    await bare.until(sees(bare, "Found, 5 models"), "its card does not say so")
    radios = {radio.accessibleName(): radio for radio in shown(bare.window, QRadioButton)}
    assert not radios["Use nomic-embed-text:latest"].isEnabled()
    assert "of 16" in radios["Use mistral-small3.2:24b"].toolTip()
    radios["Use qwen3:8b"].setFocus(Qt.FocusReason.TabFocusReason)
    await bare.press(Key.Key_Down)
    table, catalog = bare.view.first_run.models.table, bare.view.view.catalog
    chosen = table.chosen.name
    assert chosen != "qwen3:8b"
    server.loaded["ministral-3:8b"] = 16_384
    await bare.services.models.list(refresh=True)
    await bare.until(lambda: catalog.known.memory.loaded, "the list was not read again")
    assert table.chosen.name == chosen, "what a person picked stays picked"
    radios["Use qwen3:8b"].click()


async def an_agent_without_a_name_is_not_made(bare: OpenedWindow) -> None:
    bare.view.first_run.use.click()
    await bare.until(lambda: has_button(bare.window, "Create Companion"), "no starters")
    bare.view.first_run.starters.name.clear()
    bare.view.first_run.create_button.click()
    assert bare.view.first_run.starters.field.error == "An agent needs a name."
    await bare.press(Key.Key_Escape)
    assert bare.view.first_run.step == 1
    assert await bare.services.agents.list() == ()


async def a_starter_is_chosen_by_keys(bare: OpenedWindow) -> None:
    bare.view.first_run.setFocus()
    await bare.press(Key.Key_Space)
    await bare.until(lambda: bare.view.first_run.step == 2, "no starters")
    await bare.until(lambda: bare.focus.accessibleName() == "Companion", "the first starter has no focus")
    for _ in range(2):
        await bare.press(Key.Key_Right)
    assert has_button(bare.window, "Create Writing coach")
    await bare.tab_to(lambda widget: isinstance(widget, QLineEdit), "the name")
    await bare.press(Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    await bare.write("Ink")
    await bare.press(Key.Key_Return)
    await bare.until(lambda: bare.view.centre.page == "chat", "no conversation")
    await bare.until(lambda: isinstance(bare.focus, QPlainTextEdit), "the composer has no focus")
    agent = bare.view.workspace.agent
    assert (agent.name, agent.model) == ("Ink", "ollama/qwen3:8b")
    coach = next(one for one in await bare.services.starters.list() if one.name == "Writing coach")
    assert agent.system == coach.system
