"""The context view: the next request part by part, where its lines come from, what was sent, what differs."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor

from app.ui.context.request.view import RequestView
from app.ui.memory.history.view import HistoryView
from tests.support.window.opened_window import OpenedWindow
from tests.support.window.seeing import button, texts

Wait = Callable[..., Any]


async def opened(window: OpenedWindow) -> RequestView:
    await window.press(Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
    assert window.view.centre.page == "request"
    view = window.view.centre.page_named("request")
    assert isinstance(view, RequestView)
    await window.until(lambda: view.text.part is not None, "no part is shown")
    return view


def titles(view: RequestView) -> list[str]:
    return [row.title for row in view.list.model().rows]


def choose(view: RequestView, title: str) -> None:
    view.list.setCurrentIndex(view.list.model().index(titles(view).index(title)))


async def go_to_line(window: OpenedWindow, view: RequestView, line: str) -> None:
    await window.until(lambda: line in view.text.lines.toPlainText(), f"“{line}” is not shown")
    cursor = QTextCursor(view.text.lines.document())
    cursor.setPosition(view.text.lines.toPlainText().index(line))
    view.text.lines.setTextCursor(cursor)


def test_the_next_request_is_shown_with_the_origin_of_its_lines(window: OpenedWindow, wait_for: Wait) -> None:
    async def story() -> None:
        view = await opened(window)
        shown = titles(view)
        assert shown[:2] == ["System instructions", "Tools"]
        assert {"Block: human", "Block: persona", "My name is Brad, not Chad.", "Kept for the reply"} <= set(shown)
        choose(view, "Block: human")
        await go_to_line(window, view, "Name: Brad.")
        await window.until(lambda: "memory_replace" in texts(view.origin), "no tool wrote the line")
        assert "“My name is Brad, not Chad.”" in texts(view.origin)
        await go_to_line(window, view, "Shops at the market")
        await window.until(lambda: "You, today" in texts(view.origin), "nobody wrote the line")
        assert not view.origin.open_message.isVisible()
        view.text.form.button("raw").click()
        await window.until(lambda: '"role": "system"' in view.text.raw.toPlainText(), "nothing is shown as sent")
        view.text.form.button("text").click()
        choose(view, "Tools")
        await window.until(lambda: "conversation_search" in view.text.lines.toPlainText(), "no tool is shown")
        button(view.origin, "Preview compaction").click()
        assert window.view.centre.page == "compact"
        await window.rest()

    wait_for(story(), 20)


def test_one_goes_from_a_line_to_its_change_and_to_its_message(window: OpenedWindow, wait_for: Wait) -> None:
    async def story() -> None:
        view = await opened(window)
        choose(view, "Block: human")
        await go_to_line(window, view, "Name: Brad.")
        view.origin.history.click()
        history = window.view.centre.page_named("history")
        assert isinstance(history, HistoryView)
        await window.until(lambda: "human" in texts(history), "no history of the block")
        view = await opened(window)
        await window.until(view.origin.open_message.isVisible, "the message cannot be opened")
        view.origin.open_message.click()
        await window.until(lambda: window.view.centre.page == "chat", "the conversation is not shown")
        await window.rest()

    wait_for(story(), 20)


def test_what_was_sent_is_shown_and_compared_with_what_comes(window: OpenedWindow, wait_for: Wait) -> None:
    async def story() -> None:
        view = await opened(window)
        await window.until(lambda: view.which.count() == 4, "the steps are not offered")
        view.which.setCurrentIndex(1)
        view.which.activated.emit(1)
        await window.until(lambda: "Kept for the reply" not in titles(view), "still the next request")
        choose(view, "Block: human")
        await go_to_line(window, view, "Name: Chad.")
        view.which.setCurrentIndex(0)
        view.which.activated.emit(0)
        view.compare.click()
        await window.until(lambda: view.text.diff.isVisible(), "no difference is shown")
        assert view.text.diff.summary() == "1 added, 1 removed"
        await window.press(Qt.Key.Key_F7)
        assert any("no difference" in title for title in titles(view))
        view.compare.click()
        await window.until(lambda: "Kept for the reply" in titles(view), "the request did not come back")
        await window.rest()

    wait_for(story(), 20)
