"""Every trap of OpenAI-compatible servers, met by a whole agent: one test each, named after the trap."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from app.bootstrap import OpenEngine
from app.domain.agent import Agent, AgentPatch, ModelSettings
from app.domain.model import ProviderDraft
from app.services import Services
from tests.support.engine.talking import block_value, check_invariants, events_of, say, transcript
from tests.support.engine.trapped import AFTER, BEFORE, carried, corrected, goes_on, outlives, repairs_of, told
from tests.support.engine.whole_engine import agent_on, started, thread_of
from tests.support.servers.openai_replies import (
    BAD_HISTORY,
    EMPTY_GRAMMAR,
    LOADING,
    JsonObject,
    Refusal,
    Reply,
    Scripted,
    ToolCall,
    by_rule,
    error_body,
    text_of,
)
from tests.support.servers.openai_server import OpenAIServer
from tests.support.values.samples import tool

pytestmark = pytest.mark.anyio

ARGUMENTS = {"label": "human", "old_string": "Name: Chad.", "new_string": "Name: Brad."}
EDIT = ToolCall("memory_replace", ARGUMENTS)
TALK = "the long way home and what we saw there " * 40


class ByJson(OpenAIServer):
    """A model that knows no tools (they are dropped); forced into a JSON schema it says what it means in that form."""

    def _chat(self, body: JsonObject) -> Scripted:
        if self._queue:
            return self._queue.popleft()
        return self.in_json(body) if "response_format" in body else by_rule(body | {"tools": []})

    def in_json(self, body: JsonObject) -> Reply:
        last = text_of(body["messages"][-1])
        if "my name is Brad" in last:
            return Reply(text=json.dumps({"tool": "memory_replace", "args": ARGUMENTS}, indent=3))
        return Reply(text=json.dumps({"say": "Noted." if "[Result of" in last else f"You said: {last}"}))


class WithoutParser(ByJson):
    """vLLM without a tool parser: it refuses tools."""

    def _chat(self, body: JsonObject) -> Scripted:
        if body.get("tools"):
            said = '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
            return Refusal(400, {"object": "error", "message": said, "type": "BadRequestError", "code": 400})
        return super()._chat(body)


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as opened:
        yield opened


# What a server ignores or drops


async def test_wrong_model_name_is_answered_under_another(services: Services, server: OpenAIServer) -> None:
    agent = await agent_on(services, server)
    server.model = "another.gguf"
    await corrected(services, agent)
    assert {one.body["model"] for one in server.chats} == {"tiny"}


async def test_forced_choice_is_no_guarantee_so_it_is_never_asked_for(services: Services, server: OpenAIServer) -> None:
    """`required` and named choices, `parallel_tool_calls`, `stop`, `n`, and a JSON form beside tools."""
    agent = await agent_on(services, server)
    await corrected(services, agent)
    await goes_on(services, agent)
    for one in server.chats:
        unsafe = {"tool_choice", "parallel_tool_calls", "functions", "stop", "n", "response_format"}
        assert not unsafe & one.body.keys()
        assert one.body["max_tokens"] >= 1, "0 would give one token"


async def test_two_calls_come_where_one_was_expected(services: Services, server: OpenAIServer) -> None:
    more = ToolCall("memory_insert", {"label": "human", "new_string": "Has a cat."})
    server.queue(Reply(calls=(EDIT, more)))
    agent = await agent_on(services, server)
    assert (await say(services, agent, "hello")).stop_reason == "end_turn"
    assert await block_value(services, agent) == f"{AFTER}\nHas a cat."
    check_invariants(await transcript(services, agent))


async def test_model_without_a_tool_template_drops_tools_silently(services: Services) -> None:
    with ByJson(template=False) as server:
        await corrected(services, await agent_on(services, server))
        assert not any(one.body.get("tools") for one in server.chats)
        (listed,) = [one for one in await services.models.list() if one.provider.name == "scripted"]
        assert [model.tools for model in listed.models] == [False]


async def test_server_without_a_tool_parser_refuses_tools(services: Services) -> None:
    with WithoutParser() as server:
        agent = await agent_on(services, server)
        await corrected(services, agent)
        await goes_on(services, agent)
        assert [bool(one.body.get("tools")) for one in server.chats] == [True, False, False, False], "asked once"


async def test_server_started_anew_with_a_tool_parser_gets_tools_again(services: Services) -> None:
    with WithoutParser() as server:
        agent = await agent_on(services, server)
        await corrected(services, agent)
    run = await carried(services, agent, "are you there?")
    assert run.failure is not None
    assert run.failure.code == "server_down"
    await services.models.list(refresh=True)
    with OpenAIServer(port=server.port) as other:
        await services.models.list(refresh=True)
        await goes_on(services, agent)
        assert other.chats[-1].body["tools"]


# Length


async def test_prompt_too_long_is_400_json_although_a_stream_was_asked_for(
    services: Services, server: OpenAIServer
) -> None:
    agent = await agent_on(services, server, context_window=32_768, settings=ModelSettings(max_output_tokens=256))
    for number in range(8):
        await say(services, agent, f"{number} {TALK}")
    server.context = 2_048
    await corrected(services, agent)
    overview = await services.context.overview(await thread_of(services, agent))
    assert overview.messages_out > 0


async def test_context_full_while_generating(services: Services, server: OpenAIServer) -> None:
    server.queue(Reply(text="one two three", finish="length"))
    agent = await agent_on(services, server)
    await told(services, agent, "grew longer than its limit and was cut. What was written is kept.")
    assert (await transcript(services, agent))[-1].text == "one two three"
    await corrected(services, agent)


async def test_max_tokens_cuts_a_tool_call(services: Services, server: OpenAIServer) -> None:
    server.queue(Reply(calls=(ToolCall("memory_replace", "{"),), finish="length"))
    run = await corrected(services, await agent_on(services, server))
    assert await repairs_of(services, run) == ["cut_call"]
    first, second = (one.body["max_tokens"] for one in server.chats[:2])
    assert second == 2 * first


async def test_a_cut_call_that_parses_is_not_run_either(services: Services, server: OpenAIServer) -> None:
    server.queue(Reply(calls=(ToolCall("memory_replace", ARGUMENTS | {"new_string": "Name: B"}),), finish="length"))
    agent = await agent_on(services, server)
    await corrected(services, agent)
    changes = await services.history.of_agent(agent.id)
    assert not any("Name: B\n" in str(one.after) for one in changes)


# Calls


async def test_call_text_arrives_as_content_where_no_tools_were_offered(
    services: Services, server: OpenAIServer
) -> None:
    written = f"<tool_call>\n{json.dumps({'name': 'memory_replace', 'arguments': ARGUMENTS})}\n</tool_call>"
    server.queue(Reply(text=f"I will.\n{written}"))
    agent = await agent_on(services, server)
    await services.agents.update(agent.id, AgentPatch(tool_names=()))
    run = await carried(services, agent)
    assert run.failure is None
    assert (await transcript(services, agent))[-1].text == "I will."
    assert await block_value(services, agent) == BEFORE


@pytest.mark.parametrize(
    "written",
    [
        '```json\n{"name": "memory_replace", "arguments": %s}\n```',
        "[memory_replace(label='human', old_string='Name: Chad.', new_string='Name: Brad.')]",
        '[TOOL_CALLS][{"name": "memory_replace", "arguments": %s}]',
    ],
)
async def test_other_call_styles_arrive_as_content(services: Services, server: OpenAIServer, written: str) -> None:
    server.queue(Reply(text=written.replace("%s", json.dumps(ARGUMENTS)), finish="stop"))
    run = await corrected(services, await agent_on(services, server))
    assert await repairs_of(services, run) == ["call_in_text"]


async def test_grammar_stumbles_over_a_token(services: Services, server: OpenAIServer) -> None:
    server.queue(EMPTY_GRAMMAR)
    await corrected(services, await agent_on(services, server))
    assert len(server.chats) == 3, "once more, and the answer"


async def test_call_forced_into_another_tool_by_the_grammar(services: Services, server: OpenAIServer) -> None:
    """Nobody can see that the model meant another one; the call must fit and its result must be seen."""
    server.queue(Reply(calls=(ToolCall("conversation_search", {"query": "}]"}),)))
    run = await carried(services, await agent_on(services, server), "hello")
    assert run.failure is None


async def test_history_with_invalid_arguments_poisons_every_later_request(
    services: Services, server: OpenAIServer
) -> None:
    server.queue(*(Reply(calls=(ToolCall("memory_replace", '{"label": "human", "old'),), finish="tool_calls"),) * 2)
    agent = await agent_on(services, server)
    await carried(services, agent)
    await goes_on(services, agent)
    calls = [call for one in server.chats for m in one.body["messages"] for call in m.get("tool_calls", ())]
    assert calls
    assert all(isinstance(json.loads(call["function"]["arguments"]), dict) for call in calls)


async def test_history_that_is_refused_all_the_same_names_the_way_out(services: Services, server: OpenAIServer) -> None:
    """The way out itself: test_stubborn_servers.py."""
    server.queue(BAD_HISTORY, BAD_HISTORY, BAD_HISTORY)
    run = await told(services, await agent_on(services, server), "could not read a tool call")
    assert run.failure is not None
    assert "empty the conversation's context window" in run.failure.hint


# Answers in JSON


async def json_agent(services: Services, server: OpenAIServer, **fields: Any) -> Agent:
    return await agent_on(services, server, settings=ModelSettings(tool_calls="json"), **fields)


async def test_json_answers_have_odd_whitespace(services: Services) -> None:
    with ByJson() as server:
        agent = await json_agent(services, server)
        server.queue(Reply(text=f'{{\n\t"tool"\n\t\t:"memory_replace" ,"args"\n\n:{json.dumps(ARGUMENTS)}\n}}\n\n'))
        await corrected(services, agent)


async def test_json_answer_comes_wholly_as_thinking(services: Services) -> None:
    with ByJson() as server:
        agent = await json_agent(services, server)
        server.queue(Reply(reasoning=json.dumps({"tool": "memory_replace", "args": ARGUMENTS})))
        await corrected(services, agent)


async def test_json_answer_is_cut(services: Services) -> None:
    with ByJson() as server:
        agent = await json_agent(services, server)
        server.queue(Reply(text='{"tool": "memory_replace", "args": {"label": "hum', finish="length"))
        run = await corrected(services, agent)
        assert await repairs_of(services, run) == ["cut_call"]
        server.queue(Reply(text='{"say": "I was just about to', finish="length"))
        cut = await carried(services, agent, "hello")
        assert cut.failure is not None
        assert (await transcript(services, agent))[-1].text == "I was just about to"


async def test_json_form_beside_tools_makes_tools_lose(services: Services) -> None:
    with ByJson() as server:
        await corrected(services, await json_agent(services, server))
        assert all("response_format" in one.body and "tools" not in one.body for one in server.chats)


async def test_reference_in_a_schema_that_no_grammar_can_follow(services: Services, engine: OpenEngine) -> None:
    point = {"type": "object", "properties": {"at": {"$ref": "#/$defs/nobody"}}, "required": ["at"]}
    mark = tool("mark_point", tool_type="custom", parameters=point)
    await engine.storage.write(lambda repos: repos.tools.upsert(mark))
    with ByJson() as server:
        agent = await json_agent(services, server, tool_names=("memory_replace", "mark_point"))
        await corrected(services, agent)
        assert "$ref" not in json.dumps(server.chats[0].body["response_format"])


# Thinking


async def test_thinking_leaks_where_it_was_switched_off(services: Services, server: OpenAIServer) -> None:
    server.queue(Reply(text="<think>\nThey greet me.\n</think>\n\nHello!"))
    agent = await agent_on(services, server, settings=ModelSettings(reasoning="off"))
    await carried(services, agent, "hello")
    assert (await transcript(services, agent))[-1].text == "Hello!"
    assert server.chats[0].body["chat_template_kwargs"] == {"enable_thinking": False}


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
async def test_unclosed_thinking_leaves_the_content_empty(services: Services, server: OpenAIServer, field: str) -> None:
    server.queue(Reply(reasoning="They correct a name, so", reasoning_field=field))
    run = await corrected(services, await agent_on(services, server))
    assert await repairs_of(services, run) == ["only_thinking"]
    assert server.chats[1].body["chat_template_kwargs"] == {"enable_thinking": False}


# What comes last


async def test_last_message_of_an_assistant_would_be_continued(services: Services, server: OpenAIServer) -> None:
    server.queue(Reply(text="one two three four", die_after=2), Reply(), Reply(text="once more"))
    agent = await agent_on(services, server)
    await told(services, agent, "words it had written are kept", "hello")
    for text in ("and now?", "and then?", "my name is Brad, not Chad"):
        await carried(services, agent, text)
    assert {one.body["messages"][-1]["role"] for one in server.chats} <= {"user", "tool"}


async def test_two_choices_and_a_last_event_without_any(services: Services, server: OpenAIServer) -> None:
    events = (
        {"choices": [{"index": 0, "delta": {"content": "One."}}, {"index": 1, "delta": {"content": "Two."}}]},
        {"choices": [{"index": 1, "delta": {"content": "Two again."}}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 1}},
    )
    server.queue(Reply(raw=b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in events)))
    agent = await agent_on(services, server)
    run = await carried(services, agent, "hello")
    assert (await transcript(services, agent))[-1].text == "One."
    assert (await services.runs.steps(run.id))[0].usage.prompt_tokens == 9


async def test_who_stops_frees_the_server(services: Services, server: OpenAIServer) -> None:
    server.queue(Reply(text="one two three four", hang_after=2))
    agent = await agent_on(services, server)
    run = await started(services, agent, "hello")
    async with asyncio.timeout(10):
        async for event in services.runs.subscribe(run.id, 0):
            if "two" in str(getattr(event.payload, "content", "")):
                break
    assert (await services.runs.cancel(run.id)).stop_reason == "cancelled"
    await asyncio.to_thread(server.wait_for, lambda: server.aborted == 1)
    assert (await transcript(services, agent))[-1].text == "one two"
    await corrected(services, agent)


# Other refusals


async def test_503_while_it_loads(services: Services, server: OpenAIServer) -> None:
    server.queue(LOADING)
    await corrected(services, await agent_on(services, server))


async def test_embedding_model_is_never_asked_to_chat_by_default(services: Services, server: OpenAIServer) -> None:
    """Nothing asks for embeddings yet, so their 501, 500 and 400 cannot come; a model made for them is marked."""
    server.entries = [{"id": "nomic-embed-text", "object": "model"}, {"id": "tiny", "object": "model"}]
    await services.providers.add(ProviderDraft(name="scripted", base_url=server.url))
    listed = next(one for one in await services.models.list() if one.provider.name == "scripted")
    assert {model.name: bool(model.unfit) for model in listed.models} == {"nomic-embed-text": True, "tiny": False}
    refusal = Refusal(501, error_body(501, "This server does not support chat.", "not_supported_error"))
    server.queue(refusal)
    run = await told(services, await agent_on(services, server), "had an internal error: This server does not")
    assert len(server.chats) == 1, "nothing that would help comes by itself"
    assert run.failure is not None


REFUSALS = {
    "unable to generate a parser": Refusal(400, error_body(400, "Unable to generate parser for this template…")),
    "batch too small": Refusal(500, error_body(500, "input (40002 tokens) is too large to process. increase the "
                                                    "physical batch size")),
    "content empty": Refusal(400, error_body(400, "Input content cannot be empty", "invalid_request_error")),
    "a megabyte of error": Refusal(500, error_body(500, "stack " * 170_000)),
    "half a page": Refusal(500, "<html><head><title>500", "text/html"),
    "no type": Refusal(400, '{"error":{"message":"odd"}}', ""),
    "nothing at all": Refusal(500, ""),
    "not modified": Refusal(304, ""),
    "a list": Refusal(400, "[]"),
    "a number": Refusal(418, "7"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
async def test_any_refusal_is_a_sentence_and_leaves_the_agent_as_it_was(
    services: Services, server: OpenAIServer, name: str
) -> None:
    await outlives(services, await agent_on(services, server), server, REFUSALS[name])


async def test_events_of_a_run_that_failed_end_too(services: Services, server: OpenAIServer) -> None:
    """Whoever listens is not left in silence."""
    server.queue(Refusal(401, error_body(401, "no", "authentication_error")))
    run = await started(services, await agent_on(services, server), "hello")
    async with asyncio.timeout(10):
        kinds = [event.payload.message_type for event in await events_of(services, run.id)]
    assert {"error_message", "stop_reason"} <= set(kinds)
