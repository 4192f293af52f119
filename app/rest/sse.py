"""Run events as server-sent events: by steps or by tokens, numbered when the run lives on without its reader.

What is sent follows from the run's log alone, so that a stream cut anywhere and taken up again goes on exactly.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from app.domain.error import AppError
from app.domain.event import RESUME_GAP, RunEvent
from app.domain.run import STOP_REASONS
from app.domain.wire_message import ErrorMessage, Ping, StopReasonObject, UsageStatistics, WireMessage, iso
from app.rest.context import RestContext
from app.rest.errors import error_type

DONE = b"data: [DONE]\n\n"
ROOM = 256 * 1024
"""Bytes that wait for a reader; past it the run's log keeps the rest."""
STALLED_SECONDS = 60.0
"""A reader that takes nothing for so long is gone."""


@dataclass(frozen=True)
class StreamPlan:
    """How a reader wants a run's events."""

    run_id: str
    tokens: bool = False
    numbered: bool = False
    """With `seq_id` 1, 2, 3 ...: for runs that can be taken up again."""
    after: int = 0
    """The number of the last event that the reader has."""
    types: frozenset[str] | None = None


class RunEncoder:
    """Feeds on all events of a run from its first one; numbers what is told and gives the bytes after `plan.after`."""

    def __init__(self, plan: StreamPlan) -> None:
        self._plan = plan
        self._in_pieces: set[tuple[str, str]] = set()
        self._error: ErrorMessage | None = None
        self._failed = False
        self._told = 0
        self._seen = 0

    def feed(self, event: RunEvent) -> bytes:
        self._skip(event.seq_id)
        payload = event.payload
        match payload:
            case ErrorMessage():
                self._error = payload
                return b""
            case StopReasonObject():
                return self._stop(payload)
            case UsageStatistics():
                return DONE if self._failed else self._end(payload) + DONE
            case Ping():
                return b""
            case _:
                return self._message(event)

    def _message(self, event: RunEvent) -> bytes:
        payload = event.payload
        if event.step_id is None or isinstance(payload, (ErrorMessage, StopReasonObject, UsageStatistics, Ping)):
            return b""
        if self._plan.tokens:
            piece = (payload.id, payload.message_type)
            if not event.whole:
                self._in_pieces.add(piece)
            elif piece in self._in_pieces:
                return b""
        elif not event.whole:
            return b""
        if self._plan.types is not None and payload.message_type not in self._plan.types:
            return b""
        return self._numbered(payload)

    def _stop(self, payload: StopReasonObject) -> bytes:
        """An error was logged before the stop reason, and is told after it."""
        self._failed = self._error is not None and is_failure(payload)
        end = self._end(payload)
        if not self._failed:
            return end
        assert self._error is not None
        by_model = STOP_REASONS[payload.stop_reason].by_model
        kind = error_type(self._error.error_type) if by_model else self._error.error_type
        told = self._numbered(self._error.model_copy(update={"error_type": kind}))
        return end + (b"event: error\n" + told if told else b"")

    def _end(self, payload: StopReasonObject | UsageStatistics) -> bytes:
        number = self._next()
        if number <= self._plan.after:
            return b""
        place = {"run_id": self._plan.run_id, "seq_id": number if self._plan.numbered else None}
        return block_of(json.dumps({**payload.model_dump(mode="json"), **place}, separators=(",", ":")))

    def _numbered(self, payload: WireMessage | ErrorMessage) -> bytes:
        number = self._next()
        if number <= self._plan.after:
            return b""
        if self._plan.numbered:
            payload = payload.model_copy(update={"seq_id": number})
        return block_of(payload.model_dump_json())

    def _skip(self, seq_id: int) -> None:
        """After a crash the log goes on further up, and so do numbers: readers may have seen pieces that were lost."""
        if self._plan.tokens and seq_id - self._seen > RESUME_GAP:
            self._told += RESUME_GAP
        self._seen = seq_id

    def _next(self) -> int:
        self._told += 1
        return self._told


def is_failure(stop: StopReasonObject) -> bool:
    """Whether an end is told as an error; with other stop reasons a run did what it could."""
    return STOP_REASONS[stop.stop_reason].status == "failed"


def block_of(text: str) -> bytes:
    """One event."""
    return b"data: " + text.encode() + b"\n\n"


def ping_of(context: RestContext, run_id: str) -> bytes:
    number = run_id.partition("-")[2]
    return block_of(Ping(id=f"ping-{number}", date=iso(context.clock.now()), run_id=run_id).model_dump_json())


async def blocks_of(context: RestContext, plan: StreamPlan, pings: bool) -> AsyncGenerator[bytes, None]:
    """A run's stream, from the log and then live. The log is read from its beginning: a number is a place in it."""
    if pings:
        yield ping_of(context, plan.run_id)
    encoder = RunEncoder(plan)
    async with aclosing(context.services.runs.subscribe(plan.run_id)) as events:
        async for event in events:
            block = encoder.feed(event)
            if block:
                yield block


class EventStream(Response):
    """Sends blocks as they come. A slow reader fills its own buffer and then waits for itself; nobody else does."""

    def __init__(
        self, context: RestContext, blocks: AsyncGenerator[bytes, None], ping: Callable[[], bytes] | None
    ) -> None:
        super().__init__(status_code=200, media_type="text/event-stream")
        self._context = context
        self._blocks = blocks
        self._ping = ping
        self._waiting = bytearray()
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._whole = False
        self._cut = False

    def cut(self) -> None:
        """Ends the stream where it is: the reader sees a broken connection, not an end."""
        self._cut = True
        self._news.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-cache"),
            (b"x-accel-buffering", b"no"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        self._context.streams.add(self)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._produce()), group.create_task(self._watch(receive))]
                await self._deliver(send)
                for task in tasks:
                    task.cancel()
        finally:
            self._context.streams.discard(self)

    async def _produce(self) -> None:
        try:
            async with aclosing(self._blocks) as blocks:
                async for block in blocks:
                    while len(self._waiting) > ROOM:
                        self._room.clear()
                        await self._room.wait()
                    self._waiting += block
                    self._news.set()
            self._whole = self._ended()
        except AppError:
            self._whole = False
        self._cut = self._cut or not self._whole
        self._news.set()

    def _ended(self) -> bool:
        return not self._context.closing.is_set()

    async def _watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.cut()

    async def _deliver(self, send: Send) -> None:
        while True:
            if not self._waiting and not self._whole and not self._cut:
                await self._wait_for_news()
            self._news.clear()
            piece = bytes(self._waiting)
            self._waiting.clear()
            self._room.set()
            if piece and not await _sent(send, {"type": "http.response.body", "body": piece, "more_body": True}):
                return
            if self._whole and not self._waiting:
                await _sent(send, {"type": "http.response.body", "body": b"", "more_body": False})
                return
            if self._cut:
                return

    async def _wait_for_news(self) -> None:
        try:
            async with asyncio.timeout(self._context.ping_seconds):
                await self._news.wait()
        except TimeoutError:
            if self._ping is not None:
                self._waiting += self._ping()


async def _sent(send: Send, message: Message) -> bool:
    """False when the reader takes nothing any more."""
    try:
        async with asyncio.timeout(STALLED_SECONDS):
            await send(message)
    except (TimeoutError, OSError):
        return False
    return True
