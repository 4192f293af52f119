"""What all bodies together may take, and how slowly one may come."""

import asyncio
from typing import Any

import pytest

from app.rest import limits
from app.rest.connections import MOST, places_for
from app.rest.limits import MAX_BODY, SMALL_BODY, BodyRoom, Crowded, Limits, TooSlow
from tests.support.window.seeing import until

pytestmark = pytest.mark.anyio


async def test_room_is_given_in_the_order_in_which_it_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    room, got = BodyRoom(100), list[str]()

    async def ask(name: str, size: int) -> None:
        await room.take(size)
        got.append(name)

    await ask("first", 80)
    large, small = asyncio.ensure_future(ask("large", 60)), asyncio.ensure_future(ask("small", 10))
    await asyncio.sleep(0)
    assert got == ["first"], "a small one that came later does not overtake"
    room.give(80)
    await asyncio.gather(large, small)
    assert got == ["first", "large", "small"]
    waiting, next_one = asyncio.ensure_future(ask("gone", 50)), asyncio.ensure_future(ask("next", 30))
    await asyncio.sleep(0)
    waiting.cancel()
    await next_one
    assert got[-1] == "next", "who goes away keeps nobody waiting"
    monkeypatch.setattr(limits, "ROOM_SECONDS", 0.01)
    with pytest.raises(Crowded):
        await room.take(50)
    room.give(100)
    await room.take(100)


class Asker:
    """Sends a body in pieces through the real limits."""

    def __init__(self, gate: Limits, *headers: tuple[bytes, bytes]) -> None:
        self.pieces: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._scope = {"type": "http", "method": "POST", "path": "/v1/blocks/", "headers": list(headers)}
        self.task = asyncio.ensure_future(gate(self._scope, self.pieces.get, self._hear))  # type: ignore[arg-type]

    async def _hear(self, message: Any) -> None: ...

    def send(self, size: int, more: bool) -> None:
        self.pieces.put_nowait({"type": "http.request", "body": b"x" * size, "more_body": more})


class Reading:
    """Stands behind the limits: reads the body and then takes its time over the answer."""

    def __init__(self) -> None:
        self.read = 0
        self.answer = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["more_body"]:
            pass
        self.read += 1
        await self.answer.wait()


async def test_bodies_wait_for_each_other_and_small_ones_for_nobody() -> None:
    reading = Reading()
    gate = Limits(reading, None)  # type: ignore[arg-type]
    whole = str(MAX_BODY).encode()
    large = [Asker(gate, (b"content-length", whole)) for _ in range(6)]
    small = Asker(gate, (b"content-length", str(SMALL_BODY).encode()))
    chunked = Asker(gate, (b"transfer-encoding", b"chunked"))
    for one in (*large, chunked):
        one.send(1_000, more=True)
    small.send(1_000, more=False)
    await until(lambda: reading.read == 1, "the small one")
    assert [one.pieces.empty() for one in large] == [True] * 2 + [False] * 4
    assert not chunked.pieces.empty(), "nobody knows how long it will be"
    for one in (*large, chunked):
        one.send(1, more=False)
    reading.answer.set()
    await asyncio.gather(*(one.task for one in (*large, small, chunked)))
    assert reading.read == 8


@pytest.mark.parametrize("size", [1, 100, 1_000])
async def test_a_body_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.1)
    gate = Limits(Reading(), None)  # type: ignore[arg-type]
    slow = Asker(gate, (b"content-length", b"50000000"[:7]))
    pieces = 0
    while not slow.task.done():
        slow.send(size, more=True)
        pieces += 1
        await asyncio.sleep(0.02)
        assert pieces < 100, "each piece came in time, all together never"
    assert isinstance(slow.task.exception(), TooSlow)


def test_half_of_the_descriptors_are_for_others() -> None:
    assert [places_for(limit) for limit in (1, 64, 256, 1_024, 4_096, 16_384)] == [1, 32, 128, 512, MOST, MOST]
