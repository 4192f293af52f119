"""A window that was compacted: its summary stands in the chat, the history tells of it and takes it back."""

from collections.abc import Callable
from typing import Any

from app.domain.agent import AgentPatch, ModelSettings
from app.ui.chat.cards.notice_card import SummaryCard
from app.ui.memory.history.sentences import sentence_of
from tests.support.engine.talking import say
from tests.support.servers.openai_replies import Reply
from tests.support.window.opened_window import OpenedWindow

Wait = Callable[..., Any]

SUMMARY = "Ada keeps roses in her garden, which are to be cut in March; the fence behind them is still open. " * 3


def test_a_summary_is_shown_told_and_taken_back(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        view, services = window.view, window.services
        agent = view.workspace.agent
        server = window.server
        server.rule = lambda body: (
            Reply(text=SUMMARY) if "memory of a conversation" in str(body["messages"][0]["content"]) else None
        )
        patch = AgentPatch(context_window=2048, settings=ModelSettings(max_output_tokens=256), tool_names=())
        await services.agents.update(agent.id, patch)
        for number in range(6):
            await say(services, agent, f"{number}: " + "the roses are to be cut in March and the fence is open. " * 12)
        cards = lambda: [card for card in view.chat.findChildren(SummaryCard) if card.isVisible()]  # noqa: E731
        await window.until(cards, "no summary in the chat")
        assert cards()[-1].row.text.startswith("Ada keeps roses")
        view.show_tab("history")
        event = next(one for one in await services.history.of_agent(agent.id) if one.target_kind == "summary")
        await window.rest()
        assert "left the context window" in sentence_of(event)
        thread = view.workspace.conversation.active_id
        compacted = await services.messages.in_context(thread)
        assert compacted[0].role == "summary"
        await services.history.undo(event.seq)
        back = await services.messages.in_context(thread)
        assert len(back) > len(compacted)

    wait_for(person(), 30)
