"""The adapter for OpenAI-compatible servers, over real HTTP: what arrives, and how connections live and end."""

import asyncio
import subprocess
import sys
from contextlib import aclosing

import pytest

from app.adapters.models.http.connection import bases_of
from app.adapters.models.openai.server import OpenAICompatible
from app.domain.address import is_here
from tests.support.servers.openai_replies import Refusal, Reply, ToolCall
from tests.support.servers.openai_requests import (
    QUICK,
    answer,
    calls_of,
    failure,
    finish_of,
    provider,
    reasoning_of,
    request,
    said,
    text_of,
    tool,
)
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio

CALL = ToolCall("memory_replace", {"label": "human", "old_string": "Chad 🎉", "new_string": "Brad"})


async def test_text_reasoning_calls_finish_and_usage_arrive(server: OpenAIServer, model: OpenAICompatible) -> None:
    server.queue(Reply(text="Let me see. 🎉", reasoning="A name. ", calls=(CALL,)))

    deltas = await answer(model, request(said("Hi"), tools=(tool("memory_replace", "label"),)))

    assert (text_of(deltas), reasoning_of(deltas)) == ("Let me see. 🎉", "A name. ")
    assert calls_of(deltas) == [("memory_replace", CALL.text)]
    assert len(next(delta.call_id for delta in deltas if delta.call_id)) == 32
    assert [finish_of(deltas), deltas[-2].finish] == ["tool_calls", "tool_calls"]
    assert deltas[-1].usage
    assert deltas[-1].usage.prompt_tokens == server.count(server.chats[0].body)


async def test_server_receives_exactly_the_encoded_bytes(server: OpenAIServer, model: OpenAICompatible) -> None:
    wire = model.encode(request(said("Grüß dich 🎉")))
    async for _ in model.stream(wire):
        pass

    assert server.chats[0].raw == wire.body
    assert server.chats[0].headers["content-type"] == "application/json"


async def test_raw_bytes_of_all_deltas_are_the_whole_reply(server: OpenAIServer, model: OpenAICompatible) -> None:
    body = (
        b": hello\n\n"
        b'data: {"choices":[{"delta":{"role":"assistant","content":null}}]}\n\n'
        b'data: {"choices":[{"delta":{"content":"Hi"}}]}\r\n\r\n'
        b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'
        b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1}}\n\n'
        b"data: [DONE]\n\n"
    )
    server.queue(Reply(raw=body))

    assert b"".join(delta.raw for delta in await answer(model)) == body


@pytest.mark.parametrize(
    "variant",
    [
        pytest.param({"slice_bytes": 1}, id="every byte alone, characters cut in two"),
        pytest.param({"slice_bytes": 3}, id="three bytes at a time"),
        pytest.param({"whole_calls": True}, id="whole calls in one delta"),
        pytest.param({"with_ids": False}, id="no ids"),
        pytest.param({"with_ids": False, "with_indexes": False, "whole_calls": True}, id="neither ids nor indexes"),
        pytest.param({"with_usage": False}, id="no usage"),
        pytest.param({"with_done": False}, id="no end mark"),
        pytest.param({"with_usage": False, "with_done": False, "stays_open": True}, id="open after the finish"),
        pytest.param({"stays_open": True}, id="open after the end mark"),
        pytest.param({"with_finish": False}, id="end mark without a finish"),
        pytest.param({"reasoning_field": "reasoning"}, id="reasoning under its other name"),
    ],
)
async def test_every_way_of_streaming_gives_the_same_reply(
    variant: dict[str, object], server: OpenAIServer, model: OpenAICompatible
) -> None:
    server.queue(Reply(text="Grüße 🎉!", reasoning="So. ", calls=(CALL,), **variant))  # type: ignore[arg-type]

    deltas = await answer(model)

    assert (text_of(deltas), reasoning_of(deltas)) == ("Grüße 🎉!", "So. ")
    assert calls_of(deltas) == [("memory_replace", CALL.text)]


