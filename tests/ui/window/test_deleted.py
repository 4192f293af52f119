"""Agents and conversations that were deleted come back from the settings, long after their notice has gone."""

from collections.abc import Callable
from typing import Any

from app.domain.page import ConversationFilter
from tests.support.window.opened_window import OpenedWindow
from tests.support.window.seeing import button, has_button, texts

Wait = Callable[..., Any]


def test_a_deleted_agent_is_listed_and_brought_back(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        window.view.pages.settings("backups")
        await window.rest()
        assert "Deleted agents" not in texts(window.window)
        agent = window.view.workspace.agents.rows[-1].agent
        await window.services.agents.delete(agent.id)
        await window.until(lambda: has_button(window.window, f"Restore {agent.name}"), "it is not listed")
        button(window.window, f"Restore {agent.name}").click()
        await window.until(lambda: "Deleted agents" not in texts(window.window), "it is still listed")
        rows = window.view.workspace.agents
        await window.until(lambda: rows.index_of(agent.id) >= 0, "it is not in the list of agents")

    wait_for(person(), 10)


def test_a_deleted_conversation_is_listed_and_brought_back(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        window.view.pages.settings("backups")
        await window.rest()
        assert "Deleted conversations" not in texts(window.window)
        agent = window.view.workspace.agent
        made = await window.services.conversations.create(agent.id, "Recipes")
        await window.services.conversations.delete(made.id)
        await window.until(lambda: has_button(window.window, "Restore Recipes"), "it is not listed")
        assert f"with {agent.name}, 0 messages, deleted today" in texts(window.window)
        button(window.window, "Restore Recipes").click()
        await window.until(lambda: "Deleted conversations" not in texts(window.window), "it is still listed")
        assert made.id in [
            row.id for row in await window.services.conversations.list(ConversationFilter(agent_id=agent.id))
        ]
        await window.until(
            lambda: made.id in [row.conversation.id for row in window.view.centre.conversations.rows],
            "the list lacks it",
        )

    wait_for(person(), 10)
