"""A server that answers with what it has loaded, whatever it is asked for: llama-server with another file."""

from collections.abc import Iterator

import pytest

from app.bootstrap import OpenEngine
from app.domain.agent import Agent
from tests.support.engine.talking import block_value, say
from tests.support.engine.whole_engine import agent_on, thread_of
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio

CORRECTION = "my name is Brad, not Chad"


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as opened:
        yield opened


@pytest.fixture
async def agent(engine: OpenEngine, server: OpenAIServer) -> Agent:
    return await agent_on(engine.services, server)


async def test_the_step_says_which_model_answered(engine: OpenEngine, agent: Agent, server: OpenAIServer) -> None:
    run = await say(engine.services, agent, "Hello")
    assert [step.answered_by for step in await engine.services.runs.steps(run.id)] == [""]
    server.model = "other"
    run = await say(engine.services, agent, "Hello again")
    steps = await engine.services.runs.steps(run.id)
    assert [(step.model, step.answered_by) for step in steps] == [(agent.model, "other")]


async def test_what_it_is_told_to_be_able_to_do_is_what_is_loaded_now(
    engine: OpenEngine, agent: Agent, server: OpenAIServer
) -> None:
    """The old model knew no tools; the new one does, and it gets them."""
    server.template = False
    await say(engine.services, agent, "Hello")
    assert "tools" not in server.chats[-1].body
    server.model, server.template = "other", True
    await say(engine.services, agent, "Hello again")
    run = await say(engine.services, agent, CORRECTION)
    assert "tools" in server.chats[-1].body
    assert await block_value(engine.services, agent) == "Name: Brad.\nLikes tea."
    assert run.stop_reason == "end_turn"


async def test_a_model_without_tools_in_its_place_gets_them_as_json(
    engine: OpenEngine, agent: Agent, server: OpenAIServer
) -> None:
    await say(engine.services, agent, "Hello")
    assert "tools" in server.chats[-1].body
    server.model, server.template = "other", False
    await say(engine.services, agent, "Hello again")
    await say(engine.services, agent, "And again")
    assert "tools" not in server.chats[-1].body


async def test_its_context_is_that_of_what_is_loaded(engine: OpenEngine, agent: Agent, server: OpenAIServer) -> None:
    async def served() -> int | None:
        await engine.services.models.list(refresh=True)
        return (await engine.services.context.overview(await thread_of(engine.services, agent))).served

    await say(engine.services, agent, "Hello")
    assert await served() == 32_768
    server.model, server.context = "other", 16_384
    await say(engine.services, agent, "Hello again")
    assert await served() == 16_384
    server.model, server.context = "tiny", 32_768
    await say(engine.services, agent, "Hello")
    assert await served() == 32_768


@pytest.mark.parametrize("told", ["tiny.gguf", "/models/tiny.gguf", "TINY", "tiny:latest", "tiny-2026-01-01"])
async def test_other_spellings_are_the_same_model(
    engine: OpenEngine, agent: Agent, server: OpenAIServer, told: str
) -> None:
    server.model = told
    run = await say(engine.services, agent, "Hello")
    assert [step.answered_by for step in await engine.services.runs.steps(run.id)] == [""]
