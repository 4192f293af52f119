"""A thousand idle readers and eight agents in conversation: nobody fails, and a reader costs little memory."""

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import pytest

from tests.rest.conftest import MODEL
from tests.support.processes.rest_child import ServeChild
from tests.support.servers.openai_replies import Reply
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio
KB_PER_READER = 100


async def reader(child: ServeChild, run_id: str) -> asyncio.StreamReader:
    """An open stream that has got its first ping."""
    place = urlsplit(child.url)
    incoming, outgoing = await asyncio.open_connection(place.hostname, place.port)
    head = f"POST /v1/runs/{run_id}/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n{{}}"
    outgoing.write(head.encode())
    await incoming.readuntil(b'"message_type":"ping"')
    _WRITERS.append(outgoing)
    return incoming


_WRITERS: list[asyncio.StreamWriter] = []
"""Kept open until the test ends."""


async def test_idle_readers_cost_little_and_disturb_nobody(
    child: ServeChild, model_server: OpenAIServer, times: Callable[[int, int], int], record: Callable[..., None]
) -> None:
    count = times(100, 1000)
    async with httpx.AsyncClient(base_url=child.url, timeout=60, trust_env=False, verify=False) as client:
        agents = [(await client.post("/v1/agents", json={"model": MODEL})).json()["id"] for _ in range(9)]
        for agent in agents[:8]:
            await client.post(f"/v1/agents/{agent}/messages", json={"input": "warm up"})
        model_server.queue(Reply(text="At last.", hold=True))
        run = (await client.post(f"/v1/agents/{agents[8]}/messages/async", json={"input": "wait"})).json()
        await asyncio.to_thread(model_server.wait_for, lambda: any(b"wait" in one.raw for one in model_server.chats))
        before = child.memory_kb()
        try:
            readers = [await reader(child, run["id"]) for _ in range(count)]
            per_reader = (child.memory_kb() - before) / count

            async def talk(agent: str) -> list[int]:
                path = f"/v1/agents/{agent}/messages"
                return [(await client.post(path, json={"input": f"number {n}"})).status_code for n in range(5)]

            statuses = await asyncio.gather(*(talk(agent) for agent in agents[:8]))
        finally:
            model_server.release()
        ends = await asyncio.gather(*(asyncio.wait_for(one.readuntil(b"[DONE]"), 60) for one in readers))
    for outgoing in _WRITERS:
        outgoing.close()
    _WRITERS.clear()
    record(readers=count, kb_per_reader=round(per_reader, 1))
    assert {status for each in statuses for status in each} == {200}
    assert all(b"At last." in end for end in ends)
    assert per_reader <= KB_PER_READER
