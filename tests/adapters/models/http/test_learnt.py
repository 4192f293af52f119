"""What servers refuse is learnt once per server and model, put right in the next request, and known after a restart."""

import json
from typing import Any

import pytest

from app.adapters.database import open_storage
from app.adapters.models.http.learnt import refused_part
from app.adapters.models.http.refusals import Server, refused
from app.adapters.models.ollama.server import Ollama
from app.adapters.models.openai.server import OpenAICompatible
from app.adapters.system import SystemClock
from app.domain.error import ModelError
from app.domain.model import Provider
from app.services.models.server_notes import StoredNotes
from tests.support.servers.ollama_pages import error as error_page
from tests.support.servers.ollama_server import OllamaServer
from tests.support.servers.openai_replies import Refusal, Reply
from tests.support.servers.openai_requests import (
    QUICK,
    answer,
    called,
    provider,
    request,
    returned,
    said,
    text_of,
    tool,
)
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio


class Notes:
    """Kept in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, frozenset[str]]] = {}

    async def read(self, provider: Provider) -> dict[str, frozenset[str]]:
        return dict(self.kept.get(provider.id, {}))

    async def write(self, provider: Provider, refused: dict[str, frozenset[str]]) -> None:
        self.kept[provider.id] = dict(refused)


def said_no(status: int, words: str) -> Refusal:
    return Refusal(status, {"error": {"message": words, "type": "invalid_request_error", "param": None, "code": None}})


EXTRA = {
    "detail": [{"type": "extra_forbidden", "loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]
}
PARAMETERS: list[tuple[Refusal, str, str | None]] = [
    (
        said_no(400, "Unsupported parameter: 'max_tokens' is not supported with this model. "
                "Use 'max_completion_tokens' instead."),
        "max_tokens", "max_completion_tokens",
    ),
    (Refusal(422, EXTRA), "stream_options", None),
    (said_no(400, "Unrecognized request argument supplied: stream_options"), "stream_options", None),
    (said_no(400, "'temperature' does not support 0.2 with this model. Only the default (1) value is supported."),
     "temperature", None),
    (said_no(400, "Unknown name \"chat_template_kwargs\": Cannot find field."), "chat_template_kwargs", None),
    (Refusal(422, {"detail": "Unexpected field: max_tokens"}), "max_tokens", "max_completion_tokens"),
    (said_no(501, "temperature is not supported by this backend"), "temperature", None),
]  # fmt: skip
ORDERS = [
    (400, "Unexpected role 'user' after role 'tool'"),
    (400, "Conversation roles must alternate user/assistant/user/assistant/..."),
    (
        500,
        "After the optional system message, conversation roles must alternate user and assistant.",
    ),
    (400, 'messages: roles must alternate between "user" and "assistant", but found multiple "user" roles in a row'),
    (400, "Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant"),
    (422, "The first message must be from the user"),
]
SYSTEMS = [
    (400, "System role not supported"),
    (500, "Jinja Exception: System role not supported"),
    (400, "This model does not support system messages."),
    (400, "Developer instruction is not enabled for models/gemma-3-27b-it"),
    (400, "system messages are not allowed for this model"),
    (422, "Input should be 'user' or 'assistant'"),
]
IDS = [
    (400, "Tool call id was call_8cdaf_0 but must be a-z, A-Z, 0-9, with a length of 9."),
    (500, "Tool call IDs should be alphanumeric strings with length 9!"),
    (400, "messages.3.tool_call_id: String should match pattern '^[a-zA-Z0-9_-]+$'"),
    (400, "Invalid tool_call_id: functions.f:0"),
    (422, "tool_call_ids must be 9 characters"),
    (400, "Malformed tool call id in message 2"),
]
TOOLS = [
    (404, "No endpoints found that support tool use. To learn more about provider routing, visit: https://example.com"),
    (400, "registry.ollama.ai/library/tiny:latest does not support tools"),
    (400, "Function calling is not enabled for this model"),
    (400, "`tools` is not supported with this model"),
    (400, "This model does not support function calling"),
    (422, "Tool use is not supported"),
]
ASKED = request(
    said("Hi"), called("f", "{}", "call_8cdaf_0"), returned("ok", "f", "call_8cdaf_0"), said("Well?"),
    temperature=0.2, reasoning="off", tools=(tool("f"),),
)  # fmt: skip


async def learns(server: OpenAIServer, refusal: Refusal, notes: Notes | None = None) -> Any:
    """What is sent after a refusal, which the engine takes as a reason to ask at once."""
    model = OpenAICompatible(provider(server.url), lambda: None, QUICK, notes)
    server.queue(refusal, Reply(text="Hello"))
    with pytest.raises(ModelError) as raised:
        await answer(model, ASKED)
    assert raised.value.retryable
    assert raised.value.details["learnt"]
    assert text_of(await answer(model, ASKED)) == "Hello"
    await model.close()
    return server.chats[-1].body


@pytest.mark.parametrize(("refusal", "gone", "instead"), PARAMETERS)
async def test_a_refused_parameter_is_left_out_from_then_on(
    refusal: Refusal, gone: str, instead: str | None, server: OpenAIServer
) -> None:
    body = await learns(server, refusal)
    assert gone in server.chats[0].body
    assert gone not in body
    assert instead is None or instead in body


@pytest.mark.parametrize(("status", "words"), ORDERS)
async def test_a_demanded_order_is_kept_from_then_on(status: int, words: str, server: OpenAIServer) -> None:
    body = await learns(server, said_no(status, words))
    assert [one["role"] for one in body["messages"]] == ["system", "user", "assistant", "tool", "assistant", "user"]


@pytest.mark.parametrize(("status", "words"), SYSTEMS)
async def test_a_refused_system_message_is_told_otherwise(status: int, words: str, server: OpenAIServer) -> None:
    body = await learns(server, said_no(status, words))
    assert body["messages"][0] == {"role": "user", "content": "You are kind.\n\nHi"}


@pytest.mark.parametrize(("status", "words"), IDS)
async def test_ids_get_another_form(status: int, words: str, server: OpenAIServer) -> None:
    body = await learns(server, said_no(status, words))
    assert len(body["messages"][3]["tool_call_id"]) == 9


@pytest.mark.parametrize(("status", "words"), TOOLS)
async def test_a_model_that_takes_no_tools_is_known(status: int, words: str, server: OpenAIServer) -> None:
    model = OpenAICompatible(provider(server.url), lambda: None, QUICK)
    server.queue(said_no(status, words))
    with pytest.raises(ModelError) as raised:
        await answer(model, ASKED)
    assert raised.value.code == "bad_request"
    assert "cannot call tools" in raised.value.message
    facts = (await model.prepare(ASKED)).facts
    assert facts is not None
    assert facts.tools is False
    await model.close()


async def test_each_thing_is_learnt_once_and_several_one_after_the_other(server: OpenAIServer) -> None:
    model = OpenAICompatible(provider(server.url), lambda: None, QUICK)
    refusals = [PARAMETERS[0][0], PARAMETERS[1][0], said_no(400, ORDERS[0][1]), said_no(400, IDS[0][1])]
    server.queue(*refusals)
    for _ in refusals:
        with pytest.raises(ModelError) as raised:
            await answer(model, ASKED)
        assert "learnt" in raised.value.details
    server.queue(refusals[2])
    with pytest.raises(ModelError) as raised:
        await answer(model, ASKED)
    assert "learnt" not in raised.value.details
    await model.close()


@pytest.mark.parametrize(
    "words",
    [
        "max_tokens is too large: 100000. This model supports at most 4096 completion tokens.",
        "Something went wrong",
        "Invalid value for 'content': expected a string",
        "temperature must be between 0 and 1",
    ],
)
async def test_other_refusals_teach_nothing(words: str, server: OpenAIServer) -> None:
    model = OpenAICompatible(provider(server.url), lambda: None, QUICK)
    server.queue(said_no(400, words))
    with pytest.raises(ModelError) as raised:
        await answer(model, ASKED)
    assert "learnt" not in raised.value.details
    await model.close()


async def test_other_models_of_the_server_are_asked_as_ever(server: OpenAIServer) -> None:
    notes = Notes()
    await learns(server, said_no(400, SYSTEMS[0][1]), notes)
    model = OpenAICompatible(provider(server.url), lambda: None, QUICK, notes)
    server.queue(Reply(text="Hello"), Reply(text="Hello"))
    await answer(model, ASKED.model_copy(update={"model": "other"}))
    assert server.chats[-1].body["messages"][0]["role"] == "system"
    await answer(model, ASKED)
    assert server.chats[-1].body["messages"][0]["role"] == "user"
    await model.close()


async def test_a_schema_that_is_refused_becomes_json_of_any_form(server: OpenAIServer) -> None:
    model = OpenAICompatible(provider(server.url), lambda: None, QUICK)
    asked = request(answer_schema={"type": "object"})
    server.queue(said_no(400, "This response_format type is unavailable now"), Reply(text="{}"))
    with pytest.raises(ModelError):
        await answer(model, asked)
    await answer(model, asked)
    assert server.chats[-1].body["response_format"] == {"type": "json_object"}
    await model.close()


async def test_it_is_known_after_a_restart_but_not_at_another_address(tmp_path: Any, server: OpenAIServer) -> None:
    there = provider(server.url)
    storage = await open_storage(tmp_path, SystemClock(), on_changed=lambda changed: None)
    await storage.write(lambda repos: repos.providers.add(there))
    model = OpenAICompatible(there, lambda: None, QUICK, StoredNotes(storage))
    server.queue(PARAMETERS[0][0])
    with pytest.raises(ModelError):
        await answer(model, ASKED)
    await model.close()
    await storage.close()

    storage = await open_storage(tmp_path, SystemClock(), on_changed=lambda changed: None)
    again = OpenAICompatible(there, lambda: None, QUICK, StoredNotes(storage))
    server.queue(Reply(text="Hello"))
    await answer(again, ASKED)
    assert "max_completion_tokens" in server.chats[-1].body
    await again.close()
    moved = there.model_copy(update={"base_url": "http://127.0.0.1:9/v1"})
    assert await StoredNotes(storage).read(moved) == {}
    await storage.close()


async def test_ollama_learns_the_order_too(ollama: OllamaServer, native: Ollama) -> None:
    ollama.queue(error_page(500, ORDERS[2][1]))
    with pytest.raises(ModelError) as raised:
        await answer(native, ASKED)
    assert raised.value.details["learnt"] == "order"
    sent = json.loads(native.encode(await native.prepare(ASKED)).body)["messages"]
    assert [one["role"] for one in sent] == ["system", "user", "assistant", "tool", "assistant", "user"]


@pytest.mark.parametrize("name", ["parallel_tool_calls", "tool_choice", "chat_template_kwargs", "reasoning_effort"])
async def test_a_field_that_google_does_not_know_is_left_out_next_time(name: str) -> None:
    """It names one field for each line, and wraps the error in a list."""
    told = {"code": 400, "message": f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.'}
    body = json.dumps([{"error": told | {"status": "INVALID_ARGUMENT"}}]).encode()
    error = refused(Server("google_ai", "https://models.example/v1/chat/completions", "m"), 400, body, "")
    assert refused_part(error, {name: {}, "model": "m"}) == name
    assert refused_part(error, {"model": "m"}) is None
