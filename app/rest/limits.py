"""Limits of requests: how large a body may be, how slowly it may come, what all that lie in memory may weigh together;
and the log of the last requests."""

import asyncio
import time
from collections import deque

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.domain.error import AppError
from app.rest.context import RestContext

MAX_BODY = 25 * 1024 * 1024
BODY_SECONDS = 30.0
"""How long the next piece of a body may take, and how long a body may be behind its pace."""
BODY_PACE = 128 * 1024
"""Bytes in a second: a slow wireless network has more. Who sends less slowly holds the room of others."""
ROOM = 2 * MAX_BODY
"""Bytes of bodies that lie in memory at once, over all connections; while one is read it is there four times over."""
SMALL_BODY = 64 * 1024
"""Bodies that need no room of their own: as much is buffered for each connection anyway."""
ROOM_SECONDS = 20.0
"""How long a request waits for room for its body."""
AGAIN_SECONDS = 5
DISCARD_SECONDS = 5.0


class TooLarge(AppError):
    code = "too_large"

    def __init__(self) -> None:
        super().__init__(f"The request is larger than {MAX_BODY // 1024 // 1024} MB.", hint="Send less at once.")


class TooSlow(AppError):
    code = "too_slow"

    def __init__(self) -> None:
        super().__init__("The request did not arrive completely in time.", hint="Send it again.")


class Crowded(AppError):
    """There is too much to do at once. Answered by `come_again`."""

    code = "crowded"

    def __init__(self) -> None:
        super().__init__(
            "Lares has as many large requests in hand as its memory is to hold.",
            hint="Send this one again in a moment.",
        )


def come_again(said: str) -> Response:
    """503 to a request that nothing is wrong with; clients send it again by themselves."""
    headers = {"Retry-After": str(AGAIN_SECONDS), "Connection": "close"}
    return JSONResponse({"detail": said}, 503, headers=headers)


async def discard(receive: Receive) -> None:
    """Throws away what still comes of a body: an answer before its end would be lost with the connection."""
    try:
        async with asyncio.timeout(DISCARD_SECONDS):
            while (await receive()).get("more_body"):
                pass
    except TimeoutError:
        return


class BodyRoom:
    """What all bodies together may take of memory. First come, first served."""

    def __init__(self, size: int = ROOM) -> None:
        self._left = size
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def take(self, size: int) -> None:
        """Waits until there is room. Raises `Crowded`."""
        if not self._waiting and size <= self._left:
            self._left -= size
            return
        place = size, asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            async with asyncio.timeout(ROOM_SECONDS):
                await place[1]
        except BaseException as error:
            if place in self._waiting:
                self._waiting.remove(place)
                self.give(0)
            elif not place[1].cancelled():
                self.give(size)
            if isinstance(error, TimeoutError):
                raise Crowded from None
            raise

    def give(self, size: int) -> None:
        self._left += size
        while self._waiting and self._waiting[0][0] <= self._left:
            wanted, place = self._waiting.popleft()
            if not place.done():
                self._left -= wanted
                place.set_result(None)


class Limits:
    """Cuts the path's last slash, counts the body and notes the request."""

    def __init__(self, app: ASGIApp, context: RestContext) -> None:
        self._app = app
        self._context = context
        self._room = BodyRoom()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        begun = time.perf_counter()
        noted = False

        async def sending(message: Message) -> None:
            nonlocal noted
            if message["type"] == "http.response.start" and not noted:
                noted = True
                self._note(scope, message["status"], begun)
            await send(message)

        path = scope["path"]
        if len(path) > 1 and path.endswith("/"):
            scope = {**scope, "path": path.rstrip("/") or "/"}
        body = _Body(receive, scope, self._room)
        try:
            await self._app(scope, body.receive, sending)
        finally:
            body.forget()

    def _note(self, scope: Scope, status: int, begun: float) -> None:
        took_ms = round((time.perf_counter() - begun) * 1000, 1)
        client = Headers(scope=scope).get("user-agent", "")[:200]
        self._context.requests.appendleft(
            {
                "at": self._context.clock.now(),
                "method": scope["method"],
                "path": scope["path"][:500],
                "status": status,
                "took_ms": took_ms,
                "client": client,
            }
        )


class _Body:
    """The body of one request as it comes."""

    def __init__(self, receive: Receive, scope: Scope, room: BodyRoom) -> None:
        headers = Headers(scope=scope)
        # Nobody knows how long one in chunks will be.
        length = headers.get("content-length", str(MAX_BODY) if "transfer-encoding" in headers else "0")
        self._announced = int(length) if length.isascii() and length.isdecimal() and len(length) < 16 else MAX_BODY + 1
        self._receive = receive
        self._room = room
        self._held = 0
        self._taken = 0
        self._whole = False
        self._begun: float | None = None

    async def receive(self) -> Message:
        if self._whole:
            return await self._receive()
        if self._announced > MAX_BODY:
            raise TooLarge
        loop = asyncio.get_running_loop()
        if self._begun is None:
            await self._find_room()
            self._begun = loop.time()
        behind = self._begun + BODY_SECONDS + self._taken / BODY_PACE
        try:
            async with asyncio.timeout_at(min(behind, loop.time() + BODY_SECONDS)):
                message = await self._receive()
        except TimeoutError:
            raise TooSlow from None
        self._taken += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        if self._taken > MAX_BODY:
            raise TooLarge
        if self._whole and self._held > self._taken:
            self._room.give(self._held - self._taken)
            self._held = self._taken
        return message

    async def _find_room(self) -> None:
        if self._announced <= SMALL_BODY:
            return
        try:
            await self._room.take(self._announced)
        except Crowded:
            await discard(self._receive)
            raise
        self._held = self._announced

    def forget(self) -> None:
        """Called once the request is answered."""
        self._room.give(self._held)
        self._held = 0
