"""The card of a call that waits: seen with its difference, approved as it is or changed, refused, one after another."""

import asyncio
import os

from PySide6.QtWidgets import QLineEdit, QPlainTextEdit

from app.domain.agent import AgentPatch
from app.domain.approval import Answer
from tests.support.servers.mcp_target import draft
from tests.support.servers.openai_replies import Reply, ToolCall
from tests.support.window.chat_stage import Stage
from tests.support.window.looks import nameless


def insert(text: str) -> ToolCall:
    return ToolCall("memory_insert", {"label": "human", "new_string": text})


async def asked(stage: Stage, *calls: ToolCall) -> None:
    await stage.open_agent()
    await stage.services.approvals.require(stage.agent.id, "memory_insert", True)
    stage.server.queue(Reply(text="May I?", calls=calls))
    await stage.say("Remember this")
    await stage.until(lambda: stage.view.approval_card.isVisibleTo(stage.view))


def test_what_waits_is_shown_changed_approved_and_refused(stage: Stage) -> None:
    async def story() -> None:
        await asked(stage, insert("Likes tea."), insert("Hates tea."))
        view, card = stage.view, stage.view.approval_card
        assert card.title.text() == f"{stage.agent.name} wants to add to its memory"
        assert [row.text for row in card.diff.rows] == ["Name: Chad.", "Likes tea."]
        assert "1 of 2" in card.since.text()
        assert not view.composer.send.isEnabled()
        assert [row.tool and row.tool.state for row in stage.rows("tool")] == ["waiting", "waiting"]
        assert nameless(card) == []
        lines = [edit for edit in card.form.findChildren(QLineEdit) if edit.text() == "Likes tea."]
        lines[0].setText("Likes green tea.")
        assert card.approve.text() == "Approve with my change"
        view.approve()
        await stage.until(lambda: "2 of 2" in card.since.text())
        assert await stage.block("human") == "Name: Chad.", "nothing happens before the last answer"
        card.reason.setText("That is not so")
        view.refuse()
        await stage.until(lambda: not card.isVisibleTo(view) and view.composer.text == "")
        await stage.until(lambda: [row.tool and row.tool.state for row in stage.rows("tool")] == ["done", "failed"])
        await stage.until(lambda: not view.replying)
        assert await stage.block("human") == "Name: Chad.\nLikes green tea."
        assert b"That is not so" in stage.server.chats[-1].raw

    stage.play(story)


def test_always_and_an_answer_from_elsewhere(stage: Stage) -> None:
    async def story() -> None:
        await asked(stage, insert("One\ntwo"))
        view, card = stage.view, stage.view.approval_card
        assert "One\ntwo" in [edit.toPlainText() for edit in card.form.findChildren(QPlainTextEdit)]
        assert not card.is_changed
        card.always.click()
        await stage.until(lambda: not card.isVisibleTo(view) and not view.replying)
        await stage.until_idle()
        assert (await stage.services.agents.get(stage.agent.id)).tool_rules == ()
        await stage.services.approvals.require(stage.agent.id, "memory_insert", True)
        stage.server.queue(Reply(calls=(insert("three"),)))
        await stage.say("And this")
        await stage.until(lambda: card.isVisibleTo(view))
        assert card.call is not None
        no = Answer(tool_call_id=card.call.tool_call_id, approve=False)
        await stage.services.approvals.answer(view.branch_id, (no,))
        await stage.until(lambda: not card.isVisibleTo(view))
        assert stage.told == []

    stage.play(story)


def test_a_tool_that_its_server_changed_asks_with_both_texts(stage: Stage) -> None:
    async def story() -> None:
        await stage.open_agent()
        servers, agents = stage.services.mcp_servers, stage.services.agents
        server = await servers.add(draft())
        await servers.approve(server.id, server.launch.digest)
        await servers.start(server.id)
        tools = {one.tool.name: one for one in await servers.tools(server.id)}
        patch = AgentPatch(tool_names=(*(await agents.get(stage.agent.id)).tool_names, "echo", "change"))
        await agents.update(stage.agent.id, patch)
        await servers.run(tools["change"].tool.id, {})
        while not (await servers.view(server.id)).waiting:  # noqa: ASYNC110  (a notice comes when it comes)
            await asyncio.sleep(0.02)
        stage.server.queue(Reply(calls=(ToolCall("echo", {"text": "hi"}),)), Reply(text="It said hi."))
        view, card = stage.view, stage.view.approval_card
        await stage.say("Say hi")
        await stage.until(lambda: card.isVisibleTo(view))
        assert card.title.text() == f"{stage.agent.name} wants to use a tool that its server has changed"
        assert card.change.before.text().startswith("“Gives the text back.”\n")
        assert "Also send the person's letters." in card.change.after.text()
        assert "Both texts are the server's" in card.change.source.text()
        assert not card.always.isVisibleTo(card)
        assert nameless(card) == []
        if where := os.environ.get("LARES_TEST_PICTURES"):
            view.grab().save(f"{where}/approval-change.png")
        view.approve()
        await stage.until(lambda: not card.isVisibleTo(view) and not view.replying)
        assert (await servers.view(server.id)).waiting == 0
        assert b"hi" in stage.server.chats[-1].raw
        await servers.delete(server.id)

    stage.play(story)