async def test_server_that_does_not_stream_is_understood(server: OpenAIServer, model: OpenAICompatible) -> None:
    whole = {
        "choices": [
            {
                "finish_reason": "tool_calls",
                "message": {
                    "role": "assistant",
                    "content": "Yes.",
                    "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
                },
            }
        ],
        "usage": {"prompt_tokens": 7, "completion_tokens": 2},
    }
    server.queue(Refusal(200, whole))

    deltas = await answer(model)

    assert (text_of(deltas), calls_of(deltas), finish_of(deltas)) == ("Yes.", [("f", "{}")], "tool_calls")
    assert deltas[-1].usage
    assert deltas[-1].usage.prompt_tokens == 7


async def test_reply_cut_by_the_limit_says_so(server: OpenAIServer, model: OpenAICompatible) -> None:
    server.queue(Reply(calls=(ToolCall("f", "{"),), finish="length"))

    deltas = await answer(model)

    assert (calls_of(deltas), finish_of(deltas)) == ([("f", "{")], "length")


async def test_closing_the_iterator_hangs_up_at_once(server: OpenAIServer, model: OpenAICompatible) -> None:
    server.queue(Reply(text="one two three four", hang_after=2))

    async with aclosing(model.stream(model.encode(request()))) as deltas:
        first = await anext(deltas)

    assert first.text == "one"
    await asyncio.to_thread(server.wait_for, lambda: server.aborted == 1)
    assert not model.busy


async def test_cancelling_the_task_hangs_up_at_once(server: OpenAIServer, model: OpenAICompatible) -> None:
    server.queue(Reply(hold=True))
    task = asyncio.ensure_future(answer(model))
    await asyncio.to_thread(server.wait_for, lambda: len(server.chats) == 1)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(server.wait_for, lambda: server.aborted == 1)
    assert text_of(await answer(model)) == "You said: Hello"


async def test_slow_first_byte_is_waited_for(server: OpenAIServer, model: OpenAICompatible) -> None:
    server.queue(Reply(text="Awake.", hold=True))
    task = asyncio.ensure_future(answer(model))
    await asyncio.to_thread(server.wait_for, lambda: len(server.chats) == 1)
    assert not task.done()

    server.release()

    assert text_of(await task) == "Awake."


async def test_one_connection_serves_many_requests(server: OpenAIServer, model: OpenAICompatible) -> None:
    await model.models()
    for _ in range(3):
        await answer(model)

    assert server.connections == 1


async def test_two_replies_stream_side_by_side(server: OpenAIServer, model: OpenAICompatible) -> None:
    server.queue(Reply(text="first", hold=True), Reply(text="second"))
    held = asyncio.ensure_future(answer(model))
    await asyncio.to_thread(server.wait_for, lambda: len(server.chats) == 1)

    assert text_of(await answer(model)) == "second"
    server.release()
    assert text_of(await held) == "first"


