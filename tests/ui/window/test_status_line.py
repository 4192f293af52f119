"""What the line below everything says."""

from collections.abc import Callable
from typing import Any

from app.domain.agent import AgentPatch
from app.domain.message import MessageDraft
from tests.support.servers.openai_replies import Reply, ToolCall
from tests.support.window.opened_window import OpenedWindow
from tests.support.window.seeing import texts

Wait = Callable[..., Any]


def test_a_reply_that_began_before_the_window_came_is_told(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        status, workspace = window.view.status, window.view.workspace
        window.server.hold()
        await window.services.runs.start(workspace.conversation.id, MessageDraft.of("Take your time."))
        await window.until(lambda: "Juno is idle" not in texts(status), "nothing is told of the reply")
        workspace.forget_runs()
        await window.until(lambda: "Juno is idle" in texts(status), "a run is told that nobody knows of")
        workspace.load()
        await window.until(lambda: "Juno is replying" in texts(status), "the reply is forgotten")
        share = next(line for line in texts(status).splitlines() if line.startswith("Context "))
        await window.services.agents.update(workspace.agent.id, AgentPatch(name="Juna"))
        await window.until(lambda: "Juna is replying" in texts(status), "a renamed agent is thought to be idle")
        assert share in texts(status), "what is counted stays counted"
        await window.services.agents.update(workspace.agent.id, AgentPatch(name="Juno"))
        window.server.release()
        await window.until(lambda: "Juno is idle" in texts(status), "the reply is told although it is over")

    wait_for(person(), 15)


def test_a_reply_in_another_conversation_is_told_as_such(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        status, workspace = window.view.status, window.view.workspace
        window.server.hold()
        other = await window.services.conversations.create(workspace.agent.id)
        await window.services.runs.start(other.id, MessageDraft.of("Take your time."))
        await window.until(lambda: "Juno is busy in another conversation" in texts(status), "told as if it were here")
        workspace.open(workspace.agent.id, other.id)
        await window.until(lambda: "Juno is replying" in texts(status), "it is not told where it runs")

    wait_for(person(), 15)


def test_the_speed_comes_back_with_the_room_for_it(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        status, theme = window.view.status, window.view.theme
        await window.until(lambda: "tokens/s" in texts(status), "the speed is not told")
        theme.set_scale(2.0)
        await window.until(lambda: "tokens/s" not in texts(status), "it stays where it has no room")
        theme.set_scale(1.0)
        await window.until(lambda: "tokens/s" in texts(status), "it stays away")

    wait_for(person(), 15)


def test_an_agent_that_asks_is_seen_in_the_list_and_below(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        status, workspace = window.view.status, window.view.workspace
        await window.services.approvals.require(workspace.agent.id, "memory_insert", True)
        window.server.queue(Reply(calls=(ToolCall("memory_insert", {"label": "human", "new_string": "Likes tea."}),)))
        await window.services.runs.start(workspace.conversation.id, MessageDraft.of("I like tea"))
        await window.until(lambda: "Juno waits for you" in texts(status), "nothing is told of the request")
        assert workspace.agents.second_line(workspace.row) == "Waits for your approval"
        card = window.view.chat_page.chat.approval_card
        await window.until(card.isVisible, "the request is not shown")
        card.refuse_now()
        await window.until(lambda: "Juno is idle" in texts(status), "the request is told although it was answered")

    wait_for(person(), 15)
