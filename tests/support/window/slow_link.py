"""A link that is slow where a test wants it to be: between a window and its engine, over real sockets."""

import asyncio
import contextlib

from app.domain.error import LinkError
from app.link.protocol import Packet, Wire

Verb = tuple[str, str]
"""A service and its method."""


class SlowLink:
    """Hands on what goes both ways; answers to a verb that is held wait for `release`. Lives in one loop."""

    def __init__(self, port: int) -> None:
        """`port`: where the engine is."""
        self._engine = port
        self._held: set[Verb] = set()
        self._asked: dict[int, Verb] = {}
        self._kept: list[tuple[Wire, Packet]] = []
        self._links: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        """Returns the port where windows come in."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def hold(self, service: str, method: str) -> None:
        self._held.add((service, method))

    async def release(self) -> None:
        """What was held goes out, in its order, and nothing is held any more."""
        self._held.clear()
        for window, packet in self._kept:
            window.send(packet)
        self._kept.clear()

    async def close(self) -> None:
        self._server.close()
        for link in tuple(self._links):
            link.cancel()
            await asyncio.wait([link])

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = asyncio.ensure_future(self._carry(Wire(reader, writer)))
        self._links.add(link)
        link.add_done_callback(self._links.discard)

    async def _carry(self, window: Wire) -> None:
        engine = Wire(*await asyncio.open_connection("127.0.0.1", self._engine))
        ways = [asyncio.ensure_future(self._up(window, engine)), asyncio.ensure_future(self._down(engine, window))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.wait(ways)
            for wire in (window, engine):
                wire.abort()

    async def _up(self, window: Wire, engine: Wire) -> None:
        with contextlib.suppress(LinkError):
            while True:
                packet = await window.receive()
                if packet["k"] == "call":
                    self._asked[packet["id"]] = packet["service"], packet["method"]
                await engine.post(packet)

    async def _down(self, engine: Wire, window: Wire) -> None:
        with contextlib.suppress(LinkError):
            while True:
                packet = await engine.receive()
                if packet["k"] == "reply" and self._asked.pop(packet["id"], None) in self._held:
                    self._kept.append((window, packet))
                else:
                    await window.post(packet)
