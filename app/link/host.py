"""The engine's side of the link: a server on 127.0.0.1 that offers the services to clients that know the token."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from app import __version__
from app.link.methods import methods_of
from app.link.protocol import Wire
from app.link.session import Session

log = logging.getLogger(__name__)

BUFFER = 1024 * 1024
MOST_OPENING = 64
"""Connections at once that have not proven the token."""
GRACE_SECONDS = 1.0
PATIENCE_SECONDS = 10.0


class Host:
    """Serves the public annotated async methods of each field of `services`, a dataclass."""

    def __init__(
        self,
        services: Any,
        token: str,
        *,
        version: str = __version__,
        may_stop: Callable[[bool], bool] = lambda _with_work: False,
        stop: Callable[[], None] = lambda: None,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """`may_stop`: whether the engine may end, `True` given: with work under way. `stop` ends it.

        `patience`: seconds a stream waits for a consumer.
        """
        self._methods = methods_of(services)
        self._token = token
        self._version = version
        self._may_stop = may_stop
        self._stop = stop
        self._patience = patience
        self._sessions: set[Session] = set()
        self._opening: dict[Wire, None] = {}
        """Whose token is not proven yet; the oldest first."""
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._changed = asyncio.Event()
        self._calls = {"stop": self._on_stop, "raise_window": self._on_raise_window}

    @property
    def clients(self) -> int:
        """Clients that have proven the token and are connected now."""
        return len(self._sessions)

    async def start(self) -> int:
        """Listens on a free port, which is returned."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=BUFFER)
        return int(self._server.sockets[0].getsockname()[1])

    async def idle_for(self, seconds: float) -> None:
        """Returns when there has been no client for so long."""
        while True:
            while self.clients:
                await self._wait_for_change(None)
            if not await self._wait_for_change(seconds):
                return

    async def _wait_for_change(self, seconds: float | None) -> bool:
        self._changed.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Takes no more connections, lets calls that run end for a second, then cuts off."""
        if self._server is not None:
            self._server.close()
        await asyncio.gather(*(session.close(GRACE_SECONDS) for session in tuple(self._sessions)))
        for task in tuple(self._connections):
            task.cancel()
        if self._connections:
            await asyncio.wait(tuple(self._connections))

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._opening) >= MOST_OPENING:
            # A client proves itself in a few milliseconds: whoever has been here longest is none.
            oldest = next(iter(self._opening))
            del self._opening[oldest]
            oldest.abort()
        wire = Wire(reader, writer)
        self._opening[wire] = None
        task = asyncio.create_task(self._connection(wire))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _connection(self, wire: Wire) -> None:
        session = Session(wire, self._methods, self._calls, self._version, self._patience)
        try:
            if not await session.open(self._token):
                return
            self._opening.pop(wire, None)
            self._sessions.add(session)
            self._changed.set()
            log.info("%s connected, %d clients", session.kind, self.clients)
            await session.serve()
        finally:
            if session in self._sessions:
                self._sessions.discard(session)
                self._changed.set()
                log.info("%s left, %d clients", session.kind, self.clients)
            self._opening.pop(wire, None)
            wire.abort()

    async def _on_stop(self, session: Session, with_work: bool = False) -> bool:
        """Ends the engine if nobody else needs it; says whether it does."""
        alone = self._sessions <= {session}
        if alone and self._may_stop(with_work):
            self._stop()
            return True
        return False

    async def _on_raise_window(self, session: Session) -> int:
        """Asks every other window to come to the front; says how many there are."""
        windows = [other for other in self._sessions if other is not session and other.kind == "window"]
        for window in windows:
            window.notify("raise")
        return len(windows)
