"""A disk that fills up while an agent replies: the person is told in words, and with room again all goes on."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.bootstrap import OpenEngine, open_engine
from app.config import Config
from app.domain.error import StorageError
from app.domain.event import RunEvent
from app.domain.run import Run
from app.services import Services
from tests.adapters.database.volumes import small_disk
from tests.support.engine.talking import check_invariants, events_of, say, transcript
from tests.support.engine.whole_engine import agent_on, started, thread_of
from tests.support.servers.openai_replies import Reply
from tests.support.servers.openai_server import OpenAIServer

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.allow_logs("could not be (stored|stopped|set aside)|snapshot|^WARNING app.services.maintenance"),
]
SECONDS = 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", 12) as folder:
        yield folder


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as opened:
        yield opened


@pytest.fixture
async def engine(disk: Path) -> AsyncIterator[OpenEngine]:
    opened = await open_engine(Config.load(disk))
    await opened.recover()
    yield opened
    await opened.close()


@pytest.fixture
def services(engine: OpenEngine) -> Services:
    return engine.services


def fill_up(disk: Path) -> None:
    with contextlib.suppress(OSError), (disk / "filler").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def make_room(disk: Path) -> None:
    (disk / "filler").unlink()


def long_reply(**fields: object) -> Reply:
    chunk = {"choices": [{"index": 0, "delta": {"content": "word " * 1_000_000}, "finish_reason": "stop"}]}
    return Reply(raw=f"data: {json.dumps(chunk)}\n\n".encode(), **fields)  # type: ignore[arg-type]


async def cut_short(services: Services, server: OpenAIServer, disk: Path) -> tuple[Run, list[RunEvent]]:
    """A run whose reply no longer fits the disk, and what its reader was told."""
    server.queue(long_reply(hold=True))
    agent = await agent_on(services, server)
    run = await started(services, agent, "tell me everything")
    reading = asyncio.ensure_future(events_of(services, run.id))
    await asyncio.to_thread(server.wait_for, lambda: len(server.chats) == 1)
    fill_up(disk)
    server.release()
    return run, await asyncio.wait_for(reading, SECONDS)


async def test_a_disk_that_fills_up_during_a_reply_ends_the_run_in_words(
    services: Services, server: OpenAIServer, disk: Path
):
    _, events = await cut_short(services, server, disk)
    error, stop, usage = (event.payload for event in events[-3:])
    assert (error.message_type, stop.message_type, usage.message_type) == (
        "error_message",
        "stop_reason",
        "usage_statistics",
    )
    assert "The disk is full" in error.message  # type: ignore[union-attr]


async def test_who_comes_later_is_told_too_and_does_not_wait_for_ever(
    services: Services, server: OpenAIServer, disk: Path
):
    run, _ = await cut_short(services, server, disk)
    for ask in (events_of(services, run.id), services.runs.cancel(run.id)):
        with contextlib.suppress(StorageError):
            await asyncio.wait_for(ask, SECONDS)
    make_room(disk)
    ended = await services.runs.cancel(run.id)
    assert ended.failure is not None
    assert ended.failure.code == "disk_full"
    assert (await events_of(services, run.id))[-1].payload.message_type == "usage_statistics"


async def test_once_there_is_room_the_next_message_works(services: Services, server: OpenAIServer, disk: Path):
    run, _ = await cut_short(services, server, disk)
    agent = await services.agents.get(run.agent_id)
    make_room(disk)
    assert (await say(services, agent, "and now?")).stop_reason == "end_turn"
    assert not (await services.runs.get(run.id)).active
    messages = await transcript(services, agent)
    check_invariants(messages)
    assert [m.text for m in messages if m.role == "user"] == ["tell me everything", "and now?"]


async def test_an_engine_that_ends_on_a_full_disk_ends_the_run_in_its_next_life(
    engine: OpenEngine, server: OpenAIServer, disk: Path
):
    run, _ = await cut_short(engine.services, server, disk)
    await engine.close()
    make_room(disk)
    later = await open_engine(Config.load(disk))
    try:
        await later.recover()
        await asyncio.wait_for(events_of(later.services, run.id), SECONDS)
        assert not (await later.services.runs.get(run.id)).active
        agent = await later.services.agents.get(run.agent_id)
        assert (await say(later.services, agent, "and now?")).stop_reason == "end_turn"
    finally:
        await later.close()


async def test_an_engine_on_a_full_disk_can_be_ended(engine: OpenEngine, server: OpenAIServer, disk: Path):
    await cut_short(engine.services, server, disk)
    await asyncio.wait_for(engine.services.runs.stop_all(), SECONDS)


async def test_a_message_that_does_not_fit_the_disk_is_refused_in_words_and_can_be_sent_again(
    services: Services, server: OpenAIServer, disk: Path
):
    agent = await agent_on(services, server)
    fill_up(disk)
    text = "word " * 800_000
    with pytest.raises(StorageError) as caught:
        await started(services, agent, text, otid="one")
    assert caught.value.code == "disk_full"
    make_room(disk)
    assert await transcript(services, agent) == ()
    run = await started(services, agent, "shorter", otid="one")
    await events_of(services, run.id)
    assert (await services.messages.page(await thread_of(services, agent))).messages[0].text == "shorter"
