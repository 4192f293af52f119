"""Models and servers in the settings: testing, unloading, deleting, presets, and where keys are kept."""

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton

from app.domain.agent import AgentPatch
from app.ui.models.row import ModelRow
from app.ui.models.table import ModelTable
from tests.support.window.household import free_port
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


def table_of(window: OpenedWindow) -> ModelTable:
    return next(table for table in window.window.findChildren(ModelTable) if table.isVisible())


def order_of(window: OpenedWindow) -> list[str]:
    """The installed models of the table, from the top."""
    column = table_of(window)._here
    rows = [column.itemAt(place).widget() for place in range(column.count())]
    return [row.line.name for row in rows if isinstance(row, ModelRow)]


def focus_of(window: OpenedWindow) -> str:
    return window.focus.accessibleName() if window.focus is not None else ""


def test_a_model_is_tested_with_progress_and_gets_its_verdict(home: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        await a_test_can_be_stopped(home)
        home.ollama.hold()
        button(home.window, "Test gemma4:e4b, about 90 s").setFocus(Qt.FocusReason.TabFocusReason)
        await home.press(Key.Key_Space)
        await home.until(lambda: "Testing 1 of 7: speed" in texts(home.window), "no progress")
        await home.until(lambda: focus_of(home) == "Stop the test of gemma4:e4b", "the keyboard went away")
        home.ollama.release()
        before = order_of(home)
        await home.until(lambda: has_button(home.window, "gemma4:e4b: 7 of 7"), "no verdict")
        assert order_of(home) == before, "its row moved away under the pointer"
        await home.until(lambda: focus_of(home) == "Test gemma4:e4b again", "the keyboard went away after it")
        report = next(one for one in await home.services.fitness.known() if one.handle == "ollama/gemma4:e4b")
        button(home.window, "gemma4:e4b: 7 of 7").click()
        assert all(task.sentence in texts(home.window) for task in report.tasks)
        table = table_of(home)
        table.hide()
        table.show()
        await home.until(lambda: order_of(home) != before, "it keeps its old place")
        assert order_of(home).index("gemma4:e4b") < before.index("gemma4:e4b"), "it goes before the untested"

    wait_for(person(), 15)


async def a_test_can_be_stopped(home: OpenedWindow) -> None:
    home.ollama.hold()
    button(home.window, "Test gemma4:e4b, about 90 s").click()
    await home.until(lambda: has_button(home.window, "Stop the test of gemma4:e4b"), "no way to stop")
    button(home.window, "Stop the test of gemma4:e4b").click()
    await home.until(lambda: has_button(home.window, "Test gemma4:e4b, about 90 s"), "it went on")
    assert await home.services.fitness.known() == ()


def test_a_loaded_model_is_shown_and_unloaded_and_one_that_is_used_is_deleted_with_care(
    home: OpenedWindow, wait_for: Wait
) -> None:
    async def person() -> None:
        await the_test_of_a_loaded_model_has_room_for_its_words(home)
        assert "loaded" in texts(home.window)
        button(home.window, "Unload ministral-3:8b from memory").click()
        await home.until(lambda: not has_button(home.window, "Unload"), "it stayed")
        assert not home.ollama.loaded
        await deleting_names_the_agents_that_use_it_and_asks(home)

    wait_for(person(), 15)


async def the_test_of_a_loaded_model_has_room_for_its_words(home: OpenedWindow) -> None:
    def tests() -> dict[str, QAbstractButton]:
        """By what they say, of the models that are called so: one of them is loaded."""
        found = shown(home.window, QAbstractButton)
        return {one.text(): one for one in found if one.accessibleName() == "Test ministral-3:8b, about 90 s"}

    home.window.resize(1280, 800)
    await home.until(lambda: set(tests()) == {"Test", "Test, about 90 s"}, "not said in fewer words")
    await home.rest()
    assert all(one.width() >= one.sizeHint().width() for one in tests().values())


async def deleting_names_the_agents_that_use_it_and_asks(home: OpenedWindow) -> None:
    agent = home.view.workspace.agent
    await home.services.agents.update(agent.id, AgentPatch(model="ollama/gemma4:e4b"))
    await home.until(
        lambda: "ollama/gemma4:e4b" in {row.agent.model for row in home.view.workspace.agents.rows}, "not told"
    )
    for keys, there in (((Key.Key_Return,), True), ((Key.Key_Tab, Key.Key_Return), False)):
        button(home.window, "Delete gemma4:e4b").click()
        await home.until(home.view.view.ask.isVisible, "nobody asked")
        assert "Juno" in texts(home.view.view.ask)
        for key in keys:
            await home.press(key)
        await home.until(lambda: not home.view.view.ask.isVisible(), "the question stayed")
        await home.until(lambda there=there: has_button(home.window, "Delete gemma4:e4b") is there, "not as answered")
        assert (home.ollama.model("gemma4:e4b") is not None) is there


def test_a_download_that_the_disk_cannot_hold_is_not_begun(home: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        await home.until(button(home.window, "Download qwen3:4b").isEnabled, "there is room")
        home.engine.computer.free = 2_000_000_000
        home.view.view.catalog.look_again()
        await home.until(lambda: not button(home.window, "Download qwen3:4b").isEnabled(), "there is no room")
        tip = button(home.window, "Download qwen3:4b").toolTip()
        assert tip == "It needs 2.5 GB of disk space; 2.0 GB is free."
        assert not button(home.window, "Download qwen3:14b").isEnabled()

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
        nobody = free_port()
        servers.form.url.setText(f"http://127.0.0.1:{nobody}")
        servers.form.test.click()
        silence = f"does not answer at 127.0.0.1:{nobody}"
        await home.until(lambda: silence in texts(home.window), "the test said nothing")
        servers.form.url.setText("http://127.0.0.1:11435")
        servers.form.save.setFocus(Qt.FocusReason.TabFocusReason)
        await home.press(Key.Key_Space)

        async def stored() -> bool:
            return ("ollama 2", "ollama") in {(one.name, one.kind) for one in await home.services.providers.list()}

        await home.until(stored, "it was not stored as an Ollama")
        await home.until(lambda: not servers.form.isVisible(), "the form stayed")
        await home.until(lambda: home.focus is servers.add_button, "the keyboard is not at the way to the next one")

    wait_for(person(), 15)
