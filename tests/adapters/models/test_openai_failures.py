"""Connections that do not come about or break: every trap with the code and the sentence it becomes."""

import asyncio
import contextlib
import socket
import ssl
from dataclasses import replace
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from app.adapters.models.http.connection_failures import died, failed, silent
from app.adapters.models.http.refusals import Server, refused
from app.adapters.models.openai.server import OpenAICompatible
from app.domain.error import ModelError
from tests.support.servers.openai_replies import Reply
from tests.support.servers.openai_requests import KEPT, QUICK, failure, provider, request, text_of
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def test_server_down() -> None:
    port = _free_port()
    model = OpenAICompatible(provider(f"http://127.0.0.1:{port}"), lambda: None, QUICK)

    error = await failure(model)

    assert (error.code, error.retryable) == ("server_down", False)
    assert error.message == f"tinyserver does not answer at 127.0.0.1:{port}.{KEPT}"
    assert error.hint == "Start tinyserver, then try again, or choose another model."
    await model.close()


async def test_server_down_while_listing_models_says_nothing_of_a_message() -> None:
    model = OpenAICompatible(provider(f"http://127.0.0.1:{_free_port()}"), lambda: None, QUICK)

    with pytest.raises(ModelError, match=r"does not answer at 127\.0\.0\.1:\d+\.$"):
        await model.models()
    await model.close()


SERVER = Server("tinyserver", "https://models.example:8443/v1/chat/completions", "tiny")


START = "Start tinyserver, then try again, or choose another model."
CHECK = (
    "Check the network connection and the address of tinyserver in the settings, then try again, or choose another "
    "model."
)


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("http://127.0.0.1:1234", START),
        ("http://192.168.1.7:1234", START),
        ("http://studio.local:1234", START),
        ("https://api.openai.com", CHECK),
        ("http://203.0.113.7:8000", CHECK),
    ],
)
async def test_nobody_is_told_to_start_a_server_of_the_internet(address: str, hint: str) -> None:
    server = Server("tinyserver", f"{address}/v1/chat/completions", "tiny")
    problem = aiohttp.ClientConnectorError(key_of(address), OSError(111, "refused"))
    assert failed(server, problem, begun=False).hint == hint
    gone = died(server, "reset").hint
    behind = refused(server, 502, b"{}", "application/json").hint
    assert ("running" in gone) == ("running" in behind) == hint.startswith("Start")


def key_of(address: str) -> ConnectionKey:
    parts = urlsplit(address)
    return ConnectionKey(parts.hostname or "", parts.port, parts.scheme == "https", True, None, None, None)


KEY = ConnectionKey("models.example", 8443, True, True, None, None, None)


def _raised(outer: Exception, cause: BaseException) -> Exception:
    outer.__cause__ = cause
    return outer


@pytest.mark.parametrize(
    ("problem", "code", "sentence"),
    [
        pytest.param(
            _raised(aiohttp.ClientConnectorDNSError(KEY, OSError("all")), socket.gaierror(-2, "Name not known")),
            "server_down",
            "The address “models.example:8443” of tinyserver was not found.",
            id="no such host",
        ),
        pytest.param(
            _raised(
                aiohttp.ClientConnectorCertificateError(KEY, Exception("x")),
                ssl.SSLCertVerificationError("self-signed certificate"),
            ),
            "server_down",
            "tinyserver at models.example:8443 could not prove who it is, so nothing was sent.",
            id="certificate nobody trusts",
        ),
        pytest.param(
            _raised(
                aiohttp.ClientConnectorError(KEY, OSError(111, "x")),
                BaseExceptionGroup("all", [ConnectionRefusedError(111, "refused")]),
            ),
            "server_down",
            "tinyserver does not answer at models.example:8443.",
            id="refused on every address",
        ),
        pytest.param(
            aiohttp.ConnectionTimeoutError("x"),
            "server_down",
            "tinyserver does not answer at models.example:8443.",
            id="no route",
        ),
        pytest.param(
            aiohttp.ServerDisconnectedError(),
            "server_died",
            "tinyserver closed the connection before it answered.",
            id="closed before the answer",
        ),
        pytest.param(
            aiohttp.ClientProxyConnectionError(KEY, OSError(111, "refused")),
            "server_down",
            "The proxy set in the environment for tinyserver cannot be used.",
            id="a proxy that does not answer",
        ),
    ],
)
async def test_connection_that_does_not_come_about(problem: Exception, code: str, sentence: str) -> None:
    error = failed(SERVER, problem, begun=False)

    assert (error.code, error.message) == (code, sentence + KEPT)