async def test_proxy_of_the_environment_does_not_swallow_a_local_server(
    server: OpenAIServer, model: OpenAICompatible, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    assert text_of(await answer(model)) == "You said: Hello"


async def test_cookies_are_not_kept(server: OpenAIServer, model: OpenAICompatible) -> None:
    server.queue(Refusal(503, {"error": {"message": "x"}}, headers={"Set-Cookie": "track=1; Path=/"}))
    with pytest.raises(Exception, match="busy"):
        await answer(model)

    await answer(model)

    assert "cookie" not in server.chats[1].headers


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/v1"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/v1"),
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"),
        ("http://127.0.0.1:8080/v1/", "http://127.0.0.1:8080/v1"),
        ("http://127.0.0.1:8080/v1/chat/completions", "http://127.0.0.1:8080/v1"),
        ("localhost:1234", "http://localhost:1234/v1"),
        ("https://openrouter.ai/api/v1", "https://openrouter.ai/api/v1"),
        ("https://example.com/inference", "https://example.com/inference"),
        ("https://example.com/inference/chat/completions", "https://example.com/inference"),
        ("https://brad:hunter2@example.com/inference", "https://example.com/inference"),
        ("https://example.com/openai/deployments/x?api-version=1", "https://example.com/openai/deployments/x"),
        ("https://example.com/v1beta/openai/", "https://example.com/v1beta/openai"),
        (" http://[::1]:8080 ", "http://[::1]:8080/v1"),
    ],
)
async def test_address_is_understood_with_and_without_version(given: str, base: str) -> None:
    assert bases_of(given)[0] == base


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ("/inference", ["/inference/chat/completions"]),
        ("/inference/", ["/inference/chat/completions"]),
        ("/inference/chat/completions", ["/inference/chat/completions"]),
        ("/inference?api-version=2024&x=a%20b", ["/inference/chat/completions?api-version=2024&x=a%20b"]),
        ("/v3?key=k", ["/v3/chat/completions?key=k"]),
        ("/gateway", ["/gateway/chat/completions", "/gateway/v1/chat/completions"]),
        ("", ["/v1/chat/completions"]),
    ],
)
async def test_an_address_is_taken_exactly_and_only_then_guessed(
    given: str, asked: list[str], server: OpenAIServer
) -> None:
    server.answers = {asked[-1].partition("?")[0]: Reply(text="Hello")}
    model = OpenAICompatible(provider(f"http://127.0.0.1:{server.port}{given}"), lambda: None, QUICK)
    model._was_listed = True
    assert text_of(await answer(model)) == "Hello"
    assert [one.path for one in server.requests] == asked
    await answer(model)
    assert server.requests[-1].path == asked[-1]
    assert len(server.requests) == len(asked) + 1, "where it is was remembered"
    await model.close()


async def test_models_are_listed_where_the_server_is(server: OpenAIServer) -> None:
    listing = {"object": "list", "data": [{"id": "tiny", "context_length": 4096}]}
    server.answers = {"/inference/models": Refusal(200, listing)}
    model = OpenAICompatible(provider(f"http://127.0.0.1:{server.port}/inference?v=1"), lambda: None, QUICK)
    assert [one.name for one in await model.models()] == ["tiny"]
    assert server.requests[0].path == "/inference/models?v=1"
    await model.close()


async def test_user_and_password_go_with_the_request_and_are_shown_nowhere(server: OpenAIServer) -> None:
    address = f"http://brad:hunter2@127.0.0.1:{server.port}/v1?token=s3cret"
    model = OpenAICompatible(provider(address), lambda: None, QUICK)
    server.queue(Refusal(404, "404 page not found", "text/plain"))
    error = await failure(model)
    sent = next(one for one in server.requests if one.method == "POST")
    assert sent.headers["authorization"] == "Basic YnJhZDpodW50ZXIy"
    told = f"{error.message} {error.hint} {error.details} {model!r}"
    assert "hunter2" not in told
    assert "s3cret" not in told
    await model.close()


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:1/v1", True),
        ("http://localhost/v1", True),
        ("http://[::1]:1/v1", True),
        ("http://127.8.9.1/v1", True),
        ("http://192.168.1.5/v1", False),
        ("https://api.openai.com/v1", False),
        ("http://localhost.example.com/v1", False),
    ],
)
async def test_only_this_computer_counts_as_local(url: str, local: bool) -> None:
    assert is_here(url) is local


@pytest.mark.parametrize("suffix", ["", "/", "/v1/"])
async def test_server_is_reached_however_its_address_was_typed(server: OpenAIServer, suffix: str) -> None:
    model = OpenAICompatible(provider(f"http://127.0.0.1:{server.port}{suffix}"), lambda: None, QUICK)

    assert text_of(await answer(model)) == "You said: Hello"
    await model.close()


def test_engine_starts_without_importing_http_or_key_rings() -> None:
    code = (
        "import sys, app.adapters.models.catalog, app.adapters.secrets;"
        "print([name for name in ('aiohttp', 'httpx', 'keyring', 'openai', 'ssl') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "['ssl']" or done.stdout.strip() == "[]"
