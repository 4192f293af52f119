"""After a run that changed the prompt, a local server reads the next one ahead, and stops for anybody else."""

import asyncio
import json
from collections.abc import Iterator

import pytest

from app.bootstrap import OpenEngine
from app.domain.agent import Agent, AgentDraft, AgentPatch, ModelSettings
from app.domain.block import BlockPatch
from app.domain.message import MessageDraft
from app.domain.model import Provider, ProviderDraft
from app.domain.run import Run
from app.services.warming import costs_only_time
from tests.services.conftest import Reopen
from tests.support.engine.talking import events_of, say, transcript
from tests.support.engine.whole_engine import HUMAN, agent_on, started, thread_of
from tests.support.servers.ollama_pages import Installed
from tests.support.servers.ollama_server import OllamaServer
from tests.support.servers.openai_replies import Refusal, Reply
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio

CORRECTION = "By the way, my name is Brad, not Chad."
HELD = Reply(text="A", hold=True)


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as opened:
        yield opened


@pytest.fixture
def ollama() -> Iterator[OllamaServer]:
    with OllamaServer() as opened:
        yield opened


async def at_rest(engine: OpenEngine) -> None:
    """Until all that follows a run is done."""
    for _ in range(2):
        await asyncio.sleep(0)  # the end of the run is handed on
    async with asyncio.timeout(5):
        while not engine.after_runs.at_rest:  # noqa: ASYNC110 - no test waits for it in the product
            await asyncio.sleep(0.005)


async def corrected(engine: OpenEngine, agent: Agent) -> Run:
    """A run that edits memory, and all that follows it."""
    run = await say(engine.services, agent, CORRECTION)
    await at_rest(engine)
    return run


async def warming_begun(server: OpenAIServer, count: int = 1) -> None:
    await asyncio.to_thread(server.wait_for, lambda: len(server.warmups) == count)


async def on_ollama(engine: OpenEngine, server: OllamaServer, **fields: object) -> Agent:
    await engine.services.providers.add(ProviderDraft(name="ollama", kind="ollama", base_url=server.url))
    given = {"model": f"ollama/{server.installed[0].name}", "blocks": (HUMAN,), "name": "Zoë", **fields}
    return await engine.services.agents.create(AgentDraft.model_validate(given))


def after_head(raw: bytes) -> bytes:
    """The body from its tools, or its messages, on."""
    places = [raw.find(key) for key in (b',"tools":', b',"messages":')]
    return raw[min(place for place in places if place >= 0) :]


def told_ahead(raw: bytes) -> bytes:
    """The same without the message that is not yet written."""
    return after_head(raw).rpartition('"…"'.encode())[0].rpartition(b"{")[0]


def head_of(body: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in body.items() if name not in ("messages", "max_tokens", "options")}


AS_JSON = ModelSettings(tool_calls="json", temperature=0.3)
CALL = {"tool": "memory_replace", "args": {"label": "human", "old_string": "Name: Chad.", "new_string": "Name: Brad."}}
JSON_REPLIES = Reply(text=json.dumps(CALL)), Reply(text=json.dumps({"say": "Noted."}))


@pytest.mark.parametrize(("settings", "replies"), [(ModelSettings(reasoning="off"), ()), (AS_JSON, JSON_REPLIES)])
async def test_what_is_read_ahead_is_what_the_next_request_begins_with(
    engine: OpenEngine, server: OpenAIServer, settings: ModelSettings, replies: tuple[Reply, ...]
) -> None:
    agent = await agent_on(engine.services, server, settings=settings)
    server.queue(*replies)
    await corrected(engine, agent)
    (warmup,) = server.warmups
    assert warmup.body["max_tokens"] == 1
    await say(engine.services, agent, "What is my name?")
    asked = server.chats[-1]
    assert after_head(asked.raw).startswith(told_ahead(warmup.raw))
    assert "Name: Brad." in told_ahead(warmup.raw).decode()
    assert len(asked.body["messages"]) == len(warmup.body["messages"])
    assert head_of(warmup.body) == head_of(asked.body)


