"""Crowds at the local API's door: who says nothing, or too much, keeps out neither who asks nor the window."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx
import pytest

from app.services import Services
from tests.support.processes.rest_child import ServeChild, open_files

pytestmark = pytest.mark.anyio

FEW = 120
"""Descriptors of the process, of which the API takes half."""
HALF_OPEN = {
    "silent": b"",
    "half a line": b"GET /v1/agents HT",
    "half a head": b"POST /v1/agents HTTP/1.1\r\nHost: 127.0.0.1\r\nX-One: 1\r\n",
    "no body": b"POST /v1/agents HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 500\r\n\r\n",
    "half a body": b'POST /v1/agents HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 500\r\n\r\n{"name": "x',
    "half a chunk": b"POST /v1/agents HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n1f\r\n{",
}


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServeChild]:
    with ServeChild(tmp_path_factory.mktemp("few") / "data", descriptors=FEW) as child:
        yield child


@asynccontextmanager
async def connections(child: ServeChild, count: int, said: bytes) -> AsyncIterator[list[asyncio.StreamWriter]]:
    place = urlsplit(child.url)
    opened: list[asyncio.StreamWriter] = []

    async def one() -> None:
        with contextlib.suppress(ConnectionError):
            _, writer = await asyncio.open_connection(place.hostname, place.port)
            opened.append(writer)
            writer.write(said)

    try:
        await asyncio.gather(*(one() for _ in range(count)))
        yield opened
    finally:
        for writer in opened:
            writer.transport.abort()


async def _name(services: Services) -> str:
    return (await services.system.status()).model_dump_json()


async def took(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    await asyncio.to_thread(work)
    return time.perf_counter() - begun


async def test_half_open_connections_keep_out_neither_the_window_nor_programs(
    few: ServeChild, times: Callable[[int, int], int], record: Callable[..., None]
) -> None:
    slowest = 0.0
    each = times(30, 350)
    async with contextlib.AsyncExitStack() as stack:
        for said in HALF_OPEN.values():
            await stack.enter_async_context(connections(few, each, said))
        linked = await took(lambda: few.over_link(_name))
        for _ in range(times(1, 5)):
            with httpx.Client(trust_env=False, timeout=15, verify=False) as client:
                slowest = max(
                    slowest, await took(lambda one=client: one.get(f"{few.url}/v1/agents").raise_for_status())
                )
        assert open_files(few.pid) < FEW * 0.75
    record(half_open=6 * each, link_s=round(linked, 2), slowest_answer_s=round(slowest, 2))
    assert linked < 2
    assert slowest < 10
    log = (few.folder / "logs" / "engine.log").read_text("utf-8")
    assert "too many" not in log.lower()


async def test_more_requests_than_places_are_all_answered(
    few: ServeChild, times: Callable[[int, int], int], record: Callable[..., None]
) -> None:
    count = times(120, 2_000)
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(trust_env=False, timeout=120, limits=limits, verify=False) as client:
        begun = time.perf_counter()
        answers = await asyncio.gather(*(client.get(f"{few.url}/v1/tools?limit=1") for _ in range(count)))
    record(requests=count, took_s=round(time.perf_counter() - begun, 2))
    assert [one.status_code for one in answers] == [200] * count


async def test_large_bodies_at_once_take_little_memory(
    few: ServeChild, times: Callable[[int, int], int], record: Callable[..., None]
) -> None:
    before, count = few.memory_kb(), times(3, 40)
    most = before
    body = b'{"label": "large", "value": "' + b"x" * 24_000_000 + b'", "limit": "no number"}'
    async with httpx.AsyncClient(trust_env=False, timeout=120, verify=False) as client:

        async def create() -> int:
            return (await client.post(f"{few.url}/v1/blocks/", content=body)).status_code

        asking = [asyncio.ensure_future(create()) for _ in range(count)]
        while not all(one.done() for one in asking):
            await asyncio.wait(asking, timeout=0.01, return_when=asyncio.FIRST_COMPLETED)
            most = max(most, few.memory_kb())
    statuses = sorted({one.result() for one in asking})
    record(bodies=count, before_mb=before // 1024, most_mb=most // 1024, statuses=statuses)
    assert statuses == [422]
    assert most - before < 250 * 1024
