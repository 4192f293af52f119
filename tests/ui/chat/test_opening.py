"""While a conversation is being opened: what happens meanwhile is not missed, and nothing is asked of nobody."""

import asyncio

from app.domain.event import Changed
from tests.support.window.chat_stage import Stage
from tests.support.window.conversation_showcase import Scene


def test_a_run_that_ends_while_its_conversation_is_being_opened_is_shown(stage: Stage) -> None:
    async def story() -> None:
        await stage.meet_agent()
        page, gate, asked = stage.services.messages.page, asyncio.Event(), []

        async def slow_page(branch_id: str, **place: object) -> object:
            asked.append(branch_id)
            found = await page(branch_id, **place)
            await gate.wait()
            return found

        stage.services.messages.page = slow_page
        stage.view.open(stage.agent, stage.conversation)
        await stage.until(lambda: asked)
        scene = Scene(stage.agent, stage.conversation)
        scene.add("user", "Said by a program")
        await scene.store(stage.engine)
        stage.view.on_changed(
            Changed(kind="run", ids=("run-1",), agent_id=stage.agent.id, conversation_id=stage.conversation.id)
        )
        await asyncio.sleep(0)
        gate.set()
        await stage.until(lambda: ("user", "Said by a program") in stage.shown())
        assert set(asked) == {stage.conversation.active_id}

    stage.play(story)
