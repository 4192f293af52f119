"""Stopping at any moment leaves a history that is whole."""

import asyncio
import random
from collections.abc import Callable

import pytest

from app.domain.agent import Agent
from app.domain.message import MessageDraft
from app.services import Services
from tests.support.engine.talking import block_value, check_invariants, say, transcript

pytestmark = pytest.mark.anyio


async def test_stopping_at_random_points_leaves_no_orphan_and_the_agent_answers(
    services: Services, seeded_random: random.Random, times: Callable[[int, int], int]
):
    agents: list[Agent] = []
    for number in range(times(24, 500)):
        agent = await services.agents.create_demo()
        agents.append(agent)
        thread = await services.conversations.default_of(agent.id)
        text = "my name is Brad, not Chad" if number % 3 else "/long 40"
        run = await services.runs.start(thread.active_id, MessageDraft.of(text))
        await _stop_after(services, run.id, seeded_random.randrange(1, 60))
    stopped = 0
    for agent in agents:
        messages = await transcript(services, agent)
        check_invariants(messages)
        run = (await services.runs.list(agent_id=agent.id))[0]
        assert run.status in ("cancelled", "completed")
        stopped += run.status == "cancelled"
        returned = any("Replaced" in part.text for m in messages for part in m.tool_returns if part.status == "success")
        changes = await services.history.of_agent(agent.id)
        by_agent = [event for event in changes if event.origin.actor.kind == "agent"]
        assert len(by_agent) == (1 if returned else 0), "a change without its return, or a return without its change"
        assert (await block_value(services, agent)).startswith("Name: Brad." if returned else "Name: Chad.")
    assert stopped > len(agents) // 4, "the stops came too late to test anything"
    for agent in agents[:10]:
        assert (await say(services, agent, "hello")).status == "completed"


async def _stop_after(services: Services, run_id: str, events: int) -> None:
    count = 0
    async for _ in services.runs.subscribe(run_id):
        count += 1
        if count == events:
            await services.runs.cancel(run_id)


async def test_stopping_twice_at_once_and_stopping_an_ended_run_are_no_errors(services: Services):
    agent = await services.agents.create_demo()
    thread = await services.conversations.default_of(agent.id)
    run = await services.runs.start(thread.active_id, MessageDraft.of("/long 500"))
    first, second = await asyncio.gather(services.runs.cancel(run.id), services.runs.cancel(run.id))
    assert first == second
    assert (await services.runs.cancel(run.id)).status == "cancelled"
