"""Compact now: what leaves is seen, the summary is written and mended, then it happens, and one undo takes it back."""

import os
from collections.abc import Callable
from itertools import combinations
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.domain.agent import AgentPatch, ModelSettings
from app.ui.context.compact.page import CompactNow
from app.ui.kit.labels import Label
from tests.support.engine.talking import say
from tests.support.servers.openai_replies import Reply
from tests.support.window.opened_window import OpenedWindow

Wait = Callable[..., Any]

SUMMARY = (
    "Garden. Ada keeps roses, which are to be cut in March; the fence behind them is still open.\n"
    "House. Kruse comes on 14 November for the heating and asks for the cellar key."
)
SAID = (
    "Kruse comes on 14 November, and he wants the cellar key.",
    "the roses are to be cut in March, says Ada, behind the Molkenhaus",
    "the price of 14,860 euros holds until 15 December",
    "and what was it about the fence?",
)


async def talked(window: OpenedWindow) -> CompactNow:
    """The agent talked a while; the page is open, with nothing written yet."""
    agent = window.view.workspace.agent
    assert agent is not None
    window.server.rule = lambda body: (
        Reply(text=SUMMARY) if "memory of a conversation" in str(body["messages"][0]["content"]) else None
    )
    patch = AgentPatch(context_window=8192, settings=ModelSettings(max_output_tokens=256), tool_names=())
    await window.services.agents.update(agent.id, patch)
    for said in SAID:
        await say(window.services, agent, said)
    await window.rest()
    window.view.show_tab("compact")
    page = window.view.centre.page_named("compact")
    assert isinstance(page, CompactNow)
    await window.until(lambda: page.cut.isVisible() and page.cut.cut_model.rows, "the window was never shown")
    return page


async def written(window: OpenedWindow, page: CompactNow) -> None:
    page.summary.write.click()
    await window.until(lambda: page.summary.edit.toPlainText() and not page.summary.writing, "no summary came")


def test_a_window_is_compacted_as_it_was_shown_and_taken_back(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        page = await talked(window)
        thread = window.view.workspace.conversation.active_id
        before = await window.services.messages.in_context(thread)
        assert not page.how.compact.isEnabled()
        await window.rest()
        legend = [one.geometry() for one in page.bars.legend.findChildren(Label) if one.isVisible()]
        assert len(legend) >= 4
        assert not any(a.intersects(b) for a, b in combinations(legend, 2)), "two entries on one another"
        page.cut.setFocus()
        QTest.keyClick(page.cut, Qt.Key.Key_End)
        await written(window, page)
        assert page.how.compact.isEnabled()
        assert "15 December" in page.summary.details.missing
        cut = page.cut.cut_model.leave_before
        QTest.keyClick(page.cut, Qt.Key.Key_Up)
        assert page.cut.cut_model.leave_before < cut
        assert not page.how.compact.isEnabled(), "the summary was written for another cut"
        QTest.keyClick(page.cut, Qt.Key.Key_Down)
        assert page.cut.cut_model.leave_before == cut
        page.summary.edit.appendPlainText("The price holds until 15 December.")
        assert "15 December" not in page.summary.details.missing
        if where := os.environ.get("LARES_TEST_PICTURES"):
            await window.rest()
            window.window.grab().save(f"{where}/compact.png")
        page.how.compact.click()
        await window.until(lambda: window.view.centre.page == "chat", "it stayed open")
        shown = await window.services.messages.in_context(thread)
        assert shown[0].role == "summary"
        assert "15 December" in shown[0].text
        assert len(shown) < len(before)
        await window.rest()
        event = (await window.services.history.of_agent(shown[0].agent_id, limit=1))[0]
        await window.services.history.undo(event.seq)
        assert await window.services.messages.in_context(thread) == before

    wait_for(person(), 40)


def test_writing_is_stopped_and_settings_are_saved(window: OpenedWindow, wait_for: Wait) -> None:
    async def person() -> None:
        page = await talked(window)
        window.server.rule = lambda body: (
            Reply(text=SUMMARY, hold=True) if "memory of a conversation" in str(body["messages"]) else None
        )
        page.summary.write.click()
        await window.until(lambda: page.summary.stop.isVisible(), "nothing to stop")
        page.summary.stop.click()
        assert page.summary.write.isVisible()
        window.server.release()
        page.how.most.setValue(900)
        page.how.take._choose("all")
        await window.rest()
        assert len(page.cut.cut_model.staying) <= 2
        page.how.save.click()

        async def saved() -> bool:
            agent = await window.services.agents.get(window.view.workspace.agent.id)
            return agent.compaction.most_chars == 900 and agent.compaction.whole

        await window.until(saved, "the settings were not saved")

    wait_for(person(), 40)
