"""Every trap that a scripted Ollama can set, met by a whole agent: one test each, named after the trap."""

import asyncio
import json
from collections.abc import Iterator

import pytest

from app.domain.agent import Agent, AgentDraft, ModelSettings
from app.domain.block import BlockDraft
from app.domain.model import ProviderDraft
from app.services import Services
from tests.support.engine.talking import say, transcript
from tests.support.engine.trapped import BEFORE, carried, corrected, goes_on, outlives, repairs_of, told
from tests.support.engine.whole_engine import thread_of
from tests.support.servers.ollama_pages import SIGN_IN, Installed
from tests.support.servers.ollama_pages import error as page
from tests.support.servers.ollama_replies import Answer
from tests.support.servers.ollama_server import NO_EMBEDDINGS, OllamaServer
from tests.support.servers.openai_replies import JsonObject, ToolCall
from tests.support.servers.serving import Exchange

pytestmark = pytest.mark.anyio

EDIT = ToolCall("memory_replace", {"label": "human", "old_string": "Name: Chad.", "new_string": "Name: Brad."})


@pytest.fixture
def server() -> Iterator[OllamaServer]:
    with OllamaServer() as opened:
        yield opened


async def agent_on(services: Services, server: OllamaServer, model: str = "tiny:latest", **fields: object) -> Agent:
    if not any(one.kind == "ollama" for one in await services.providers.list()):
        await services.providers.add(ProviderDraft(name="Ollama", kind="ollama", base_url=server.url))
    blocks = (BlockDraft(label="human", value=BEFORE, limit=2000),)
    return await services.agents.create(
        AgentDraft.model_validate({"name": "Juno", "model": f"Ollama/{model}", "blocks": blocks, **fields})
    )


# How calls arrive


@pytest.mark.parametrize("native_calls", [False, True], ids=["a line for each call", "all in the last line"])
async def test_old_and_new_tool_call_timing(services: Services, server: OllamaServer, native_calls: bool) -> None:
    server.installed = [Installed(native_calls=native_calls)]
    await corrected(services, await agent_on(services, server))


async def test_tags_without_the_tools_capability(services: Services, server: OllamaServer) -> None:
    assert server.installed[0].tags_capabilities == ("completion",)
    agent = await agent_on(services, server)
    await corrected(services, agent)
    assert all("tools" in one.body for one in server.chats)


async def test_vanish_on_bad_call(services: Services, server: OllamaServer) -> None:
    server.queue(Answer(text="I will.", calls=(ToolCall("ghost", {}),)))
    run = await corrected(services, await agent_on(services, server))
    assert await repairs_of(services, run) == ["empty_reply"]


class Losing(OllamaServer):
    """A model that calls a tool nobody has, unless its server forces it into a JSON schema."""

    async def _reply(self, exchange: Exchange, body: JsonObject, model: Installed) -> None:
        said = str(body["messages"][-1]["content"])
        if "Result of" in said or not ("my name is Brad" in said or body.get("format")):
            self.queue(Answer(text=json.dumps({"say": "Noted."}) if body.get("format") else "Noted."))
        elif body.get("format"):
            self.queue(Answer(text=json.dumps({"tool": EDIT.name, "args": EDIT.arguments})))
        else:
            self.queue(Answer(calls=(ToolCall("update_user_profile", {"name": "Brad", "because": "they said so"}),)))
        await super()._reply(exchange, body, model)


async def test_vanish_on_every_bad_call(services: Services) -> None:
    with Losing() as server:
        agent = await agent_on(services, server)
        run = await corrected(services, agent)
        assert await repairs_of(services, run) == ["empty_reply", "empty_reply"]
        assert ["format" in one.body for one in server.chats] == [False, False, True, False]
        await goes_on(services, agent)


async def test_500_on_cut_call(services: Services, server: OllamaServer) -> None:
    server.installed = [Installed(native_calls=True)]
    server.queue(Answer(calls=(EDIT,)))
    agent = await agent_on(services, server, settings=ModelSettings(max_output_tokens=3))
    run = await carried(services, agent)
    assert "cut_call" in await repairs_of(services, run)
    limits = [one.body["options"]["num_predict"] for one in server.chats]
    assert limits[:2] == [3, 6], "asked again with more room"
    await services.agents.delete(agent.id)
    await corrected(services, await agent_on(services, server))


