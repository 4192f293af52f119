"""A server that takes long to list its models: the others are not kept waiting, and its list is not lost."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import pytest

from app.domain.model import ProviderDraft
from app.services import Services
from app.services.models import cache

pytestmark = pytest.mark.anyio
LISTING = json.dumps({"object": "list", "data": [{"id": "tiny", "context_length": 4096}]}).encode()


@contextlib.asynccontextmanager
async def slow_server(ready: asyncio.Event) -> AsyncIterator[str]:
    """Its list comes when `ready` is set."""
    at_work: list[asyncio.Task[None] | None] = []

    async def send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        at_work.append(asyncio.current_task())
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            await ready.wait()
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(LISTING)}\r\n"
            writer.write(head.encode() + b"Connection: close\r\n\r\n" + LISTING)
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(send, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        ready.set()
        await asyncio.wait([task for task in at_work if task is not None])


async def test_a_list_that_takes_longer_than_the_others_wait_for_still_arrives(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "AT_ONCE", 0.2)
    ready = asyncio.Event()
    async with slow_server(ready) as address:
        await services.providers.add(ProviderDraft(name="slow", base_url=address))
        found = {one.provider.name: one for one in await services.models.list()}
        assert found["slow"].error == "slow has not answered yet."
        assert found["demo"].models
        ready.set()
        async with asyncio.timeout(10):
            while not found["slow"].models:
                found = {one.provider.name: one for one in await services.models.list()}
        assert [model.name for model in found["slow"].models] == ["tiny"]


def test_a_list_may_take_longer_than_four_seconds() -> None:
    assert cache.PATIENCE >= 4 * cache.AT_ONCE
    assert cache.PATIENCE > 4
