"""Which connections are taken, and which are let go: who says nothing must not keep out who asks.

There is a place for so many connections at once. Who comes when all are taken gets that of whoever has been silent
longest; where all are at work, it waits in the system's queue, and after a while is told to come again. So neither the
window's link nor the database is ever without descriptors, which they share with the API.
"""

import asyncio
import errno
import logging
import socket
from functools import partial

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from app.descriptors import descriptor_limit
from app.rest.limits import come_again, discard

log = logging.getLogger(__name__)

MOST = 1_500
"""Connections at once. A waiting reader of a run costs up to 100 KB."""
SILENT_SECONDS = 30
"""How long the head of the next request may take, and how long a connection is kept without one."""
SPARED_SECONDS = 1.0
"""So long a connection keeps its place without having asked, also when others wait for it."""
STALLED_SECONDS = 60.0
"""How long an answer may lie about that its asker does not take."""
PATIENCE_SECONDS = 20.0
"""How long all places may be taken before those who come are refused."""
REFUSED_AT_ONCE = 32
SLICE = 8 * 1024
"""Bytes that are read of one connection until others have their turn: about ten milliseconds of the smallest chunks."""
NO_DESCRIPTORS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_LATE = (
    b"HTTP/1.1 408 Request Timeout\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: 59\r\n\r\n"
    b'{"detail":"The request did not arrive completely in time."}'
)
_CLOSE = (b"connection", b"close")


