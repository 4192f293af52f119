"""Whoever does not know the token gets nothing, and cannot disturb those who do."""

import asyncio
import json
import random
import struct
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from app.config import Config
from app.domain.error import LinkError
from app.link import session
from app.link.client import Client, connect, open_link
from app.link.engine_file import read_note, write_note
from app.link.host import MOST_OPENING, Host
from app.link.protocol import FRAME_LIMIT, PROTOCOL, Wire, encode, framed, proof_of, prove_as_client
from tests.support.processes.hosting import TOKEN, note
from tests.support.processes.toy_services import ToyServices

pytestmark = pytest.mark.anyio

HELLO = {"k": "hello", "protocol": PROTOCOL, "version": "0", "nonce": "n", "kind": "window"}
CALL = {"k": "call", "id": 1, "service": "echo", "method": "any", "args": [1], "kwargs": {}}


@pytest.fixture(autouse=True)
def quick_opening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "OPENING_SECONDS", 0.3)


@asynccontextmanager
async def connection(config: Config) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    noted = read_note(config.engine_file)
    assert noted is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", noted.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def answer_to(config: Config, sent: bytes) -> bytes:
    """All that the engine says to these bytes until it hangs up."""
    async with connection(config) as (reader, writer):
        writer.write(sent)
        try:
            return await asyncio.wait_for(reader.read(), 3)
        except ConnectionError:
            return b""


def packets(*said: dict[str, Any]) -> bytes:
    return b"".join(piece for packet in said for piece in framed(encode(packet)))


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x00" * 100,
        struct.pack(">I", FRAME_LIMIT) + b"x" * 100,
        struct.pack(">I", 5000) + b"x" * 100,
        struct.pack(">I", 0xFFFFFFFF),
        framed(b"no json")[0] + b"no json",
        packets({"k": "proof", "proof": "x"}),
        packets(CALL),
        packets({**HELLO, "nonce": "\ud800"}),
        packets({**HELLO, "nonce": "half \udfff"}),
        packets({**HELLO, "nonce": "ä"}),
        packets({**HELLO, "nonce": None}),
        packets({**HELLO, "nonce": ["x"]}),
        packets({**HELLO, "nonce": {"a": 1}}),
        packets({**HELLO, "nonce": 7}),
        b"",
        random.Random(5).randbytes(3000),
    ],
)
async def test_garbage_gets_no_answer_and_harms_nobody(config: Config, client: Any, host: Host, sent: bytes) -> None:
    assert await answer_to(config, sent) == b""
    assert await client.services.echo.any("fine") == "fine"
    assert host.clients == 1


@pytest.mark.parametrize("proof", ["", "ä", None, 5, proof_of("another token", "client", "n", "n")])
async def test_client_without_the_token_hears_only_a_hello(config: Config, host: Host, proof: Any) -> None:
    answer = await answer_to(config, packets(HELLO, {"k": "proof", "proof": proof}, CALL))
    (size,) = struct.unpack(">I", answer[:4])
    hello = json.loads(answer[4 : 4 + size])
    assert len(answer) == 4 + size
    assert hello.keys() == {"k", "protocol", "version", "nonce", "proof"}
    assert TOKEN.encode() not in answer
    assert host.clients == 0


async def test_proof_of_the_engine_does_not_serve_as_that_of_a_client(config: Config, host: Host) -> None:
    async with connection(config) as (reader, writer):
        wire = Wire(reader, writer)
        wire.send(HELLO)
        hello = await wire.receive()
        wire.send({"k": "proof", "proof": hello["proof"]})
        with pytest.raises(LinkError):
            await asyncio.wait_for(wire.receive(), 3)
    assert host.clients == 0


async def test_silent_connection_is_dropped_and_blocks_nobody(config: Config, client: Any) -> None:
    async with connection(config) as (reader, _):
        assert await client.services.echo.any(1) == 1
        assert await asyncio.wait_for(reader.read(), 3) == b""


@pytest.mark.allow_logs("a client was cut off")
@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\x00\x00\x03{]}",
        packets({"k": "call"}),
        packets({"k": "nonsense", "id": 1}),
        struct.pack(">I", FRAME_LIMIT + 1),
    ],
)
async def test_client_that_turns_to_garbage_is_cut_off_alone(config: Config, client: Any, sent: bytes) -> None:
    async with connection(config) as (reader, writer):
        wire = Wire(reader, writer)
        await prove_as_client(wire, TOKEN, "0", "window")
        assert (await wire.receive())["k"] == "welcome"
        writer.write(sent)
        assert await asyncio.wait_for(reader.read(), 3) == b""
    assert await client.services.echo.any(1) == 1


