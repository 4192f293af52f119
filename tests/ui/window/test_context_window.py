"""The context window: emptying it is asked for with care, and what is said of it is true."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSlider

from app.domain.context import ContextOverview
from app.domain.message import MessageDraft
from tests.support.engine.talking import events_of
from tests.support.window.opened_window import OpenedWindow
from tests.support.window.seeing import texts

Wait = Callable[..., Any]


async def in_context(window: OpenedWindow, conversation_id: str) -> int:
    overview: ContextOverview = await window.services.context.overview(conversation_id)
    return overview.messages_in


async def say_in(window: OpenedWindow, conversation_id: str, text: str) -> None:
    run = await window.services.runs.start(conversation_id, MessageDraft.of(text))
    await events_of(window.services, run.id)


async def enter_does_not_empty_it(window: OpenedWindow) -> None:
    ask, conversation = window.view.view.ask, window.view.workspace.conversation
    before = await in_context(window, conversation.active_id)
    window.view.actions.reset_conversation(conversation)
    await window.until(ask.isVisible, "nobody asked")
    assert "cannot be undone" in texts(ask)
    await window.press(Qt.Key.Key_Return)
    await window.until(lambda: not ask.isVisible(), "the question stayed")
    await window.rest()
    assert await in_context(window, conversation.active_id) == before > 0


def test_that_of_the_branch_is_emptied_which_is_shown(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        ask, workspace = window.view.view.ask, window.view.workspace
        trunk = workspace.conversation.active_id
        before = await in_context(window, trunk)
        page = await window.services.messages.page(trunk)
        branch = await window.services.conversations.branch(trunk, page.positions[-2])
        await window.until(lambda: workspace.conversation.active_id == branch.id, "the branch is not shown")
        counted: list[ContextOverview] = []
        workspace.counted.connect(counted.append)
        await say_in(window, branch.id, "And what else?")
        asked = await window.services.context.overview(branch.id)
        await window.until(lambda: counted and counted[-1].used == asked.used, "the bar shows another branch's count")
        window.view.actions.reset_conversation(workspace.conversation)
        await window.until(ask.isVisible, "nobody asked")
        ask.answer("reset")

        async def emptied() -> bool:
            return await in_context(window, branch.id) == 0

        await window.until(emptied, "nothing was emptied")
        assert await in_context(window, trunk) == before > 0

    wait_for(person(), 15)


async def what_left_it_is_counted(window: OpenedWindow, number: int, words: str) -> None:
    conversation = window.view.workspace.conversation
    overview: ContextOverview = await window.services.context.overview(conversation.id)
    window.view.right.show_overview(overview.model_copy(update={"messages_out": number, "served": None}))
    await window.until(lambda: words in texts(window.view.right.widget), "not said, or cut off")


async def a_count_without_the_server_is_told_as_an_estimate(window: OpenedWindow) -> None:
    conversation = window.view.workspace.conversation
    overview: ContextOverview = await window.services.context.overview(conversation.id)
    window.view.right.show_overview(overview.model_copy(update={"last_real": None, "served": None}))
    words = "Estimated; the server has not counted yet"
    await window.until(lambda: words in texts(window.view.right.widget), "it is told as something else")


async def the_slider_ends_at_what_the_model_allows(window: OpenedWindow) -> None:
    size = window.view.left.settings.context_size
    slider = size.findChild(QSlider)
    await window.until(lambda: "16,384" in texts(size), "nothing is known of the model")
    assert slider.maximum() * 1024 == 16_384
    assert slider.value() == slider.maximum()
    size.show_size(16_384, 16_384, None)
    assert slider.maximum() * 1024 == 131_072


def test_what_is_said_of_it_is_true_and_enter_does_not_empty_it(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        await the_slider_ends_at_what_the_model_allows(window)
        await what_left_it_is_counted(window, 1, "1 older message is left out, but searchable")
        await what_left_it_is_counted(window, 1200, "1,200 older messages are left out, but searchable")
        await a_count_without_the_server_is_told_as_an_estimate(window)
        await enter_does_not_empty_it(window)

    wait_for(person(), 15)
