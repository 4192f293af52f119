"""The local API in the settings: switch, port, token, snippets, requests; and the question at the end."""

import socket
from collections.abc import Callable
from typing import Any

import httpx
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLineEdit

from app.ui.settings.local_api import LocalApi
from tests.support.window.household import free_port, write_api_settings
from tests.support.window.opened_window import OpenedWindow
from tests.support.window.seeing import button, click, has_button, texts

Wait = Callable[..., Any]


async def opened_page(window: OpenedWindow) -> LocalApi:
    window.view.pages.local_api()
    await window.rest()
    return window.view.centre.page_named("settings").api


def place(window: OpenedWindow) -> str:
    return f"http://127.0.0.1:{window.engine.api_port}"


async def ask(window: OpenedWindow, path: str) -> None:
    """As a program does."""
    async with httpx.AsyncClient(trust_env=False, verify=False) as program:
        await program.get(place(window) + path)


async def snippets_name_the_open_agent_and_the_place(window: OpenedWindow) -> None:
    page = await opened_page(window)
    agent = window.view.workspace.agent
    assert agent is not None
    for language, words in (
        ("python", "letta_client"),
        ("typescript", "@letta-ai/letta-client"),
        ("shell", "curl"),
    ):
        page.language.button(language).click()
        assert words in page.snippet.markdown
        assert agent.id in page.snippet.markdown
        assert place(window) in page.snippet.markdown
        assert page.snippet.height() >= page.snippet.height_for(page.snippet.width())


async def the_switch_serves_and_stops_and_the_top_bar_says_so(window: OpenedWindow) -> None:
    page = await opened_page(window)
    assert not window.view.top.api.isVisible()
    assert f"Off. The address would be {place(window)}" in texts(window.window)
    click(page.switch)
    await window.until(lambda: "Serving" in texts(window.window), "it never served")
    assert page.url.whole_text == place(window)
    await window.until(window.view.top.api.isVisible, "the top bar does not say so")
    click(page.switch)
    await window.until(lambda: not window.view.top.api.isVisible(), "the top bar still says that it serves")


async def requests_appear_while_one_looks(window: OpenedWindow) -> None:
    page = await opened_page(window)
    assert "The local API is off." in texts(window.window)
    await window.services.api.start()
    await window.until(lambda: "No requests yet." in texts(window.window), "not read again")
    await ask(window, "/v1/agents/")
    await ask(window, "/v1/agents/nobody")
    model = page.requests.table.model()
    await window.until(lambda: model.rowCount() == 2, "no requests")
    assert model.index(0, 2).data() == "/v1/agents/nobody"
    assert "1 of 2 refused" in texts(window.window)
    page.requests.table.selectRow(1)
    await ask(window, "/v1/health/")
    await window.until(lambda: model.rowCount() == 3, "no new request")
    assert page.requests.table.currentIndex().row() == 2, "what was chosen stays chosen"


async def a_new_token_is_made_only_after_a_question(window: OpenedWindow) -> None:
    await window.services.api.set_token("the-first-token-of-all")
    await opened_page(window)
    button(window.window, "Create a new one").click()
    await window.until(window.view.view.ask.isVisible, "nobody asked")
    window.view.view.ask.cancel()
    await window.rest()
    assert await window.services.api.token() == "the-first-token-of-all"


def test_the_page_says_what_is_served_to_whom(window: OpenedWindow, wait_for: Wait) -> None:
    """One window for all: opening one costs more than any of these."""
    stories = (
        snippets_name_the_open_agent_and_the_place,
        the_switch_serves_and_stops_and_the_top_bar_says_so,
        requests_appear_while_one_looks,
        a_new_token_is_made_only_after_a_question,
    )

    async def person() -> None:
        for story in stories:
            await story(window)

    wait_for(person(), 40)


def test_a_taken_port_is_told_and_another_one_can_be_typed(window: OpenedWindow, wait_for: Wait) -> None:
    async def person(taken: int) -> None:
        page = await opened_page(window)
        page.port.setValue(taken)
        click(page.switch)
        await window.until(lambda: "Another program already listens" in texts(window.window), "no sentence")
        assert not page.switch.isChecked()
        assert not page.switch.busy
        first, second = free_port(), free_port()
        page.port.setValue(first)
        click(page.switch)
        await window.until(lambda: page.url.whole_text == f"http://127.0.0.1:{first}", "not on the other port")
        assert "Another program" not in texts(window.window)
        page.port.setValue(second)
        page.port.editingFinished.emit()
        await window.until(lambda: page.url.whole_text == f"http://127.0.0.1:{second}", "it did not move")

    with socket.create_server(("127.0.0.1", 0)) as other:
        wait_for(person(other.getsockname()[1]), 10)


def test_a_token_is_shown_once_it_is_made_and_hidden_after(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        page = await opened_page(window)
        button(window.window, "Create a token").click()
        await window.until(lambda: page.token.isVisible(), "no token")
        await window.until(lambda: page.token.echoMode() == QLineEdit.EchoMode.Normal, "it cannot be read")
        assert page.token.text() == await window.services.api.token()
        assert "LARES_TOKEN" in page.snippet.markdown
        assert page.token.text() not in page.snippet.markdown
        button(window.window, "Copy the token").click()
        await window.rest()
        assert QGuiApplication.clipboard().text() == page.token.text()
        window.view.pages.settings("about")
        window.view.pages.local_api()
        await window.rest()
        assert page.token.text() != await window.services.api.token()
        button(window.window, "Turn off").click()
        await window.until(lambda: not page.token.isVisible(), "the token stayed")
        assert "LARES_TOKEN" not in page.snippet.markdown

    wait_for(person(), 10)


def test_a_token_that_cannot_be_read_is_told_and_a_new_one_offered(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        page = await opened_page(window)
        await window.services.api.start()
        await window.services.api.make_token()
        (window.session.config.folder / "keys.json").unlink()
        await window.engine.start_again()
        await window.until(lambda: "token" in texts(page) and "cannot be read" in texts(page), "not told")
        assert "Refuses all" in texts(window.window)
        assert "Serving" not in texts(window.window)
        assert "every program on this computer may use" not in texts(window.window)
        assert not page.token.isVisible()
        assert has_button(window.window, "Turn off")
        assert "LARES_TOKEN" in page.snippet.markdown
        button(window.window, "Create a new one").click()
        await window.until(lambda: page.token.isVisible(), "no token")
        await window.until(lambda: "Serving" in texts(window.window), "it still refuses")

    wait_for(person(), 10)


def test_quitting_with_the_api_on_asks_and_may_keep_it(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        await window.services.api.start()
        window.window.closing.emit()
        await window.until(lambda: "The local API is on" in texts(window.window), "nobody asked")
        assert has_button(window.window, "Stop and quit")
        button(window.window, "Quit, keep running").click()
        await window.until(window.ended.done, "the window stayed")
        assert not window.engine.stopped

    wait_for(person(), 10)


def test_it_says_who_can_reach_it(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        page = await opened_page(window)
        assert "Only this computer can reach it." in texts(page)
        write_api_settings(window.session.config, "0.0.0.0", window.engine.api_port)
        await window.engine.start_again()
        await window.until(lambda: "lets other computers reach it, at 0.0.0.0." in texts(page), "it still says so")
        assert "Only this computer" not in texts(page)

    wait_for(person(), 10)