async def test_ollama_reads_ahead_what_comes_next_with_the_model_as_it_is_loaded(
    engine: OpenEngine, ollama: OllamaServer
) -> None:
    """Thoughts of the run that ended are not sent again, so they are not read ahead either."""
    agent = await on_ollama(engine, ollama)
    await corrected(engine, agent)
    (warmup,) = ollama.warmups
    await say(engine.services, agent, "What is my name?")
    asked = ollama.chats[-1]
    assert after_head(asked.raw).startswith(told_ahead(warmup.raw))
    assert "Name: Brad." in told_ahead(warmup.raw).decode()
    assert warmup.body["options"] == asked.body["options"] | {"num_predict": 1}
    assert len(ollama.loads) == 1


async def test_nothing_is_read_ahead_where_the_prompt_stays_as_it_was(engine: OpenEngine, server: OpenAIServer) -> None:
    agent = await agent_on(engine.services, server)
    await say(engine.services, agent, "Hello")
    await at_rest(engine)
    await engine.services.agents.update(agent.id, AgentPatch(pinned=True), agent.version)
    await say(engine.services, agent, "Hello again")
    await at_rest(engine)
    assert server.warmups == []


async def test_a_change_by_a_person_during_a_run_is_read_ahead_too(engine: OpenEngine, server: OpenAIServer) -> None:
    services = engine.services
    agent = await agent_on(services, server)
    (block,) = await services.blocks.of_agent(agent.id)
    server.hold(after=0)
    with server.released():
        run = await started(services, agent, "Hello")
        await asyncio.to_thread(server.wait_for, lambda: len(server.chats) == 1)
        await services.blocks.update(block.id, BlockPatch(value="Name: Zoë."))
    await events_of(services, run.id)
    await at_rest(engine)
    assert ["Name: Zoë." in one.raw.decode() for one in server.warmups] == [True]


async def test_the_same_prompt_is_not_read_twice(engine: OpenEngine, server: OpenAIServer) -> None:
    agent = await agent_on(engine.services, server)
    run = await corrected(engine, agent)
    await engine.warming.warm(run.id)
    assert len(server.warmups) == 1


async def test_nothing_of_it_is_stored(engine: OpenEngine, server: OpenAIServer) -> None:
    services = engine.services
    agent = await agent_on(services, server)
    before = len(await services.history.of_agent(agent.id))
    run = await corrected(engine, agent)
    assert len(server.warmups) == 1
    assert [message.role for message in await transcript(services, agent)] == ["user", "assistant", "tool", "assistant"]
    assert len(await services.runs.list(agent.id)) == 1
    assert len(await services.runs.steps(run.id)) == 2
    assert len(await services.history.of_agent(agent.id)) == before + 1


async def test_a_message_stops_it_at_once(engine: OpenEngine, server: OpenAIServer) -> None:
    agent = await agent_on(engine.services, server)
    server.warming = HELD
    with server.released():
        await say(engine.services, agent, CORRECTION)
        await warming_begun(server)
        assert not engine.busy(), "no engine stays open for it, no window asks"
        server.warming = Reply(text="A")
        async with asyncio.timeout(2):
            run = await say(engine.services, agent, "What is my name?")
        assert run.stop_reason == "end_turn"
        await asyncio.to_thread(server.wait_for, lambda: server.aborted == 1)
    order = [request.body.get("max_tokens") == 1 for request in server.requests if request.body]
    assert order == [False, False, True, False]


async def test_background_work_stops_it_too(engine: OpenEngine, server: OpenAIServer) -> None:
    services = engine.services
    agent = await agent_on(services, server)
    other = await agent_on(services, server, name="scripted", blocks=())
    server.warming = HELD
    with server.released():
        await say(services, agent, CORRECTION)
        await warming_begun(server)
        async with asyncio.timeout(2):
            run = await services.runs.start(await thread_of(services, other), MessageDraft.of("Hello"), background=True)
            await events_of(services, run.id)
        await asyncio.to_thread(server.wait_for, lambda: server.aborted == 1)


