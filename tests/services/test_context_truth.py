"""What a server really reads: 41 turns against servers that serve 4,096 tokens, and what a person is told."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from app.domain.agent import Agent, AgentDraft, ModelSettings
from app.domain.block import BlockDraft
from app.domain.model import ProviderDraft
from app.domain.run import Step
from app.services import Services
from tests.support.engine.talking import say, transcript
from tests.support.engine.whole_engine import thread_of
from tests.support.servers.ollama_pages import Installed
from tests.support.servers.ollama_server import OllamaServer
from tests.support.servers.openai_replies import JsonObject, Reply, by_rule, usage_of
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio

TURNS = 41
TALK = "tell me more about the long way home and what we saw there " * 8
BLOCKS = (BlockDraft(label="human", value="Name: Chad.\nLikes tea.", limit=2000),)


class Cutting(OpenAIServer):
    """Cuts the beginning of what is longer than 4,096 tokens, and says of its size nothing."""

    def _chat(self, body: JsonObject) -> Any:
        return by_rule(body | {"messages": self.kept(body)})

    def kept(self, body: JsonObject) -> list[JsonObject]:
        kept = list(body["messages"])
        while len(kept) > 1 and self.count(body | {"messages": kept}) > 4096:
            del kept[0]
        return kept

    def _payloads(self, reply: Reply, body: JsonObject) -> Iterator[bytes]:
        *events, done = super()._payloads(reply, body | {"stream_options": {}})
        yield from events
        usage = usage_of(reply, self.count(body | {"messages": self.kept(body)}))
        yield b"data: " + json.dumps({"choices": [], "usage": usage}).encode() + b"\n\n"
        yield done


@pytest.fixture
def ollama() -> Iterator[OllamaServer]:
    with OllamaServer(default_context=4096, cuts_silently=True, version="0.5.0") as server:
        yield server


@pytest.fixture
def deaf() -> Iterator[OllamaServer]:
    with OllamaServer(serves=4096, cuts_silently=True) as server:
        yield server


@pytest.fixture
def cutting() -> Iterator[Cutting]:
    with Cutting(entries=[{"id": "tiny", "object": "model"}]) as server:
        yield server


async def on_ollama(services: Services, server: OllamaServer, window: int = 16_384, **fields: Any) -> Agent:
    if not any(one.kind == "ollama" for one in await services.providers.list()):
        await services.providers.add(ProviderDraft(name="Ollama", kind="ollama", base_url=server.url))
    draft = AgentDraft(name="Juno", model="Ollama/tiny:latest", context_window=window, blocks=BLOCKS, **fields)
    return await services.agents.create(draft)


async def steps_of(services: Services, agent: Agent) -> tuple[Step, ...]:
    runs = await services.runs.list(agent_id=agent.id, limit=100)
    return tuple([step for run in reversed(runs) for step in await services.runs.steps(run.id)])


async def talk(services: Services, agent: Agent, turns: int = TURNS) -> None:
    for number in range(turns):
        run = await say(services, agent, f"{number} {TALK}")
        assert run.stop_reason == "end_turn", run.failure


async def test_41_turns_with_the_size_told_lose_nothing(services: Services, ollama: OllamaServer) -> None:
    agent = await on_ollama(services, ollama)
    await talk(services, agent)
    assert [one.body["messages"] for one in ollama.chats] == ollama.seen, "every request was read whole"
    assert {one.body["options"]["num_ctx"] for one in ollama.chats} == {16_384}
    assert ollama.loads == [("tiny:latest", 16_384)], "one size, so it was loaded once"
    assert not any(step.truncated for step in await steps_of(services, agent))
    assert ollama.chats[-1].body["messages"][1]["content"].endswith(f"0 {TALK}"), "the first turn is still there"


async def test_41_turns_with_a_server_that_ignores_the_size_lose_nothing_in_silence(
    services: Services, deaf: OllamaServer
) -> None:
    agent = await on_ollama(services, deaf)
    await talk(services, agent)
    steps = await steps_of(services, agent)
    silent = [
        number
        for number, (request, seen, step) in enumerate(zip(deaf.chats, deaf.seen, steps, strict=True))
        if request.body["messages"] != seen and not step.truncated
    ]
    assert silent == []
    assert [one.body["messages"] for one in deaf.chats[-5:]] == deaf.seen[-5:], "by then it gets what it can read"
    said = [message for message in await transcript(services, agent) if message.role != "summary"]
    assert len(said) == 2 * TURNS, "what left the window is still there"
    overview = await services.context.overview(await thread_of(services, agent))
    assert overview.served == 4096
    assert overview.messages_out > 0


async def first_cut(services: Services, agent: Agent) -> Step:
    """Talks until a step is known to have been cut."""
    for number in range(TURNS):
        await say(services, agent, f"{number} {TALK}")
        if (step := (await steps_of(services, agent))[-1]).truncated:
            return step
    raise AssertionError("no step was known to be cut")


async def test_the_alarm_names_server_numbers_loss_and_goes_when_nothing_is_cut_any_more(
    services: Services, cutting: Cutting
) -> None:
    await services.providers.add(ProviderDraft(name="scripted", base_url=cutting.url))
    draft = AgentDraft(name="Juno", model="scripted/tiny", blocks=BLOCKS)
    agent = await services.agents.create(draft)
    step = await first_cut(services, agent)
    overview = await services.context.overview(await thread_of(services, agent))
    assert overview.alarm is not None
    assert overview.alarm.read == step.usage.prompt_tokens
    assert overview.alarm.lost[0] == "instructions"
    assert overview.alarm.sentence.startswith("scripted cut the last request without saying so. It read ")
    assert overview.alarm.sentence.endswith(" were lost.")
    assert overview.served == 4096
    told = zip(cutting.chats, await steps_of(services, agent), strict=True)
    assert all(step.truncated for one, step in told if one.body["messages"] != cutting.kept(one.body)), (
        "none in silence"
    )
    assert (await say(services, agent, "and now?")).stop_reason == "end_turn"
    after = await services.context.overview(await thread_of(services, agent))
    assert after.alarm is None
    assert cutting.chats[-1].body["messages"] == cutting.kept(cutting.chats[-1].body), "it was read whole"


async def test_agents_on_one_model_share_one_size(services: Services, ollama: OllamaServer) -> None:
    small = await on_ollama(services, ollama, 4096, settings=ModelSettings(max_output_tokens=512))
    await say(services, small, "hello")
    large = await on_ollama(services, ollama, 12_288)
    for agent in (small, large, small):
        await say(services, agent, "hello")
    assert [one.body["options"]["num_ctx"] for one in ollama.chats] == [4096, 12_288, 12_288, 12_288]
    assert ollama.loads == [("tiny:latest", 4096), ("tiny:latest", 12_288)]


async def test_nobody_gets_more_than_the_model_was_trained_for(services: Services) -> None:
    with OllamaServer(installed=[Installed(context=4096)], cuts_silently=True) as server:
        agent = await on_ollama(services, server, 65_536)
        for number in range(24):
            assert (await say(services, agent, f"{number} {TALK}")).stop_reason == "end_turn"
        assert {one.body["options"]["num_ctx"] for one in server.chats} == {4096}
        assert [one.body["messages"] for one in server.chats] == server.seen


async def test_a_prompt_from_the_cache_is_no_alarm(services: Services, ollama: OllamaServer) -> None:
    from tests.support.servers.ollama_replies import Answer

    agent = await on_ollama(services, ollama)
    await talk(services, agent, 12)
    ollama.queue(Answer(text="Again.", cached=True))
    run = await say(services, agent, "again")
    assert [step.truncated for step in await services.runs.steps(run.id)] == [False]
    assert (await services.context.overview(await thread_of(services, agent))).alarm is None


async def test_the_demo_is_never_suspected(services: Services) -> None:
    agent = await services.agents.create_demo()
    await say(services, agent, "hello")
    assert (await services.context.overview(await thread_of(services, agent))).alarm is None
