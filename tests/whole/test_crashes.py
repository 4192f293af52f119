"""`kill -9` of a real engine process in the middle of runs: nothing is lost, nothing doubled, nobody stuck."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from app.config import Config
from app.domain.agent import Agent, AgentDraft
from app.domain.block import BlockDraft
from app.domain.message import MessageDraft
from app.domain.model import ProviderDraft
from app.domain.run import Run
from app.services import Services
from tests.support.engine.talking import block_value, check_invariants, events_of, say, transcript
from tests.support.processes.engine_child import EngineChild
from tests.support.servers.openai_replies import Reply
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio

PARALLEL = 10


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(tokens_per_second=40) as opened:
        yield opened


@pytest.fixture
async def engine() -> AsyncIterator[EngineChild]:
    async with EngineChild(Config.load()) as child:
        yield child


async def _agents(services: Services, server: OpenAIServer, count: int) -> list[Agent]:
    await services.providers.add(ProviderDraft(name="scripted", base_url=server.url))
    draft = AgentDraft(
        name="Zoë Müller",
        model=f"scripted/{server.model}",
        blocks=(BlockDraft(label="human", value="Name: Chad.\nLikes tea.", limit=2000),),
    )
    return [await services.agents.create(draft) for _ in range(count)]


async def _start(services: Services, agent: Agent, text: str) -> Run:
    thread = await services.conversations.default_of(agent.id)
    return await services.runs.start(thread.active_id, MessageDraft.of(text))


async def test_a_killed_engine_loses_nothing_doubles_nothing_and_goes_on(
    server: OpenAIServer,
    engine: EngineChild,
    seeded_random: random.Random,
    times: Callable[[int, int], int],
    record: Callable[..., None],
):
    agents = await _agents(engine.services, server, PARALLEL)
    kills = times(2, 50)
    resumed = mid_run = 0
    for number in range(kills):
        name, old = f"Name{number}", "Chad" if number == 0 else f"Name{number - 1}"
        runs = await asyncio.gather(
            *(_start(engine.services, agent, f"my name is {name}, not {old}") for agent in agents)
        )
        await asyncio.sleep(seeded_random.random() * 0.9)
        await engine.kill()
        await engine.start()
        resumed += len((await engine.services.system.status()).resumed_runs)
        for agent, run in zip(agents, runs, strict=True):
            await events_of(engine.services, run.id)
            ended = await engine.services.runs.get(run.id)
            assert (ended.status, ended.stop_reason) == ("completed", "end_turn"), ended.failure
            mid_run += ended.resumed
            await _check(engine.services, agent, run, name, number + 1)
    assert mid_run >= kills, "the kills came too early or too late to test anything"
    record(kills=kills, runs=kills * PARALLEL, runs_killed_midway=mid_run)
    server.tokens_per_second = 0
    for agent in agents[:3]:
        assert (await say(engine.services, agent, "hello")).status == "completed"


async def _check(services: Services, agent: Agent, run: Run, name: str, turns: int) -> None:
    messages = await transcript(services, agent)
    check_invariants(messages)
    users = [message for message in messages if message.role == "user"]
    assert len(users) == turns, "a message was lost or doubled"
    assert await block_value(services, agent) == f"Name: {name}.\nLikes tea."
    changes = [event for event in await services.history.of_agent(agent.id, limit=500) if event.origin.run_id == run.id]
    assert len(changes) == 1, "a memory change was lost or doubled"
    events = await events_of(services, run.id)
    numbers = [event.seq_id for event in events]
    assert numbers == sorted(set(numbers))
    stored = {message.id for message in messages if message.run_id == run.id}
    assert {event.message.id for event in events if event.message is not None} == stored
    assert sum(event.payload.message_type == "stop_reason" for event in events) == 1


async def test_a_run_that_kills_the_engine_twice_is_not_taken_up_again(server: OpenAIServer, engine: EngineChild):
    server.tokens_per_second = 2
    (agent,) = await _agents(engine.services, server, 1)
    run = await _start(engine.services, agent, "tell me a long story")
    for _ in range(2):
        await asyncio.to_thread(server.wait_for, lambda: len(server.chats) > 0)
        server.requests.clear()
        await engine.kill()
        await engine.start()
    await events_of(engine.services, run.id)
    ended = await engine.services.runs.get(run.id)
    assert (ended.status, ended.resumed) == ("failed", 1)
    assert ended.failure is not None
    assert "The engine stopped twice during this run" in ended.failure.message
    assert run.id in (await engine.services.system.status()).interrupted_runs
    server.tokens_per_second = 0
    assert (await say(engine.services, agent, "hello")).status == "completed"


async def test_a_number_seen_before_the_crash_is_never_given_again(server: OpenAIServer, engine: EngineChild):
    server.tokens_per_second = 30
    story = Reply(text="once upon a time " * 20)
    server.queue(story, story)
    (agent,) = await _agents(engine.services, server, 1)
    run = await _start(engine.services, agent, "tell me a long story")
    seen: dict[int, str] = {}
    async for event in engine.services.runs.subscribe(run.id):
        seen[event.seq_id] = event.model_dump_json()
        if len(seen) == 12:
            break
    await engine.kill()
    await engine.start()
    after = await events_of(engine.services, run.id)
    again = {event.seq_id: event.model_dump_json() for event in after}
    assert all(again[number] == text for number, text in seen.items() if number in again)
    assert min(event.seq_id for event in after if event.attempt == 2) > max(seen)
    first_try = {event.payload.id for event in after if event.attempt == 1 and not event.whole}  # type: ignore[union-attr]
    second_try = {event.payload.id for event in after if event.attempt == 2 and not event.whole}  # type: ignore[union-attr]
    assert not first_try & second_try, "the second attempt must use a new message id"