def places_for(descriptors: int) -> int:
    """Half of what the process may open: the rest is for the window, the database, model servers and files."""
    return max(1, min(MOST, descriptors // 2))


class Connection(H11Protocol):
    """One connection of a program."""

    def __init__(self, config: uvicorn.Config, state: ServerState, door: "Door", refused: bool) -> None:
        super().__init__(config, state, {})
        self._door = door
        self.refused = refused
        self.stalled_at: float | None = None
        self._begun = False
        self._asked = False
        self._unread = bytearray()
        if refused:
            self.app = _refuse

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._door.came(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._door.left(self)

    def data_received(self, data: bytes) -> None:
        """In slices: a body in chunks of a byte is thousands of events, between which others have their turn."""
        self._unread += data
        if len(self._unread) == len(data):
            self._take_slice()

    def _take_slice(self) -> None:
        if self.transport.is_closing():
            return
        data = bytes(self._unread[:SLICE])
        self._take(data)
        del self._unread[: len(data)]
        if self._unread:
            self.loop.call_soon(self._take_slice)

    def _take(self, data: bytes) -> None:
        # A head has its time from its first byte on, however slowly the others come; a body from its last one.
        if self.answering or not self._begun:
            self._door.heard(self)
        self._begun = not self.answering
        super().data_received(data)

    def handle_events(self) -> None:
        before = self.cycle
        super().handle_events()
        if self.cycle is not before:
            self._asked = True
            if self._door.crowded:
                self.cycle.default_headers = [*self.cycle.default_headers, _CLOSE]
        if self.answering:
            self._begun = False
            if not self.cycle.more_body:
                self._door.complete(self)

    def on_response_complete(self) -> None:
        self._door.heard(self)
        super().on_response_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self.stalled_at = self.loop.time()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.stalled_at = None

    @property
    def answering(self) -> bool:
        """Whether the head of a request has come that is not answered yet."""
        return self._asked and not self.cycle.response_complete

    @property
    def held(self) -> bool:
        """Whether we do not read on for the moment, so that its silence is ours."""
        return self.flow.read_paused

    def drop(self) -> None:
        """Ends it now, whatever of the last answer was not taken."""
        if self._begun and not self.transport.is_closing():
            self.transport.write(_LATE)
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self.transport.close()


class Door:
    """Takes connections from listeners, as many at once as there are places."""

    def __init__(self, config: uvicorn.Config, state: ServerState) -> None:
        self._config = config
        self._state = state
        self._places = places_for(descriptor_limit())
        self._open: set[Connection] = set()
        self._refused: set[Connection] = set()
        self._silent: dict[Connection, float] = {}
        """Those whose turn it is to send, since when; the longest first."""
        self._one_left = asyncio.Event()
        self._full_since: float | None = None

    @property
    def crowded(self) -> bool:
        """Whether connections are closed after their answer, so that few are ever cut between two requests."""
        return len(self._open) * 4 > self._places * 3

    async def take_from(self, listener: socket.socket) -> None:
        """Until it is cancelled."""
        loop = asyncio.get_running_loop()
        listener.setblocking(False)
        while True:
            try:
                taken, _ = await loop.sock_accept(listener)
            except OSError as error:
                await self._no_connection(error)
                continue
            try:
                refused = not await self._find_place()
                await loop.connect_accepted_socket(partial(self._made, refused), taken)
            except BaseException as error:
                taken.close()
                if not isinstance(error, OSError):
                    raise

    def _made(self, refused: bool) -> Connection:
        return Connection(self._config, self._state, self, refused)

    async def _no_connection(self, error: OSError) -> None:
        if error.errno in NO_DESCRIPTORS:
            log.warning("the local API takes no connections for a moment: %s", error.strerror)
            self._drop_silent(SPARED_SECONDS)
            await asyncio.sleep(1)

    async def _find_place(self) -> bool:
        """False: all are at work, and have been for so long that whoever comes is to be told so."""
        if len(self._open) < self._places:
            self._full_since = None
            return True
        now = asyncio.get_running_loop().time
        self._full_since = self._full_since or now()
        while len(self._open) >= self._places:
            overdue = now() - self._full_since > PATIENCE_SECONDS
            if overdue and len(self._refused) < REFUSED_AT_ONCE:
                return False
            self._one_left.clear()
            await _others_read()
            if not self._drop_silent(SPARED_SECONDS, most=1):
                await self._until_one_left(SPARED_SECONDS / 4)
            elif not self._one_left.is_set():
                await self._until_one_left(SPARED_SECONDS)
        return True

    async def _until_one_left(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._one_left.wait()
        except TimeoutError:
            return

    async def sweep(self) -> None:
        """Until it is cancelled: lets go of what has been silent, or is not taken, for too long."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(1)
            self._drop_silent(SILENT_SECONDS, between=True)
            for one in [*self._open, *self._refused]:
                if one.stalled_at is not None and loop.time() - one.stalled_at > STALLED_SECONDS:
                    one.transport.abort()

    def _drop_silent(self, seconds: float, *, most: int = MOST, between: bool = False) -> int:
        """Drops those silent for so long, the longest first; `between`: not those with a body under way."""
        before = asyncio.get_running_loop().time() - seconds
        found: list[Connection] = []
        for one, since in self._silent.items():
            if since > before or len(found) >= most:
                break
            if not one.held and not (between and one.answering):
                found.append(one)
        for one in found:
            del self._silent[one]
            one.drop()
        return len(found)

    def came(self, one: Connection) -> None:
        (self._refused if one.refused else self._open).add(one)
        self.heard(one)

    def left(self, one: Connection) -> None:
        self._open.discard(one)
        self._refused.discard(one)
        self._silent.pop(one, None)
        self._one_left.set()

    def complete(self, one: Connection) -> None:
        """Its request is whole: what takes time now is our answer."""
        self._silent.pop(one, None)

    def heard(self, one: Connection) -> None:
        """Its silence counts from now."""
        self._silent.pop(one, None)
        self._silent[one] = asyncio.get_running_loop().time()


async def _others_read() -> None:
    """Lets the loop read what has come: a connection is not silent because it was not listened to."""
    for _ in range(3):  # accepted, then watched, then read
        await asyncio.sleep(0)


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    await discard(receive)
    said = "Lares answers as many requests at once as it can. Send this one again in a few seconds."
    await come_again(said)(scope, receive, send)
