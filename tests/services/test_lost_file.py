"""A database that is deleted while an agent replies: the person is told, and the engine can still be ended."""

import asyncio
from collections.abc import Awaitable, Iterator
from pathlib import Path

import pytest

from app.adapters.database.backups import FILE
from app.domain.error import StorageError
from app.domain.event import RunEvent
from app.services import Services
from tests.support.engine.talking import events_of
from tests.support.engine.whole_engine import agent_on, started
from tests.support.servers.openai_replies import Reply
from tests.support.servers.openai_server import OpenAIServer

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.allow_logs("could not be (stored|stopped|set aside)|^WARNING app.services.maintenance"),
]
SECONDS = 20


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as opened:
        yield opened


async def told(reading: Awaitable[list[RunEvent]]) -> str:
    """What a run's reader hears: the sentence is in the log's end, or raised where that had to be read anew."""
    try:
        error, stop, _usage = (event.payload for event in (await asyncio.wait_for(reading, SECONDS))[-3:])
    except StorageError as raised:
        return raised.message
    assert (error.message_type, stop.message_type) == ("error_message", "stop_reason")
    return error.message  # type: ignore[union-attr]


async def test_reply_into_a_file_that_is_gone_is_not_said_to_be_stored(
    services: Services, server: OpenAIServer, data_folder: Path
) -> None:
    server.queue(Reply(text="All of this is lost.", hold=True))
    agent = await agent_on(services, server)
    run = await started(services, agent, "Keep this.")
    reading = asyncio.ensure_future(events_of(services, run.id))
    await asyncio.to_thread(server.wait_for, lambda: len(server.chats) == 1)
    (data_folder / FILE).unlink()
    server.release()
    assert "is gone while Lares was using it" in await told(reading)
    with pytest.raises(StorageError, match="is gone"):
        await started(services, agent, "And this?")
    await asyncio.wait_for(services.runs.stop_all(), SECONDS)
