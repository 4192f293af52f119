"""Connections for tools that may use the network: made here, to the address that was checked, and handed over."""

import asyncio
import contextlib
import errno
import os
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from app.adapters.tools.sandbox.door import Reply, Serve, refusal
from app.adapters.web.addresses import is_public
from app.adapters.web.fetching import resolved
from app.domain.json_value import JsonObject

SECONDS = 60.0
"""That a connection may take."""
NOT_PUBLIC = "“{}” belongs to this computer or its network, where tools may not go."


@dataclass(frozen=True)
class PublicNetwork:
    """The internet, without this computer, its network and what hosts it."""

    resolve: Callable[[str, int], Awaitable[Sequence[str]]] = resolved
    is_allowed: Callable[[str], bool] = is_public
    route: Callable[[str, int], tuple[str, int]] = lambda place, port: (place, port)
    """Where a place is really found."""

    @property
    def serves(self) -> Mapping[str, Serve]:
        return {"resolve": self._resolve, "connect": self._connect}

    async def _resolve(self, asked: JsonObject) -> Reply:
        host, port = str(asked.get("host"))[:300], _number(asked.get("port"))
        try:
            async with asyncio.timeout(SECONDS):
                places = tuple(await self.resolve(host, port))
        except (OSError, UnicodeError, TimeoutError):
            places = ()
        if not places:
            return refusal(f"There is no “{host}” on the internet, or this computer is offline.")
        # Whoever mixes them wants to be asked twice.
        if not all(self.is_allowed(one) for one in places):
            return refusal(NOT_PUBLIC.format(host))
        return Reply({"places": list(places)})

    async def _connect(self, asked: JsonObject) -> Reply:
        place, port = str(asked.get("host"))[:100], _number(asked.get("port"))
        if not self.is_allowed(place):
            return refusal(NOT_PUBLIC.format(place), errno.EACCES)
        seconds = asked.get("seconds")
        limit = min(float(seconds), SECONDS) if isinstance(seconds, (int, float)) and seconds > 0 else SECONDS
        where = self.route(place, port)
        loop, made = asyncio.get_running_loop(), socket.socket(socket.AF_INET6 if ":" in where[0] else socket.AF_INET)
        made.setblocking(False)
        try:
            async with asyncio.timeout(limit):
                await loop.sock_connect(made, where)
        except BaseException as error:
            made.close()
            if isinstance(error, TimeoutError):
                return refusal("The connection timed out.", errno.ETIMEDOUT)
            if isinstance(error, OSError):
                return refusal(error.strerror or os.strerror(error.errno or errno.EIO), error.errno or errno.EIO)
            raise
        return Reply({}, made)


def _number(given: object) -> int:
    with contextlib.suppress(TypeError, ValueError, OverflowError):
        return max(0, min(int(given), 65_535))  # type: ignore[call-overload]
    return 0
