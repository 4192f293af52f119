"""Models and servers in the settings: testing, unloading, deleting, presets, and where keys are kept."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton

from app.domain.agent import AgentPatch
from tests.support.window.opened_window import OpenedWindow
from tests.support.window.seeing import button, has_button, shown, texts

Key = Qt.Key
Wait = Callable[..., Any]


@pytest.fixture
def home(home: OpenedWindow, wait_for: Wait) -> OpenedWindow:
    """Its models page is open."""

    async def begin() -> None:
        home.view.pages.models()
        await home.until(lambda: has_button(home.window, "Delete qwen3:8b"), "no models")

    wait_for(begin())
    return home


def names(window: OpenedWindow) -> set[str]:
    return {model.name for models in window.services.world.models.values() for model in models}


def test_a_model_is_tested_with_progress_and_gets_its_verdict(home: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        home.services.world.test_gate = asyncio.Event()
        button(home.window, "Test gemma4:e4b, about 90 s").click()
        await home.until(lambda: "Testing 1 of 7: tool call" in texts(home.window), "no progress")
        home.services.world.test_gate.set()
        await home.until(lambda: has_button(home.window, "gemma4:e4b: 7 of 7"), "no verdict")
        button(home.window, "gemma4:e4b: 7 of 7").click()
        assert "It did the memory edit." in texts(home.window)

    wait_for(person(), 15)


def test_a_test_can_be_stopped(home: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        home.services.world.test_gate = asyncio.Event()
        button(home.window, "Test gemma4:e4b, about 90 s").click()
        await home.until(lambda: has_button(home.window, "Stop the test of gemma4:e4b"), "no way to stop")
        button(home.window, "Stop the test of gemma4:e4b").click()
        await home.until(lambda: has_button(home.window, "Test gemma4:e4b, about 90 s"), "it went on")
        assert "ollama/gemma4:e4b" not in home.services.world.reports

    wait_for(person(), 15)


def test_the_test_of_a_loaded_model_has_room_for_its_words(home: OpenedWindow, wait_for: Wait) -> None:
    def tests() -> dict[str, QAbstractButton]:
        """By what they say, of the models that are called so: one of them is loaded."""
        found = shown(home.window, QAbstractButton)
        return {one.text(): one for one in found if one.accessibleName() == "Test ministral-3:8b, about 90 s"}

    async def person() -> None:
        home.services.world.reports.clear()
        home.window.resize(1280, 800)
        home.view.view.catalog.look_again()
        await home.until(lambda: set(tests()) == {"Test", "Test, about 90 s"}, "not said in fewer words")
        await home.rest()
        assert all(one.width() >= one.sizeHint().width() for one in tests().values())

    wait_for(person(), 15)


def test_a_loaded_model_is_shown_and_unloaded(home: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        assert "loaded" in texts(home.window)
        button(home.window, "Unload ministral-3:8b from memory").click()
        await home.until(lambda: not has_button(home.window, "Unload"), "it stayed")
        assert not home.services.world.loaded

    wait_for(person(), 15)


def test_deleting_a_model_names_the_agents_that_use_it_and_asks(home: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        agent = home.view.workspace.agent
        await home.services.agents.update(agent.id, AgentPatch(model="ollama/gemma4:e4b"))
        await home.rest()
        for keys, there in (((Key.Key_Return,), True), ((Key.Key_Tab, Key.Key_Return), False)):
            button(home.window, "Delete gemma4:e4b").click()
            await home.until(home.view.view.ask.isVisible, "nobody asked")
            assert "Juno" in texts(home.view.view.ask)
            for key in keys:
                await home.press(key)
            await home.until(lambda: not home.view.view.ask.isVisible(), "the question stayed")
            await home.rest()
            assert ("gemma4:e4b" in names(home)) is there

    wait_for(person(), 15)


def test_a_download_that_the_disk_cannot_hold_is_not_begun(home: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        table = home.view.centre.page_named("settings").models.table
        memory = home.view.view.catalog.known.memory.model_copy(update={"free_disk_bytes": 1_000_000_000})
        known = home.view.view.catalog.known.__class__(
            offers=home.view.view.catalog.known.offers, memory=memory, complete=True
        )
        assert table.why_not_get(known, 2_500_000_000) == "It needs 2.5 GB of disk space; 1.0 GB is free."
        assert table.why_not_get(known, 500_000_000) == ""

    wait_for(person(), 15)


def test_presets_fill_the_form_and_mark_what_is_not_local(home: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        home.view.pages.servers()
        await home.rest()
        servers = home.view.centre.page_named("settings").servers
        servers.add_button.click()
        button(home.window, "OpenRouter").click()
        assert servers.form.url.text() == "https://openrouter.ai/api/v1"
        assert "Not local: what an agent reads and writes goes to openrouter.ai." in texts(home.window)
        assert "kept in a file that only you can read" in texts(home.window)
        assert home.focus is servers.form.key
        button(home.window, "Ollama").click()
        assert (servers.form.kind.current, servers.form.name.text()) == ("ollama", "ollama 2")
        assert "Not local" not in texts(home.window)
        for typed in ("http://[", "http://[::1]:8080", "1234", "", "http://"):
            servers.form.url.setText(typed)
            assert "Not local" not in texts(home.window)
        servers.form.url.setText("models.example:8000")
        assert "goes to models.example." in texts(home.window)
        servers.form.url.setText("http://127.0.0.1:9999")
        servers.form.test.click()
        await home.until(lambda: "Nothing answers on 127.0.0.1:9999." in texts(home.window), "the test said nothing")
        servers.form.url.setText("http://127.0.0.1:11435")
        servers.form.save.click()
        await home.until(
            lambda: any(p.name == "ollama 2" and p.kind == "ollama" for p in home.services.world.providers.values()),
            "it was not stored as an Ollama",
        )

    wait_for(person(), 15)
