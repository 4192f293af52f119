"""A run's voice: what was said is written in order and once, also when writing fails or takes its time."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from app.domain.error import StorageError
from app.domain.event import RunEvent
from app.domain.wire_message import AssistantMessage
from app.engine.emitter import Emitter
from tests.support.values.samples import NOON

pytestmark = pytest.mark.anyio


class Noon:
    def now(self) -> int:
        return NOON

    def ticks(self) -> int:
        return NOON


class Log:
    """A storage that fails or waits when told to."""

    def __init__(self) -> None:
        self.written: list[int] = []
        self.fails = False
        self.room = asyncio.Event()
        self.room.set()
        self.runs = self

    def add_events(self, events: tuple[RunEvent, ...]) -> None:
        self.written += [event.seq_id for event in events]

    async def write(self, work: Callable[[Any], object]) -> object:
        await self.room.wait()
        if self.fails:
            raise StorageError("The disk is full.")
        return work(self)


def emitter_on(log: Log) -> Emitter:
    return Emitter("run-1", 0, log, Noon(), lambda event: None)  # type: ignore[arg-type]


def say(emitter: Emitter) -> None:
    piece = AssistantMessage(id="message-1", date="2026-01-01T00:00:00Z", content="x")
    emitter.delta(piece, step_id="step-1", step_no=1, attempt=1)


async def test_what_could_not_be_written_is_written_the_next_time_and_first() -> None:
    log = Log()
    emitter = emitter_on(log)
    say(emitter)
    say(emitter)
    log.fails = True
    with pytest.raises(StorageError):
        await emitter.flush()
    log.fails = False
    say(emitter)
    await emitter.flush()
    await emitter.flush()
    assert log.written == [1, 2, 3]


async def test_who_flushes_while_another_writes_waits_until_all_is_written() -> None:
    log = Log()
    emitter = emitter_on(log)
    say(emitter)
    log.room.clear()
    first = asyncio.ensure_future(emitter.flush())
    await asyncio.sleep(0)
    second = asyncio.ensure_future(emitter.flush())
    done, _ = await asyncio.wait([second], timeout=0.05)
    assert not done
    log.room.set()
    await second
    assert log.written == [1]
    await first
