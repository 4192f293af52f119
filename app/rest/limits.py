"""Limits of a request: how large its body may be and how slowly it may come; and the log of the last requests."""

import asyncio
import time

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.domain.error import AppError
from app.rest.context import RestContext

MAX_BODY = 25 * 1024 * 1024
BODY_SECONDS = 30.0
"""How long the next piece of a body may take."""


class TooLarge(AppError):
    code = "too_large"

    def __init__(self) -> None:
        super().__init__(f"The request is larger than {MAX_BODY // 1024 // 1024} MB.", hint="Send less at once.")


class TooSlow(AppError):
    code = "too_slow"

    def __init__(self) -> None:
        super().__init__("The request did not arrive completely in time.", hint="Send it again.")


class Limits:
    """Cuts the path's last slash, counts the body and notes the request."""

    def __init__(self, app: ASGIApp, context: RestContext) -> None:
        self._app = app
        self._context = context

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
        await self._app(scope, _counting(receive, _announced(scope)), sending)

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


def _announced(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "0")
    return int(length) if length.isascii() and length.isdecimal() and len(length) < 16 else MAX_BODY + 1


def _counting(receive: Receive, announced: int) -> Receive:
    taken = 0
    whole = False

    async def receiving() -> Message:
        nonlocal taken, whole
        if whole:
            return await receive()
        if announced > MAX_BODY:
            raise TooLarge
        try:
            async with asyncio.timeout(BODY_SECONDS):
                message = await receive()
        except TimeoutError:
            raise TooSlow from None
        taken += len(message.get("body", b""))
        whole = not message.get("more_body", False)
        if taken > MAX_BODY:
            raise TooLarge
        return message

    return receiving