async def test_https_to_a_plain_server_names_the_cure(server: OpenAIServer) -> None:
    model = OpenAICompatible(provider(f"https://127.0.0.1:{server.port}"), lambda: None, QUICK)

    error = await failure(model)

    assert error.code == "server_down"
    assert error.message == f"Lares could not make a secure connection to tinyserver at 127.0.0.1:{server.port}.{KEPT}"
    assert "http://" in error.hint
    await model.close()


@pytest.mark.parametrize(
    "variables",
    [
        pytest.param({"ALL_PROXY": "socks5://127.0.0.1:1"}, id="a kind of proxy that is not spoken"),
        pytest.param({"HTTP_PROXY": "ftp://x:y"}, id="no address"),
        pytest.param({"HTTP_PROXY": "http://127.0.0.1:1", "NO_PROXY": "[::1"}, id="an exception that is no address"),
    ],
)
async def test_proxy_of_the_environment_that_cannot_be_used(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    model = OpenAICompatible(provider("http://192.0.2.1:8080/v1"), lambda: None, QUICK)

    error = await failure(model)

    await model.close()
    assert error.code == "server_down"
    assert error.message == f"The proxy set in the environment for tinyserver cannot be used.{KEPT}"
    assert "NO_PROXY" in error.hint


async def test_certificates_of_the_environment_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/certificates.pem")
    model = OpenAICompatible(provider("https://192.0.2.1/v1"), lambda: None, QUICK)

    error = await failure(model)

    assert error.code == "server_down"
    assert "certificates set in the environment for tinyserver cannot be read" in error.message
    assert "SSL_CERT_FILE" in error.hint
    await model.close()


async def test_proxy_of_the_environment_is_used_for_servers_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        writer.write(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}")
        monkeypatch.setenv("NO_PROXY", "near.example")
        model = OpenAICompatible(provider("http://models.example:8080/v1"), lambda: None, QUICK)
        await failure(model)
        await model.close()

    assert asked[-1] == b"POST http://models.example:8080/v1/chat/completions HTTP/1.1\r\n"


async def test_something_that_is_no_web_server() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"220 mail.example ESMTP\r\n\r\n")
        await writer.drain()
        writer.close()

    other = await asyncio.start_server(greet, "127.0.0.1", 0)
    model = OpenAICompatible(provider(f"http://127.0.0.1:{other.sockets[0].getsockname()[1]}"), lambda: None, QUICK)

    error = await failure(model)

    assert error.code == "wrong_address"
    await model.close()
    other.close()


# The stream


async def test_death_in_the_middle_of_the_reply(server: OpenAIServer, model: OpenAICompatible) -> None:
    server.queue(Reply(text="one two three four", die_after=2))

    error = await failure(model)

    assert (error.code, error.retryable) == ("server_died", True)
    assert error.message == "tinyserver stopped answering in the middle of the reply."


async def test_words_before_the_death_arrive(server: OpenAIServer, model: OpenAICompatible) -> None:
    server.queue(Reply(text="one two three four", die_after=2))
    heard = []

    async def listen() -> None:
        async for delta in model.stream(model.encode(request())):
            heard.append(delta)

    with pytest.raises(ModelError):
        await listen()

    assert text_of(heard) == "one two"


