"""The memory helper's card: what it proposes is seen, accepted, undone or declined in the conversation."""

import json

from app.domain.agent import AgentPatch, ModelSettings
from tests.support.servers.openai_replies import Reply
from tests.support.window.chat_stage import Stage
from tests.support.window.looks import nameless

NAME = "My name is Brad, not Chad."


async def proposed(stage: Stage) -> None:
    """A weak model says something, and the card is there."""
    await stage.open_agent()
    switch = AgentPatch(settings=ModelSettings(memory_proposals="on"))
    await stage.services.agents.update(stage.agent.id, switch)
    stage.server.queue(Reply(text="Nice."), Reply(text=json.dumps({"edit": "Name: Brad."})))
    await stage.say(NAME)
    await stage.until(lambda: stage.view.proposal_card.isVisibleTo(stage.view))


def test_a_proposal_is_accepted_and_undone(stage: Stage) -> None:
    async def story() -> None:
        await proposed(stage)
        card = stage.view.proposal_card
        assert card.title.text() == "Change this in “human”?"
        assert [row.text for row in card.diff.rows] == ["Name: Chad.", "Name: Brad."]
        assert await stage.block("human") == "Name: Chad."
        assert nameless(card) == []
        card.accept.click()
        await stage.until(lambda: card.undo.isVisibleTo(card))
        assert await stage.block("human") == "Name: Brad."
        card.undo.click()
        await stage.until(lambda: bool(stage.ways_back))
        assert await stage.block("human") == "Name: Chad."
        assert not card.isVisibleTo(stage.view)

    stage.play(story)


def test_a_proposal_waits_in_its_conversation_and_goes_when_declined(stage: Stage) -> None:
    async def story() -> None:
        await proposed(stage)
        card, thread = stage.view.proposal_card, stage.conversation
        other = await stage.services.conversations.create(stage.agent.id, "Another")
        stage.view.open(stage.agent, other)
        await stage.until(lambda: not card.isVisibleTo(stage.view))
        stage.view.open(stage.agent, thread)
        await stage.until(lambda: card.isVisibleTo(stage.view))
        card.decline.click()
        await stage.until(lambda: not card.isVisibleTo(stage.view))
        assert await stage.block("human") == "Name: Chad."
        assert await stage.services.proposals.open_in(stage.view.branch_id) == ()

    stage.play(story)
