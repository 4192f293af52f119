"""Replay: another model, prompt or temperature answers a request that was sent, on a copy; nothing is stored."""

from collections.abc import Iterator

import pytest

from app.bootstrap import OpenEngine
from app.domain.agent import Agent
from app.domain.model import ProviderDraft
from app.domain.replay import ReplaySide, ReplayWish
from app.domain.run import Run
from app.services import Services
from tests.support.engine.talking import block_value, say
from tests.support.engine.whole_engine import agent_on
from tests.support.servers.ollama_server import OllamaServer
from tests.support.servers.openai_replies import Refusal, Reply, ToolCall, error_body
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio

CORRECTION = "my name is Brad, not Chad"
INSERT = ToolCall("memory_insert", {"label": "human", "new_string": "Is called Brad."})


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[OpenAIServer, OpenAIServer]]:
    with OpenAIServer() as first, OpenAIServer(model="other") as second:
        yield first, second


@pytest.fixture
def server(servers: tuple[OpenAIServer, OpenAIServer]) -> OpenAIServer:
    servers[0].forget_queue()
    servers[0].requests.clear()
    return servers[0]


@pytest.fixture
async def other(services: Services, servers: tuple[OpenAIServer, OpenAIServer]) -> OpenAIServer:
    servers[1].forget_queue()
    servers[1].requests.clear()
    await services.providers.add(ProviderDraft(name="another", base_url=servers[1].url))
    return servers[1]


@pytest.fixture
async def agent(services: Services, server: OpenAIServer) -> Agent:
    return await agent_on(services, server, system="You are Juno.")


async def first_step(services: Services, run: Run) -> str:
    return (await services.runs.steps(run.id))[0].id


async def played(services: Services, step_id: str, wish: ReplayWish) -> ReplaySide:
    """Its last word."""
    return [side async for side in services.replay.play(step_id, wish)][-1]


async def test_it_tells_how_it_went_then(services: Services, agent: Agent):
    step = await first_step(services, await say(services, agent, CORRECTION))
    basis = await services.replay.basis(step)
    assert basis.asked.endswith(CORRECTION)
    assert basis.system == "You are Juno."
    (call,) = basis.then.calls
    assert (call.name, call.source, call.failed) == ("memory_replace", "recorded", False)
    (change,) = basis.then.changes
    assert (change.label, "Chad" in change.before, "Brad" in change.after) == ("human", True, True)
    assert basis.then.rounds == 2
    assert basis.then.text


async def test_another_model_answers_the_same_request_on_a_copy(
    engine: OpenEngine, agent: Agent, server: OpenAIServer, other: OpenAIServer
):
    services = engine.services
    step = await first_step(services, await say(services, agent, CORRECTION))
    after = await block_value(services, agent)
    before = await services.history.of_agent(agent.id)
    other.queue(Reply(calls=(INSERT,)), Reply(text="Saved, Brad."))
    side = await played(services, step, ReplayWish(model="another/other"))
    assert (side.phase, side.text, side.rounds) == ("done", "Saved, Brad.", 2)
    (call,) = side.calls
    assert (call.name, call.source) == ("memory_insert", "on a copy")
    (change,) = side.changes
    assert change.after == "Name: Chad.\nLikes tea.\nIs called Brad."
    sent, then = other.chats[0].body, server.chats[0].body
    assert (sent["model"], sent["messages"], sent["tools"]) == ("other", then["messages"], then["tools"])
    assert "Is called Brad." in str(other.chats[1].body["messages"][-1])
    assert await block_value(services, agent) == after, "the agent's own memory changed"
    assert await services.history.of_agent(agent.id) == before
    assert len(await services.runs.list(agent.id)) == 1, "a run was stored"
    assert (side.prompt_tokens > 0, side.completion_tokens > 0) == (True, True)


async def test_prompt_and_temperature_are_changed_and_blocks_stay(
    services: Services, agent: Agent, server: OpenAIServer
):
    step = await first_step(services, await say(services, agent, CORRECTION))
    server.queue(Reply(text="Hm."))
    side = await played(services, step, ReplayWish(system="You are Otto.", temperature=0.1))
    assert side.text == "Hm."
    sent = server.chats[-1].body
    assert sent["temperature"] == 0.1
    assert sent["messages"][0]["content"].startswith("You are Otto.\n\n<memory_blocks>")
    assert "Name: Chad." in sent["messages"][0]["content"]


async def test_other_tools_return_what_they_returned_then(services: Services, agent: Agent, server: OpenAIServer):
    search = ToolCall("conversation_search", {"query": "tea"})
    server.queue(Reply(calls=(search,)), Reply(text="Nothing."))
    step = await first_step(services, await say(services, agent, "Did we speak of tea?"))
    unknown = ToolCall("conversation_search", {"query": "coffee"})
    server.queue(Reply(calls=(search,)), Reply(calls=(unknown,)), Reply(text="No."))
    side = await played(services, step, ReplayWish())
    assert [(call.source, call.failed) for call in side.calls] == [("recorded", False), ("not recorded", True)]
    basis = await services.replay.basis(step)
    assert side.calls[0].result == basis.then.calls[0].result


async def test_a_server_of_another_kind_gets_the_request_in_its_own_words(services: Services, agent: Agent):
    step = await first_step(services, await say(services, agent, CORRECTION))
    with OllamaServer() as ollama:
        await services.providers.add(ProviderDraft(name="Ollama", kind="ollama", base_url=ollama.url))
        side = await played(services, step, ReplayWish(model="Ollama/tiny:latest"))
        assert side.phase == "done", side.words
        assert CORRECTION in str(ollama.chats[0].body["messages"])
        assert [call.source for call in side.calls] == ["on a copy"]


async def test_what_cannot_be_asked_says_so_and_one_that_calls_for_ever_is_stopped(
    services: Services, agent: Agent, other: OpenAIServer
):
    step = await first_step(services, await say(services, agent, CORRECTION))
    other.queue(Refusal(404, error_body(404, "model not found", "not_found_error")))
    side = await played(services, step, ReplayWish(model="another/gone"))
    assert side.phase == "failed"
    assert "gone" in side.words
    other.queue(*(Reply(calls=(INSERT,)) for _ in range(9)))
    side = await played(services, step, ReplayWish(model="another/other"))
    assert (side.phase, side.cut) == ("done", True)
    assert len(side.calls) == 8


async def test_closing_it_stops_the_model(services: Services, agent: Agent, other: OpenAIServer):
    step = await first_step(services, await say(services, agent, CORRECTION))
    other.hold(after=0)
    playing = services.replay.play(step, ReplayWish(model="another/other"))
    assert (await anext(playing)).phase == "waits"
    await playing.aclose()
    other.release()
    assert len(await services.runs.list(agent.id)) == 1
