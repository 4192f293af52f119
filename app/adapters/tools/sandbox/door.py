"""The engine's end of a call's door: it reads one request at a time, has it answered, and bounds what it reads.

Whoever asks may be hostile. A request that is too long or no JSON closes the door; the call itself goes on, and what it
asks from then on fails there.
"""

import asyncio
import contextlib
import json
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from app.domain.json_value import JsonObject, object_of

FRAME = 4
MOST_ASKED, MOST_ANSWERED = 4_000_000, 8_000_000
"""Bytes of a request and of a reply."""
SMALL = 16_384
"""Bytes that are read at once; longer ones in a thread."""
MOST_REQUESTS = 2_000
"""Of one call."""


@dataclass(frozen=True)
class Reply:
    said: JsonObject
    gives: socket.socket | None = None
    """A connection that is handed over; it is closed here afterwards."""


Serve = Callable[[JsonObject], Awaitable[Reply]]
"""Answers one request. Never raises for what was asked."""


async def serve(end: socket.socket, serves: Mapping[str, Serve]) -> None:
    """Answers until nobody asks any more. `serves`: by what is asked for. The end is closed then."""
    loop = asyncio.get_running_loop()
    end.setblocking(False)
    try:
        for _ in range(MOST_REQUESTS):
            size = int.from_bytes(await _read(loop, end, FRAME), "big")
            if not 0 < size <= MOST_ASKED:
                return
            body = await _read(loop, end, size)
            asked = _understood(body) if size < SMALL else await asyncio.to_thread(_understood, body)
            if asked is None:
                return
            answer = serves.get(str(asked.get("ask")))
            reply = await answer(asked) if answer is not None else refusal("This call may not ask for that.")
            await _tell(loop, end, reply)
    except (OSError, EOFError):
        return
    finally:
        end.close()


def refusal(sentence: str, number: int = 1) -> Reply:
    """`number`: of the system's error that the tool sees."""
    return Reply({"error": sentence, "errno": number})


def _understood(body: bytes) -> JsonObject | None:
    try:
        return object_of(json.loads(body)) or None
    except (ValueError, RecursionError):
        return None


async def _read(loop: asyncio.AbstractEventLoop, end: socket.socket, size: int) -> bytes:
    found = bytearray()
    while len(found) < size:
        piece = await loop.sock_recv(end, min(size - len(found), 1 << 18))
        if not piece:
            raise EOFError
        found += piece
    return bytes(found)


async def _tell(loop: asyncio.AbstractEventLoop, end: socket.socket, reply: Reply) -> None:
    body = await asyncio.to_thread(lambda: json.dumps(reply.said, ensure_ascii=False).encode("utf-8", "replace"))
    if len(body) > MOST_ANSWERED:
        body = json.dumps(refusal("The answer is too large for a tool. Ask for less at once.").said).encode()
    data = len(body).to_bytes(FRAME, "big") + body
    if reply.gives is not None:
        with contextlib.closing(reply.gives):
            sent = socket.send_fds(end, [data[:FRAME]], [reply.gives.fileno()])
        data = data[sent:]
    await loop.sock_sendall(end, data)
