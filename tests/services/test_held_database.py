"""Another program holds the database while a reply comes: it waits, says so, and goes on."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.adapters.database.backups import FILE
from app.domain.event import Progress
from app.engine.model_call import wait_notice
from app.services import Services
from tests.support.engine.talking import events_of
from tests.support.engine.whole_engine import agent_on, started
from tests.support.servers.openai_replies import Reply
from tests.support.servers.openai_server import OpenAIServer
from tests.support.window.seeing import until

pytestmark = pytest.mark.anyio


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as opened:
        yield opened


async def test_a_reply_outlives_a_lock_of_another_program(
    services: Services,
    server: OpenAIServer,
    data_folder: Path,
    times: Callable[[int, int], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wait_notice, "FIRST_AFTER", 0.3)
    agent = await agent_on(services, server)
    told: list[str] = []

    async def listen() -> None:
        async for event in services.events.subscribe():
            if isinstance(event, Progress):
                told.append(event.text)

    listening = asyncio.ensure_future(listen())
    words = " ".join(f"word{number}" for number in range(400))
    server.queue(Reply(text=words, tokens_per_second=1_000))
    run = await started(services, agent, "Write.")
    other = sqlite3.connect(data_folder / FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    begun = time.monotonic()
    try:
        await until(lambda: any("holds the database" in text for text in told), "a word on what it waits for")
        await until(lambda: time.monotonic() - begun >= times(0, 9), "the other program to end")
    finally:
        other.execute("COMMIT")
        other.close()
    events = await events_of(services, run.id)
    ended = await services.runs.get(run.id)
    assert (ended.status, ended.stop_reason) == ("completed", "end_turn")
    assert sum(getattr(event.payload, "content", "") == words for event in events if event.whole) == 1
    listening.cancel()
