"""Recorded wires: what servers really sent, replayed over a socket, cut in several ways, through the real adapter.

Each file in `wires/` is one reply. A report about a server that is not understood becomes one more file; see the README
there for its form.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.adapters.models.ollama.server import Ollama
from app.adapters.models.openai.server import OpenAICompatible
from app.domain.error import ModelError
from app.ports.models import ModelDelta
from tests.support.servers.openai_requests import QUICK, calls_of, finish_of, provider, reasoning_of, request, text_of

pytestmark = pytest.mark.anyio
FOLDER = Path(__file__).parent / "wires"


@dataclass(frozen=True)
class Wire:
    about: str
    server: str
    expect: dict[str, Any]
    head: bytes
    body: bytes


def read_wire(path: Path) -> Wire:
    top, _, answer = path.read_bytes().partition(b"\n\n")
    about, server, expect = top.decode().split("\n")
    head, _, body = answer.partition(b"\n\n")
    return Wire(
        about,
        server.removeprefix("server: "),
        json.loads(expect.removeprefix("expect: ")),
        head.replace(b"\n", b"\r\n"),
        body,
    )


WIRES = {path.stem: read_wire(path) for path in sorted(FOLDER.glob("*.wire"))}


def pieces(body: bytes, cut: str) -> Iterator[bytes]:
    if cut == "lines":
        yield from body.splitlines(keepends=True)
    elif cut == "whole":
        yield body
    else:
        size = int(cut)
        yield from (body[start : start + size] for start in range(0, len(body), size))


@contextlib.asynccontextmanager
async def replaying(wire: Wire, cut: str, *, chunked: bool) -> AsyncIterator[str]:
    """The address of a server that answers each request with this wire."""
    done: list[asyncio.Task[None] | None] = []

    async def send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        done.append(asyncio.current_task())
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            request_head = await reader.readuntil(b"\r\n\r\n")
            if b"/chat" not in request_head.split(b"\r\n", 1)[0]:
                writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            else:
                framing = b"Transfer-Encoding: chunked\r\n" if chunked else b""
                writer.write(wire.head + b"\r\n" + framing + b"Connection: close\r\n\r\n")
                for piece in pieces(wire.body, cut):
                    writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
                    await writer.drain()
                    await asyncio.sleep(0)
                if chunked:
                    writer.write(b"0\r\n\r\n")
                await writer.drain()
        writer.close()

    async with await asyncio.start_server(send, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await asyncio.wait([task for task in done if task is not None])


async def heard(wire: Wire, cut: str, *, chunked: bool) -> tuple[list[ModelDelta], ModelError | None]:
    async with replaying(wire, cut, chunked=chunked) as address:
        if wire.server == "ollama":
            model: Ollama | OpenAICompatible = Ollama(provider(address, kind="ollama"), lambda: None, QUICK)
        else:
            model = OpenAICompatible(provider(f"{address}/v1"), lambda: None, QUICK)
        deltas: list[ModelDelta] = []
        try:
            async for delta in model.stream(model.encode(request())):
                deltas.append(delta)
        except ModelError as error:
            return deltas, error
        finally:
            await model.close()
        return deltas, None


@pytest.mark.parametrize("name", WIRES)
async def test_wire_is_understood_however_it_is_cut(name: str) -> None:
    wire = WIRES[name]
    expect = wire.expect
    for number, cut in enumerate(("whole", "lines", "1", "7", "64")):
        deltas, error = await heard(wire, cut, chunked=bool(number % 2))
        where = f"{name} ({wire.about}) cut by {cut}"
        assert text_of(deltas) == expect.get("text", ""), where
        assert reasoning_of(deltas) == expect.get("reasoning", ""), where
        assert calls_of(deltas) == [tuple(call) for call in expect.get("calls", [])], where
        if "error" in expect:
            assert error is not None, where
            assert error.code == expect["error"]["code"], where
            assert expect["error"]["says"] in f"{error.message} {error.details}", where
        else:
            assert error is None, (where, error)
            assert finish_of(deltas) == expect["finish"], where
            if "prompt_tokens" in expect:
                assert [one.usage.prompt_tokens for one in deltas if one.usage] == [expect["prompt_tokens"]], where


@pytest.mark.parametrize("name", WIRES)
async def test_no_byte_of_a_wire_is_lost_to_the_record(name: str) -> None:
    wire = WIRES[name]
    if "error" not in wire.expect:
        deltas, _ = await heard(wire, "7", chunked=True)
        assert b"".join(delta.raw for delta in deltas) in (wire.body, wire.body + b"\n")
