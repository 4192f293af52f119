"""Run events as server-sent events: by steps or by tokens, numbered when the run lives on without its reader.

What is sent follows from the run's log alone, so that a stream cut anywhere and taken up again goes on exactly.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from app.domain.error import AppError
from app.domain.event import RunEvent
from app.domain.run import STOP_REASONS
from app.domain.wire_message import ErrorMessage, Ping, StopReasonObject, UsageStatistics, iso
from app.rest.context import RestContext

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
    """With `seq_id`: for runs that can be taken up again."""
    after: int = 0
    types: frozenset[str] | None = None


class RunEncoder:
    """Feeds on all events of a run from its first one; gives the bytes of those after `plan.after`."""

    def __init__(self, plan: StreamPlan) -> None:
        self._plan = plan
        self._in_pieces: set[tuple[str, str]] = set()
        self._error: ErrorMessage | None = None
        self._failed = False

    def feed(self, event: RunEvent) -> bytes:
        payload = event.payload
        match payload:
            case ErrorMessage():
                self._error = payload
                return b""
            case StopReasonObject():
                return self._stop(event, payload)
            case UsageStatistics():
                return DONE if self._failed else self._end(event.seq_id, payload) + DONE
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
        wanted = self._plan.types is None or payload.message_type in self._plan.types
        if not wanted or event.seq_id <= self._plan.after:
            return b""
        if self._plan.numbered:
            payload = payload.model_copy(update={"seq_id": event.seq_id})
        return _block(payload.model_dump_json())

    def _stop(self, event: RunEvent, payload: StopReasonObject) -> bytes:
        """An error comes after the stop reason; it was logged before it, so the two exchange their numbers."""
        self._failed = self._error is not None and is_failure(payload)
        if not self._failed:
            return self._end(event.seq_id, payload)
        assert self._error is not None
        told = self._error.model_copy(update={"seq_id": event.seq_id if self._plan.numbered else None})
        error = f"event: error\ndata: {told.model_dump_json()}\n\n".encode()
        return self._end(event.seq_id - 1, payload) + (error if event.seq_id > self._plan.after else b"")

    def _end(self, seq_id: int, payload: StopReasonObject | UsageStatistics) -> bytes:
        if seq_id <= self._plan.after:
            return b""
        place = {"run_id": self._plan.run_id, "seq_id": seq_id if self._plan.numbered else None}
        return _block(json.dumps({**payload.model_dump(mode="json"), **place}, separators=(",", ":")))


def is_failure(stop: StopReasonObject) -> bool:
    """Whether an end is told as an error; with other stop reasons a run did what it could."""
    return STOP_REASONS[stop.stop_reason].status == "failed"


def _block(text: str) -> bytes:
    return b"data: " + text.encode() + b"\n\n"


def ping_of(context: RestContext, run_id: str) -> bytes:
    number = run_id.partition("-")[2]
    return _block(Ping(id=f"ping-{number}", date=iso(context.clock.now()), run_id=run_id).model_dump_json())


async def blocks_of(context: RestContext, plan: StreamPlan, pings: bool) -> AsyncIterator[bytes]:
    """A run's stream, from the log and then live."""
    if pings:
        yield ping_of(context, plan.run_id)
    encoder = RunEncoder(plan)
    # By tokens the encoder must know which messages came in pieces, also before the reader's place.
    begin = 0 if plan.tokens else max(0, plan.after - 2)
    async with aclosing(context.services.runs.subscribe(plan.run_id, begin)) as events:  # type: ignore[type-var]
        async for event in events:
            block = encoder.feed(event)
            if block:
                yield block


class EventStream(Response):
    """Sends blocks as they come. A slow reader fills its own buffer and then waits for itself; nobody else does."""

    def __init__(self, context: RestContext, blocks: AsyncIterator[bytes], ping: Callable[[], bytes] | None) -> None:
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
            async with aclosing(self._blocks) as blocks:  # type: ignore[type-var]
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
