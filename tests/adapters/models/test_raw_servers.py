"""What servers and gateways send that no library of ours would write: broken pieces, long heads, odd shapes."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from app.adapters.models.http.connection import _proxy_for
from app.adapters.models.http.connection_failures import failed
from app.adapters.models.http.refusals import Server
from app.adapters.models.http.sse import Event
from app.adapters.models.ollama.reply import OllamaReply
from app.adapters.models.openai.reply import NotReadable, ReplyReader, ServerSaid
from app.adapters.models.openai.server import OpenAICompatible
from tests.support.servers.openai_requests import QUICK, answer, failure, provider, text_of

pytestmark = pytest.mark.anyio
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
WORDS = b'data: {"choices":[{"delta":{"content":"Hello"}}]}\n\n'
END = b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


@contextlib.asynccontextmanager
async def sending(*pieces: bytes, stay: bool = False) -> AsyncIterator[OpenAICompatible]:
    """A model whose server answers each request with these bytes, a pause between them."""
    leave = asyncio.Event()
    at_work: list[asyncio.Task[None] | None] = []

    async def send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        at_work.append(asyncio.current_task())
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.05)
            if stay:
                await leave.wait()
        writer.close()

    async with await asyncio.start_server(send, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        model = OpenAICompatible(provider(f"http://127.0.0.1:{port}/v1"), lambda: None, QUICK)
        model._was_listed = True  # only the reply is of interest
        yield model
        leave.set()
        await model.close()
        await asyncio.wait([task for task in at_work if task is not None])


async def test_a_piece_that_cannot_be_read_ends_the_waiting_at_once() -> None:
    async with sending(CHUNKED + chunk(WORDS), b"zz\r\n", stay=True) as model:
        model._connection.patience = replace(QUICK, idle=60.0, first=60.0)
        async with asyncio.timeout(10):
            error = await failure(model)
    assert error.code == "server_died"


async def test_a_whole_body_in_pieces_that_cannot_be_read_ends_the_waiting_at_once() -> None:
    head = CHUNKED.replace(b"text/event-stream", b"application/json")
    async with sending(head + chunk(b'{"choices"'), b"zz\r\n", stay=True) as model:
        model._connection.patience = replace(QUICK, idle=60.0, first=60.0)
        async with asyncio.timeout(10):
            error = await failure(model)
    assert error.code == "server_died"


async def test_a_reply_that_was_said_to_its_end_is_whole_although_the_connection_broke() -> None:
    async with sending(CHUNKED + chunk(WORDS), chunk(END)) as model:
        assert text_of(await answer(model)) == "Hello"


async def test_long_and_many_lines_of_a_head_are_no_reason_to_refuse() -> None:
    many = b"".join(b"X-%d: y\r\n" % number for number in range(300))
    head = HEAD + b"X-Long: " + b"x" * 20_000 + b"\r\n" + many + b"Connection: close\r\n\r\n"
    async with sending(head + WORDS, END) as model:
        assert text_of(await answer(model)) == "Hello"


@pytest.mark.parametrize("address", ["http://127.1:8080", "http://0:8080"])
async def test_an_address_that_cannot_be_used_is_called_so(address: str) -> None:
    model = OpenAICompatible(provider("http://x/v1"), lambda: None, QUICK)
    model._connection.base = address
    error = await failure(model)
    await model.close()
    assert error.code == "wrong_address"
    assert "is not a usable address" in error.message
    assert "http://127.0.0.1:8080" in error.hint


@pytest.mark.parametrize(("host", "to_blame"), [("xn--gre-6ka8l.example", "grüße.example"), ("proxy.example", "proxy")])
def test_a_name_that_is_not_found_is_blamed_on_whose_it_is(host: str, to_blame: str) -> None:
    key = ConnectionKey(host, 8000, False, True, None, None, None)
    problem = aiohttp.ClientConnectorDNSError(key, OSError("x"))
    problem.__cause__ = socket.gaierror(-2, "Name not known")
    error = failed(Server("tinyserver", "http://grüße.example:8000/v1", "tiny"), problem, begun=False)
    assert error.code == "server_down"
    assert to_blame in error.message


async def test_a_password_of_the_proxy_is_told_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as proxy:
        port = proxy.sockets[0].getsockname()[1]
        monkeypatch.setenv("HTTPS_PROXY", f"http://brad:hunter2@127.0.0.1:{port}")
        model = OpenAICompatible(provider("https://models.example/v1"), lambda: None, QUICK)
        error = await failure(model)
        await model.close()
    assert "proxy set in the environment" in error.message
    assert "407" in str(error.details["reason"])
    assert "hunter2" not in json.dumps([error.message, error.hint, error.details])


@pytest.mark.parametrize(
    ("excepted", "address", "used"),
    [
        ("models.example:8000", "http://models.example:8000/v1", False),
        ("models.example:8000", "http://models.example:9000/v1", True),
        ("models.example", "http://models.example:8000/v1", False),
        (".example", "http://models.example:8000/v1", False),
        ("elsewhere.example", "http://models.example:8000/v1", True),
        ("elsewhere.example", "http://localhost:8000/v1", False),
    ],
)
def test_servers_are_left_out_of_the_proxy_as_the_environment_says(
    excepted: str, address: str, used: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", excepted)
    assert _proxy_for(address) == ("http://127.0.0.1:1" if used else None)


ODD: list[Any] = [None, True, 0, -1, 1.5, float("inf"), "x", "", [], [1], ["a"], [None], {}, {"a": 1}, [{}], [[]]]
PLACES = (
    "choices",
    "choices.0",
    "choices.0.index",
    "choices.0.delta",
    "choices.0.delta.content",
    "choices.0.delta.reasoning",
    "choices.0.delta.tool_calls",
    "choices.0.delta.tool_calls.0.function",
    "choices.0.delta.tool_calls.0.function.name",
    "choices.0.delta.tool_calls.0.function.arguments",
    "choices.0.delta.tool_calls.0.index",
    "choices.0.delta.tool_calls.0.id",
    "choices.0.finish_reason",
    "usage",
    "usage.prompt_tokens",
    "usage.prompt_tokens_details",
    "timings",
    "timings.predicted_n",
)


def with_odd(place: str, odd: Any) -> bytes:
    call = {"index": 0, "id": "call_1", "function": {"name": "f", "arguments": "{}"}}
    choice = {"index": 0, "delta": {"content": "x", "reasoning": "y", "tool_calls": [call]}, "finish_reason": "stop"}
    event: Any = {"choices": [choice], "usage": {"prompt_tokens": 3, "prompt_tokens_details": {}}}
    if place.startswith("timings"):
        event = {"choices": [choice], "timings": {"predicted_n": 3}}
    *way, last = place.split(".")
    holder = event
    for name in way:
        holder = holder[int(name) if name.isdecimal() else name]
    holder[int(last) if last.isdecimal() else last] = odd
    return json.dumps(event).encode()


@pytest.mark.parametrize("place", PLACES)
def test_values_of_another_kind_are_read_as_well_as_can_be(place: str) -> None:
    for odd in ODD:
        data = with_odd(place, odd)
        reader = ReplyReader()
        try:
            deltas = reader.read(Event(data, data)) + reader.close(b"")
        except (NotReadable, ServerSaid):
            continue
        for delta in deltas:
            said = (delta.text, delta.reasoning, delta.call_id, delta.call_name, delta.call_arguments, delta.finish)
            assert all(type(one) is str for one in said), (odd, delta)


@pytest.mark.parametrize("odd", ODD)
def test_counts_of_ollama_of_another_kind_are_left_out(odd: Any) -> None:
    reply = OllamaReply()
    line = {"message": {"content": "x"}, "done": True, "done_reason": "stop", "eval_count": odd, "load_duration": odd}
    reply.read(json.dumps(line).encode())
    assert all(delta.usage is None or delta.usage.completion_tokens >= 0 for delta in reply.close())