async def test_words_that_nobody_had_read_when_the_server_died_arrive() -> None:
    piece = b'data: {"choices":[{"delta":{"content":"%s "}}]}\n\n'
    dead = asyncio.Event()

    async def die(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for word in (b"one", b"two", b"three"):
            said = piece % word
            writer.write(b"%x\r\n%s\r\n" % (len(said), said))
            await writer.drain()
            await asyncio.sleep(0.05)
        writer.close()
        await writer.wait_closed()
        dead.set()

    async with await asyncio.start_server(die, "127.0.0.1", 0) as dying:
        model = OpenAICompatible(provider(f"http://127.0.0.1:{dying.sockets[0].getsockname()[1]}"), lambda: None, QUICK)
        heard = []

        async def listen() -> None:
            async for delta in model.stream(model.encode(request())):
                heard.append(delta)
                await dead.wait()
                await asyncio.sleep(0.05)

        with pytest.raises(ModelError) as raised:
            await listen()
        await model.close()

    assert text_of(heard) == "one two three "
    assert raised.value.code == "server_died"


async def test_stream_that_ends_without_a_finish(server: OpenAIServer, model: OpenAICompatible) -> None:
    server.queue(Reply(text="one two", with_finish=False, with_done=False, with_usage=False))

    assert (await failure(model)).code == "server_died"


async def test_stream_that_ends_inside_a_tool_call(server: OpenAIServer, model: OpenAICompatible) -> None:
    piece = (
        b'data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{"}}]}}]}\n\n'
    )  # fmt: skip
    server.queue(Reply(raw=piece))

    assert (await failure(model)).code == "server_died"


async def test_empty_stream(server: OpenAIServer, model: OpenAICompatible) -> None:
    server.queue(Reply(raw=b""))

    assert (await failure(model)).code == "server_died"


async def test_error_inside_the_stream(server: OpenAIServer, model: OpenAICompatible) -> None:
    server.queue(Reply(text="one two", error_after=1))

    error = await failure(model)

    assert (error.code, error.retryable) == ("server_error", True)
    assert "model runner has unexpectedly stopped" in error.message


async def test_too_long_inside_the_stream(server: OpenAIServer, model: OpenAICompatible) -> None:
    words = (
        "Trying to keep the first 5012 tokens when context the overflows. However, the model is loaded with context "
        "length of only 4096 tokens"
    )
    server.queue(Reply(text="x", error_after=0, error={"error": words}))

    error = await failure(model)

    assert (error.code, error.details["n_ctx"], error.details["n_prompt"]) == ("prompt_too_large", 4096, 5012)


@pytest.mark.parametrize("status", ["500 Oops", "200 OK"])
async def test_body_that_never_ends(status: str) -> None:
    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n\r\n".encode())
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            while not writer.is_closing():
                writer.write(b"again ")
                await writer.drain()
                await asyncio.sleep(0.02)
        writer.close()

    async with await asyncio.start_server(drip, "127.0.0.1", 0) as dripping:
        port = dripping.sockets[0].getsockname()[1]
        quick = replace(QUICK, first=0.5, refusal=0.5)
        model = OpenAICompatible(provider(f"http://127.0.0.1:{port}"), lambda: None, quick)
        async with asyncio.timeout(4):
            error = await failure(model)
        await model.close()

    assert error.code == ("server_error" if status.startswith("500") else "timeout")


async def test_stream_of_something_else(server: OpenAIServer, model: OpenAICompatible) -> None:
    server.queue(Reply(raw=b"data: hello\n\n"))

    error = await failure(model)

    assert (error.code, error.message) == ("server_error", f"tinyserver sent a reply that cannot be read.{KEPT}")


async def test_silence_before_the_first_byte(server: OpenAIServer) -> None:
    model = OpenAICompatible(provider(server.url), lambda: None, replace(QUICK, first=0.2))
    server.queue(Reply(hold=True))

    error = await failure(model)

    assert error.code == "timeout"
    assert error.message.startswith("tinyserver has not answered for ")
    await model.close()


async def test_silence_after_the_headers(server: OpenAIServer) -> None:
    model = OpenAICompatible(provider(server.url), lambda: None, replace(QUICK, first=0.2))
    server.queue(Reply(hold_body=True))

    assert (await failure(model)).code == "timeout"
    await model.close()


async def test_silence_in_the_middle_of_the_reply(server: OpenAIServer) -> None:
    model = OpenAICompatible(provider(server.url), lambda: None, replace(QUICK, idle=0.2))
    server.queue(Reply(text="one two three", hang_after=1))

    error = await failure(model)

    assert error.code == "timeout"
    assert error.message.startswith("tinyserver stopped in the middle of the reply and has sent nothing for ")
    await asyncio.to_thread(server.wait_for, lambda: server.aborted == 1)
    await model.close()


async def test_minutes_of_silence_are_told_in_minutes() -> None:
    assert silent(SERVER, 600).message == f"tinyserver has not answered for 10 minutes.{KEPT}"
