"""Servers that refuse something in the history: the person is told, and the agent is never stuck with it."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from app.bootstrap import OpenEngine
from app.domain.agent import Agent, AgentPatch
from app.domain.message import ImagePart, MessageDraft, TextPart
from app.domain.run import Run
from app.engine.model_call.snapshot import read_images, read_view
from app.services import Services
from tests.support.engine.filling import fill
from tests.support.engine.talking import block_value, check_invariants, events_of, say, transcript
from tests.support.engine.whole_engine import agent_on, thread_of
from tests.support.servers.openai_replies import BAD_HISTORY, JsonObject, Refusal, Reply, Scripted, ToolCall, error_body
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
NO_IMAGES = Refusal(500, error_body(500, "image input is not supported - hint: you may need to provide the mmproj"))


class Choosy(OpenAIServer):
    """Refuses every request in which it finds a text."""

    refuses = "image_url"
    refusal: Scripted = NO_IMAGES

    def _chat(self, body: JsonObject) -> Scripted:
        return self.refusal if self.refuses in json.dumps(body["messages"]) else super()._chat(body)


@pytest.fixture
def server() -> Iterator[Choosy]:
    with Choosy() as opened:
        yield opened


async def show(services: Services, agent: Agent, text: str) -> Run:
    """Sends a message with an image and waits for the end of the run."""
    blob = await services.blobs.put(base64.b64encode(PNG).decode(), "image/png")
    parts = (TextPart(text=text), ImagePart(sha256=blob.sha256, media_type=blob.media_type))
    run = await services.runs.start(await thread_of(services, agent), MessageDraft(parts=parts))
    await events_of(services, run.id)
    return await services.runs.get(run.id)


async def test_an_image_to_a_model_without_vision_is_a_sentence_and_the_agent_goes_on_without_it(
    services: Services, server: Choosy
):
    agent = await agent_on(services, server)
    refused = await show(services, agent, "Look!")
    assert refused.failure is not None
    assert "cannot see images" in refused.failure.message
    assert "vision" in refused.failure.hint
    for text in ("my name is Brad, not Chad", "and now?"):
        assert (await say(services, agent, text)).stop_reason == "end_turn"
    assert (await block_value(services, agent)).startswith("Name: Brad.")
    assert "left out because this model cannot see it" in json.dumps(server.chats[-1].body)
    check_invariants(await transcript(services, agent))


async def test_the_same_agent_sees_the_image_again_with_a_model_that_can(services: Services, server: Choosy):
    agent = await agent_on(services, server)
    await show(services, agent, "Look!")
    await say(services, agent, "hello")
    server.refuses = "nothing of this"
    await say(services, agent, "and now?")
    assert "image_url" in json.dumps(server.chats[-1].body)


async def test_an_image_that_is_gone_is_said_to_be_gone_and_costs_no_reply(engine: OpenEngine, server: Choosy):
    server.refuses = "nothing of this"
    services = engine.services
    agent = await agent_on(services, server)
    await show(services, agent, "Look!")
    await engine.storage.write(lambda repos: repos.blobs.db.exec_driver_sql("DELETE FROM blobs"))  # type: ignore[attr-defined]
    assert (await say(services, agent, "and now?")).stop_reason == "end_turn"
    assert "no longer stored" in json.dumps(server.chats[-1].body)
    assert (await services.context.overview(await thread_of(services, agent))).messages_in == 4


async def test_a_history_that_a_server_cannot_take_names_the_way_out_and_the_way_works(
    services: Services, server: Choosy
):
    agent = await agent_on(services, server)
    await say(services, agent, "my name is Brad, not Chad")
    server.refuses, server.refusal = "tool_calls", BAD_HISTORY
    stuck = await say(services, agent, "hello")
    assert stuck.failure is not None
    assert "empty the conversation's context window" in stuck.failure.hint
    await services.conversations.reset(await thread_of(services, agent))
    assert (await say(services, agent, "hello")).stop_reason == "end_turn"


async def test_a_prompt_refused_without_numbers_is_shortened_until_it_fits(engine: OpenEngine, server: Choosy):
    services = engine.services
    agent = await agent_on(services, server)
    server.refuses = "Message 3:"
    server.refusal = Refusal(400, error_body(400, "the prompt is too long", "invalid_request_error"))
    thread = await thread_of(services, agent)
    await fill(engine.storage, engine.clock, engine.ids, thread, 40, 40)
    assert (await say(services, agent, "hello")).stop_reason == "end_turn"
    assert (await services.context.overview(thread)).messages_out > 0
    shown = (await services.messages.page(thread, limit=100)).messages
    assert len([message for message in shown if message.role != "summary"]) == 42


# Replies


async def test_two_edits_and_a_search_in_one_reply_all_happen_and_are_all_answered(services: Services, server: Choosy):
    agent = await agent_on(services, server)
    edits = (
        ToolCall("memory_replace", {"label": "human", "old_string": "Name: Chad.", "new_string": "Name: Brad."}),
        ToolCall("conversation_search", {"query": "hello", "limit": 3, "start_date": "0001-01-01"}),
        ToolCall("memory_insert", {"label": "human", "new_string": "Has a cat."}),
        ToolCall("memory_replace", {"label": "human", "old_string": "Name: Brad.", "new_string": "Name: Zoë."}),
    )
    server.queue(Reply(text="One moment.", calls=edits))
    run = await say(services, agent, "hello")
    assert run.stop_reason == "end_turn"
    assert await block_value(services, agent) == "Name: Zoë.\nLikes tea.\nHas a cat."
    messages = await transcript(services, agent)
    check_invariants(messages)
    assert [part.status for part in messages[2].tool_returns] == ["success", "error", "success", "success"]
    changes = [event for event in await services.history.of_agent(agent.id) if event.origin.run_id == run.id]
    assert len({event.origin.tool_call_id for event in changes}) == 3
    for change in changes:
        await services.history.undo(change.seq)
    assert await block_value(services, agent) == "Name: Chad.\nLikes tea."


async def test_calls_that_share_an_id_are_carried_out_and_answered_one_by_one(services: Services, server: Choosy):
    agent = await agent_on(services, server)
    call = {"id": "same", "type": "function"}
    calls = [
        call | {"index": at, "function": {"name": "core_memory_append", "arguments": json.dumps(arguments)}}
        for at, arguments in enumerate(({"label": "human", "content": "One."}, {"label": "human", "content": "Two."}))
    ]
    await services.agents.update(agent.id, AgentPatch(tool_names=("core_memory_append",)))
    chunk = {"choices": [{"index": 0, "delta": {"tool_calls": calls}, "finish_reason": "tool_calls"}]}
    server.queue(Reply(raw=f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode()))
    assert (await say(services, agent, "hello")).stop_reason == "end_turn"
    assert (await block_value(services, agent)).endswith("One.\nTwo.")
    check_invariants(await transcript(services, agent))


@pytest.mark.parametrize("name", ["", "no such tool", "memory_delete"])
async def test_a_tool_that_does_not_exist_is_answered_with_those_that_do(services: Services, server: Choosy, name: str):
    agent = await agent_on(services, server)
    server.queue(Reply(calls=(ToolCall(name, {"a": 1}),)), Reply(text="I see."))
    assert (await say(services, agent, "hello")).stop_reason == "end_turn"
    returned = (await transcript(services, agent))[2].tool_returns[0]
    assert "memory_insert, memory_replace" in returned.text
    assert (await say(services, agent, "and now?")).stop_reason == "end_turn"


async def test_two_hundred_calls_in_one_reply_are_all_answered(services: Services, server: Choosy):
    server.context = 500_000
    agent = await agent_on(services, server, context_window=500_000)
    calls = tuple(
        ToolCall("memory_insert", {"label": "human", "new_string": f"Fact {n}."})
        if n % 2
        else ToolCall("conversation_search", {"query": "fact"})
        for n in range(200)
    )
    server.queue(Reply(calls=calls, whole_calls=True))
    assert (await say(services, agent, "hello")).stop_reason == "end_turn"
    check_invariants(await transcript(services, agent))
    assert (await block_value(services, agent)).count("Fact") == 100


async def test_half_an_emoji_from_a_server_spoils_nothing(services: Services, server: Choosy):
    agent = await agent_on(services, server)
    chunks = (
        {"choices": [{"index": 0, "delta": {"content": "Hi \ud83d"}}]},
        {"choices": [{"index": 0, "delta": {"content": "\x00!"}, "finish_reason": "stop"}]},
    )
    server.queue(Reply(raw=b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in chunks)))
    assert (await say(services, agent, "hello")).stop_reason == "end_turn"
    assert (await transcript(services, agent))[-1].text == "Hi \ufffd\ufffd!"
    assert (await say(services, agent, "and now?")).stop_reason == "end_turn"


async def test_a_reply_of_two_megabytes_ends_in_order_and_the_agent_answers(services: Services, server: Choosy):
    agent = await agent_on(services, server)
    piece = json.dumps({"choices": [{"index": 0, "delta": {"content": " ".join(map(str, range(20_000)))}}]}).encode()
    end = json.dumps({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}).encode()
    server.queue(Reply(raw=(b"data: " + piece + b"\n\n") * 20 + b"data: " + end + b"\n\n"))
    run = await say(services, agent, "tell me everything")
    assert (run.status, run.stop_reason) == ("completed", "max_tokens_exceeded")
    assert 390_000 < len((await transcript(services, agent))[-1].text) <= 400_000
    assert (await say(services, agent, "and now?")).stop_reason == "end_turn"


async def test_the_bytes_of_images_are_read_for_a_request_and_not_to_count_one(engine: OpenEngine, server: Choosy):
    agent = await agent_on(engine.services, server)
    await show(engine.services, agent, "Look!")
    thread = await thread_of(engine.services, agent)
    statements: list[str] = []

    def work(repos: Any) -> None:
        connection = repos.messages.db.connection.driver_connection
        connection.set_trace_callback(statements.append)
        view = read_view(repos, agent.id, thread)
        connection.set_trace_callback(None)
        assert any(isinstance(part, ImagePart) for member in view.members for part in member.message.parts)
        assert list(read_images(repos, view.members).values()) == [("image/png", PNG)]

    await engine.storage.read(work)
    assert [statement for statement in statements if "blobs" in statement] == []
    assert statements