async def test_half_sent_packet_then_loss_leaves_no_client_behind(config: Config, host: Host) -> None:
    async with connection(config) as (reader, writer):
        wire = Wire(reader, writer)
        await prove_as_client(wire, TOKEN, "0", "window")
        await wire.receive()
        assert host.clients == 1
        writer.write(packets(CALL)[:20])
        await writer.drain()
    await asyncio.wait_for(host.idle_for(0.01), 3)
    assert host.clients == 0


@asynccontextmanager
async def foreign_listener(config: Config, answer: bytes | None) -> AsyncIterator[list[bytes]]:
    """Somebody else on the noted port; remembers what it was told."""
    heard: list[bytes] = []
    done = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(4096))
        if answer is None:
            await done.wait()
        else:
            writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    write_note(config.engine_file, note(server.sockets[0].getsockname()[1]))
    try:
        yield heard
    finally:
        done.set()
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"",
        packets({"k": "hello", "protocol": 1, "version": "0", "nonce": "m", "proof": "wrong"}, {"k": "welcome"}),
        packets({"k": "hello"}),
    ],
)
async def test_client_tells_a_foreign_listener_neither_token_nor_call(config: Config, answer: bytes) -> None:
    async with foreign_listener(config, answer) as heard:
        with pytest.raises(LinkError) as caught:
            await connect(config)
    assert caught.value.code == "engine_gone"
    assert len(heard) == 1
    assert TOKEN.encode() not in heard[0]
    assert b"proof" not in heard[0]


async def test_listener_that_says_nothing_is_given_up(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.link.client.OPENING_SECONDS", 0.1)
    async with foreign_listener(config, None):
        with pytest.raises(LinkError) as caught:
            await connect(config)
    assert caught.value.code == "engine_gone"


async def test_engine_file_is_for_this_user_only_and_nonsense_in_it_means_no_engine(config: Config, host: Host) -> None:
    assert config.engine_file.stat().st_mode & 0o077 == 0
    for nonsense in ("", "[]", "{}", '{"port": "x"}', '{"port": 0}', "\x00"):
        config.engine_file.write_text(nonsense)
        assert read_note(config.engine_file) is None
    with pytest.raises(LinkError):
        await connect(config)


async def test_work_under_way_keeps_the_engine_unless_it_is_to_end_with_it(config: Config, toys: ToyServices) -> None:
    asked: list[bool] = []

    def may_stop(with_work: bool) -> bool:
        asked.append(with_work)
        return with_work

    ended = asyncio.Event()
    host = Host(toys, TOKEN, may_stop=may_stop, stop=ended.set)
    write_note(config.engine_file, note(await host.start()))
    client = await open_link(read_note(config.engine_file), "window")
    assert await client.stop_engine() is False
    assert not ended.is_set()
    assert await client.stop_engine(with_work=True) is True
    assert ended.is_set()
    assert asked == [False, True]
    await client.close()
    await host.close()


async def test_stopping_is_granted_only_to_the_last_client(config: Config, client: Client, host: Host) -> None:
    second = await open_link(read_note(config.engine_file), "terminal")
    assert await second.stop_engine() is False
    await second.close()


async def test_a_crowd_that_proves_nothing_keeps_no_client_out(
    config: Config, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "OPENING_SECONDS", 60.0)
    async with AsyncExitStack() as stack:
        crowd = [await stack.enter_async_context(connection(config)) for _ in range(MOST_OPENING + 30)]
        for said in (b"", packets(HELLO), packets(HELLO)[:7], b"\x00", packets(HELLO) + b"\x00"):
            reader, writer = await stack.enter_async_context(connection(config))
            writer.write(said)
            crowd.append((reader, writer))
        assert await client.services.echo.any(1) == 1
        newcomer = await open_link(read_note(config.engine_file), "window")
        assert await newcomer.services.echo.any(2) == 2
        await newcomer.close()
        # Those who came first were let go, so that there is a place for whoever comes.
        assert await asyncio.wait_for(crowd[0][0].read(), 3) == b""
        assert not crowd[-1][0].at_eof()
