"""A full context window: the room is made by a commit like every other step of a run, and told."""

import asyncio
from collections.abc import Iterator

import pytest

from app.bootstrap import OpenEngine
from app.domain.agent import Agent, ModelSettings
from app.domain.event import Changed
from tests.support.engine.filling import fill
from tests.support.engine.talking import say
from tests.support.engine.whole_engine import agent_on, thread_of
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as opened:
        yield opened


async def full_agent(engine: OpenEngine, server: OpenAIServer) -> Agent:
    settings = ModelSettings(max_output_tokens=256)
    agent = await agent_on(engine.services, server, context_window=4096, settings=settings, tool_names=())
    thread = await thread_of(engine.services, agent)
    await fill(engine.storage, engine.clock, engine.ids, thread, count=120, keep=120)
    return agent


async def test_the_oldest_messages_leave_in_the_transaction_that_says_so(engine: OpenEngine, server: OpenAIServer):
    agent = await full_agent(engine, server)
    thread = await thread_of(engine.services, agent)
    told: list[Changed] = []

    async def listen() -> None:
        async for event in engine.services.events.subscribe():
            if isinstance(event, Changed) and event.kind == "conversation":
                told.append(event)

    listening = asyncio.ensure_future(listen())
    await asyncio.sleep(0)
    run = await say(engine.services, agent, "hello")
    listening.cancel()
    await asyncio.wait([listening])
    assert (run.stop_reason, run.usage.steps) == ("end_turn", 1)
    assert [event.conversation_id for event in told] == [thread]
    shown = await engine.storage.read(lambda repos: repos.messages.in_context(thread))
    assert 10 < len(shown) < 60
    sent = server.chats[-1].body["messages"]
    assert "Message" in str(sent[1]), "the request was made after the room was"
    summed_up = len(server.chats)
    await say(engine.services, agent, "and now?")
    assert len(server.chats) == summed_up + 1, "what was summed up once is not summed up again"
    after = server.chats[-1].body["messages"]
    assert after[: len(sent)] == sent, "the beginning of the prompt stays as it was until the window is full again"