async def test_thinking_only_and_empty_content(services: Services, server: OllamaServer) -> None:
    server.queue(Answer(thinking="They correct a name. I should call the tool."))
    run = await corrected(services, await agent_on(services, server))
    assert await repairs_of(services, run) == ["only_thinking"]
    assert [one.body.get("think") for one in server.chats[:2]] == [True, False]


async def test_omitted_zero_counts(services: Services, server: OllamaServer) -> None:
    server.queue(Answer(calls=(EDIT,), cached=True), Answer(text="Noted.", cached=True))
    agent = await agent_on(services, server)
    run = await corrected(services, agent)
    assert not any(step.truncated for step in await services.runs.steps(run.id))
    assert (await services.context.overview(await thread_of(services, agent))).alarm is None


# Context


async def test_silent_truncation_by_real_token_count(services: Services, server: OllamaServer) -> None:
    """41 turns and more servers of this kind: test_context_truth.py."""
    server.cuts_silently, server.default_context = True, 4096
    agent = await agent_on(services, server, context_window=16_384)
    for number in range(12):
        assert (await say(services, agent, f"{number} " + "the long way home and what we saw " * 40)).failure is None
    await corrected(services, agent)
    assert [one.body["messages"] for one in server.chats] == server.seen, "every request was read whole"


async def test_400_with_nested_json(services: Services, server: OllamaServer) -> None:
    agent = await agent_on(services, server, context_window=4096, settings=ModelSettings(max_output_tokens=256))
    for number in range(6):
        await say(services, agent, f"{number} " + "the long way home and what we saw " * 40)
    server.installed = [Installed(context=2048)]  # loaded anew with less than anybody knew
    await corrected(services, agent)
    assert len(server.chats) > len(server.seen), "it was refused, and then sent shorter"


async def test_reload_delay_on_num_ctx_change(services: Services, server: OllamaServer) -> None:
    server.load_seconds = 0.3
    small = await agent_on(services, server, context_window=8192)
    large = await agent_on(services, server, context_window=16_384)
    for agent in (small, large, small, large):
        await carried(services, agent, "hello")
    assert server.loads == [("tiny:latest", 16_384)], "one size for all agents on a model, so it is loaded once"


# Waiting


async def test_slow_first_load_without_a_byte(services: Services, server: OllamaServer) -> None:
    server.hold_loads = True
    agent = await agent_on(services, server)
    running = asyncio.ensure_future(corrected(services, agent))
    await asyncio.to_thread(server.wait_for, lambda: bool(server.loads))
    assert not running.done()
    server.release()
    await running
    assert len(server.loads) == 1, "nobody lost patience and asked twice"


async def test_single_flight_queue(services: Services, server: OllamaServer) -> None:
    server.queue(Answer(text="First.", hold=True))
    first, second = await agent_on(services, server), await agent_on(services, server)
    running = asyncio.ensure_future(carried(services, first, "hello"))
    await asyncio.to_thread(server.wait_for, lambda: len(server.chats) == 1)
    waiting = asyncio.ensure_future(corrected(services, second))
    await asyncio.wait([waiting], timeout=0.2)
    assert len(server.chats) == 1, "it waits in our queue, where it can be told"
    server.release()
    await asyncio.gather(running, waiting)


async def test_503_of_a_full_queue(services: Services, server: OllamaServer) -> None:
    agent = await agent_on(services, server)
    server.busy = True
    running = asyncio.ensure_future(corrected(services, agent))
    await asyncio.to_thread(server.wait_for, lambda: server.turned_away == 1)
    server.busy = False
    await running
    assert len(server.chats) == 3, "once refused, the call, the answer"


# Ends that are none


async def test_mid_stream_error_line(services: Services, server: OllamaServer) -> None:
    server.queue(Answer(text="one two three four", error_after=2))
    agent = await agent_on(services, server)
    run = await told(services, agent, "The 2 words it had written are kept.")
    assert (await transcript(services, agent))[-1].text == "one two"
    assert run.failure is not None
    await corrected(services, agent)


async def test_stream_cut_without_done(services: Services, server: OllamaServer) -> None:
    server.queue(Answer(text="one two three four", end_after=3))
    agent = await agent_on(services, server)
    await told(services, agent, "stopped answering in the middle of the reply. The 3 words it had written are kept.")
    await corrected(services, agent)