async def test_an_engine_that_ends_takes_it_with_it(engine: OpenEngine, server: OpenAIServer, reopen: Reopen) -> None:
    agent = await agent_on(engine.services, server)
    server.warming = HELD
    with server.released():
        await say(engine.services, agent, CORRECTION)
        await warming_begun(server)
        async with asyncio.timeout(2):
            later = await reopen(True)
        await asyncio.to_thread(server.wait_for, lambda: server.aborted == 1)
    assert (await say(later.services, agent, "Hello")).stop_reason == "end_turn"
    assert len(server.warmups) == 1


@pytest.mark.parametrize("status", [400, 500, 503])
async def test_a_server_that_refuses_it_is_not_asked_again(
    engine: OpenEngine, server: OpenAIServer, status: int
) -> None:
    agent = await agent_on(engine.services, server)
    server.warming = Refusal(status, {"error": {"message": "no"}})
    await corrected(engine, agent)
    assert len(server.warmups) == 1
    assert (await say(engine.services, agent, "Hello")).stop_reason == "end_turn"


async def test_switched_off_nothing_is_read_ahead(engine: OpenEngine, server: OpenAIServer) -> None:
    agent = await agent_on(engine.services, server, settings=ModelSettings(warm_cache=False))
    await corrected(engine, agent)
    assert len(server.chats) == 2
    assert server.warmups == []


async def test_where_a_key_is_needed_nothing_is_read_ahead(engine: OpenEngine, server: OpenAIServer) -> None:
    server.key = "sk-1"
    await engine.services.providers.add(ProviderDraft(name="paid", base_url=server.url, key="sk-1"))
    agent = await agent_on(engine.services, server, name="paid")
    await corrected(engine, agent)
    assert len(server.chats) == 2
    assert server.warmups == []


async def test_a_server_that_passes_requests_on_is_not_warmed(engine: OpenEngine, server: OpenAIServer) -> None:
    """It knows its models by name only, as they are served elsewhere, perhaps for money."""
    server.entries = [{"id": server.model, "object": "model", "owned_by": "openai"}]
    await corrected(engine, await agent_on(engine.services, server))
    assert len(server.chats) == 2
    assert server.warmups == []


async def test_a_cloud_model_of_ollama_is_not_warmed(engine: OpenEngine) -> None:
    installed = [Installed(name="big:cloud", cloud=True)]
    with OllamaServer(installed=installed, cloud="signed in") as ollama:
        await corrected(engine, await on_ollama(engine, ollama))
        assert len(ollama.chats) == 2
        assert ollama.warmups == []


@pytest.mark.parametrize("loaded", [{}, {"tiny:latest": 4096}])
async def test_no_model_is_loaded_for_it(engine: OpenEngine, ollama: OllamaServer, loaded: dict[str, int]) -> None:
    """It was unloaded meanwhile, or loaded by somebody else with another context."""
    agent = await on_ollama(engine, ollama, settings=ModelSettings(warm_cache=False))
    run = await corrected(engine, agent)
    on = AgentPatch(settings=ModelSettings())
    await engine.services.agents.update(agent.id, on, agent.version)
    ollama.loaded = loaded
    await engine.warming.warm(run.id)
    assert ollama.warmups == []
    ollama.loaded = {"tiny:latest": 16_384}
    await engine.warming.warm(run.id)
    assert len(ollama.warmups) == 1


@pytest.mark.parametrize(
    ("address", "warmed"),
    [
        ("http://127.0.0.1:8080/v1", True),
        ("http://[::1]:8080/v1", True),
        ("http://192.168.1.20:1234/v1", True),
        ("http://studio.local:1234/v1", True),
        ("http://llama:8080/v1", True),
        ("https://api.openai.com/v1", False),
        ("http://203.0.113.9:8080/v1", False),
        ("https://192.168.1.20.example.com/v1", False),
        ("http://[2001:db8::1]:8080/v1", False),
        ("http://100.64.0.9:8080/v1", False),
        ("", False),
    ],
)
def test_only_servers_in_the_house_are_warmed(address: str, warmed: bool) -> None:
    provider = Provider(id="provider-1", name="a", kind="openai", base_url=address, created_at=0, updated_at=0)
    assert costs_only_time(provider) is warmed
    assert not costs_only_time(provider.model_copy(update={"has_key": True}))
    assert not costs_only_time(provider.model_copy(update={"kind": "demo"}))
