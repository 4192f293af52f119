"""Runs that other runs asked for: they share their parent's purpose, and its end where it is stopped."""

import asyncio
from collections.abc import Iterator

import pytest

from app.domain.error import Conflict
from app.domain.message import MessageDraft
from app.domain.run import Run
from app.domain.turn import RunOptions
from app.services import Services
from tests.support.engine.talking import events_of, say
from tests.support.engine.whole_engine import agent_on, started, thread_of
from tests.support.servers.openai_replies import Reply
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as opened:
        yield opened


async def child_of(services: Services, server: OpenAIServer, parent: Run) -> Run:
    agent = await agent_on(services, server)
    options = RunOptions(parent_run_id=parent.id)
    thread = await thread_of(services, agent)
    return await services.runs.start(thread, MessageDraft.of("help me"), True, "agent", options)


async def test_stopping_a_run_stops_those_it_asked_for(services: Services, server: OpenAIServer):
    server.queue(*[Reply(hold=True)] * 4)
    parent = await started(services, await agent_on(services, server), "do it together")
    child = await child_of(services, server, parent)
    grandchild = await child_of(services, server, child)
    other = await started(services, await agent_on(services, server), "something else")
    await asyncio.to_thread(server.wait_for, lambda: len(server.chats) >= 1)
    assert (await services.runs.cancel(parent.id)).status == "cancelled"
    ended = [await services.runs.get(run.id) for run in (child, grandchild)]
    assert [(run.status, run.stop_reason) for run in ended] == [("cancelled", "cancelled")] * 2
    assert (await services.runs.get(other.id)).active
    server.release()
    await events_of(services, other.id)


async def test_a_child_has_its_parents_purpose_and_is_waited_for_as_it_is(services: Services, server: OpenAIServer):
    server.queue(Reply(hold=True))
    parent = await started(services, await agent_on(services, server), "do it together")
    child = await child_of(services, server, parent)
    assert (child.parent_run_id, child.purpose, child.background) == (parent.id, "reply", False)
    assert (await services.runs.get(child.id)).parent_run_id == parent.id
    server.release()
    for run in (parent, child):
        await events_of(services, run.id)


async def test_a_run_that_has_ended_gets_no_more_children(services: Services, server: OpenAIServer):
    parent = await say(services, await agent_on(services, server), "hello")
    with pytest.raises(Conflict) as refused:
        await child_of(services, server, parent)
    assert refused.value.code == "parent_ended"