async def test_half_a_line_and_then_death(services: Services, server: OllamaServer) -> None:
    whole = b'{"model":"tiny","message":{"role":"assistant","content":"Hello"},"done":false}\n'
    server.queue(Answer(raw=whole + whole[:40]))
    agent = await agent_on(services, server)
    await told(services, agent, "stopped answering in the middle of the reply. The one word it had written is kept.")
    await corrected(services, agent)


# What a server does not do


async def test_501_embed(services: Services, server: OllamaServer) -> None:
    """Nothing asks for embeddings yet; a chat model that is asked says so, and one made for them cannot chat."""
    server.installed = [Installed(), Installed("embed:latest", capabilities=("embedding",))]
    status, said = server._embed({"model": "tiny", "input": "x"})
    assert (status, said["error"]) == (501, NO_EMBEDDINGS)
    agent = await agent_on(services, server, "embed:latest")
    await told(services, agent, "“embed:latest” is not a chat model.")
    assert not [one for one in server.requests if "embed" in one.path.rpartition("/")[2]]


async def test_404_after_delete(services: Services, server: OllamaServer) -> None:
    agent = await agent_on(services, server)
    await carried(services, agent, "hello")
    there = server.installed.pop()
    run = await told(services, agent, "tiny:latest")
    assert run.failure is not None
    assert run.failure.hint.startswith("Download it again")
    server.installed.append(there)
    await corrected(services, agent)


async def test_401_and_signin_url(services: Services, server: OllamaServer) -> None:
    server.installed = [Installed("big:cloud", cloud=True)]
    agent = await agent_on(services, server, "big:cloud")
    run = await told(services, agent, "this computer is not signed in there")
    assert run.failure is not None
    assert SIGN_IN in run.failure.hint
    server.cloud = "on"
    await corrected(services, agent)


async def test_pull_that_fails_late(services: Services, server: OllamaServer) -> None:
    agent = await agent_on(services, server)
    provider = next(one for one in await services.providers.list() if one.kind == "ollama")
    server.fail_pull_at = 1_000_000
    await services.models.pull(provider.id, "qwen3:4b")
    async with asyncio.timeout(10):
        async for _ in services.events.subscribe():
            if (await services.models.pulls())[0].phase == "failed":
                break
    (pull,) = await services.models.pulls()
    assert "“qwen3:4b”" in pull.error
    assert pull.hint
    listed = {model.name for one in await services.models.list(refresh=True) for model in one.models}
    assert "qwen3:4b" not in listed, "what did not arrive is not offered"
    await corrected(services, agent)


# Other refusals of its contract


REFUSALS = {
    "500 with JSON text inside": page(500, '"{\\"error\\":{\\"code\\":500,\\"message\\":\\"the model broke\\"}}"'),
    "403 with an empty body": page(403, ""),
    "502 of a cloud out of reach": page(502, 'Post "https://ollama.com:443/api/chat": dial tcp: no such host'),
    "out of memory": page(500, "model requires more system memory (9.1 GiB) than is available (3.2 GiB)"),
    "the runner is gone": page(500, "llama runner process has terminated: signal: killed"),
    "invalid format": page(500, 'invalid format: "x"; expected "json" or a valid JSON Schema object'),
    "no user query": page(500, "no user query found in messages"),
    "a megabyte of error": page(500, "stack " * 170_000),
}


@pytest.mark.parametrize("name", REFUSALS)
async def test_any_refusal_is_a_sentence_and_leaves_the_agent_as_it_was(
    services: Services, server: OllamaServer, name: str
) -> None:
    await outlives(services, await agent_on(services, server), server, REFUSALS[name])


async def test_the_history_is_written_as_it_is_accepted(services: Services, server: OllamaServer) -> None:
    arguments = "{'label': 'human', 'old_string': 'Name: Chad.', 'new_string': 'Name: Brad.'}"
    server.queue(Answer(text=f'<tool_call>\n{{"name": "memory_replace", "arguments": "{arguments}"}}\n</tool_call>'))
    agent = await agent_on(services, server)
    await corrected(services, agent)
    await goes_on(services, agent)
    messages: list[JsonObject] = [message for one in server.chats for message in one.body["messages"]]
    sent = [call for message in messages for call in message.get("tool_calls", ())]
    assert sent
    assert all(isinstance(call["function"]["arguments"], dict) for call in sent)
