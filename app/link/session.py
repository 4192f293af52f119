"""One client's connection, in the engine: proves the token, then answers calls and streams, many at once."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, cast

from app.domain.error import AppError, Invalid, LinkError
from app.link.methods import Method
from app.link.protocol import CREDIT, Packet, Wire, garbage, prove_as_engine
from app.link.values import error_to_wire, from_wire, to_wire, unreadable, weight_of

log = logging.getLogger(__name__)

OPENING_SECONDS = 5.0

HostCalls = Mapping[str, Callable[..., Awaitable[Any]]]
"""What clients may ask of the host itself: `stop`, `raise_window`. The session is the first argument."""


class _Credit:
    """How many more items a stream may send."""

    def __init__(self) -> None:
        self._left = CREDIT
        self._more = asyncio.Event()

    def add(self, count: int) -> None:
        self._left += count
        self._more.set()

    async def take(self) -> None:
        while self._left <= 0:
            self._more.clear()
            await self._more.wait()
        self._left -= 1


class Session:
    def __init__(
        self, wire: Wire, methods: Mapping[str, Method], host_calls: HostCalls, version: str, patience: float
    ) -> None:
        self._wire = wire
        self._methods = methods
        self._host_calls = host_calls
        self._version = version
        self._patience = patience
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._credits: dict[int, _Credit] = {}
        self._streams: set[int] = set()
        self.kind = ""
        """What the client says it is: window, terminal, api."""

    async def open(self, token: str) -> bool:
        """True once the other side has proven the token; whatever else comes is dropped without an answer."""
        try:
            async with asyncio.timeout(OPENING_SECONDS):
                hello = await prove_as_engine(self._wire, token, self._version)
        except (LinkError, TimeoutError) as error:
            log.info("a connection was refused: %s", getattr(error, "details", None) or "no answer in time")
            self._wire.abort()
            return False
        self.kind = str(hello.get("kind", ""))
        kinds = {name: "stream" if method.stream else "call" for name, method in self._methods.items()}
        self._wire.send({"k": "welcome", "methods": kinds})
        return True

    async def serve(self) -> None:
        """Until the connection ends, by either side."""
        try:
            while True:
                self._take(await self._wire.receive())
        except LinkError as error:
            if error.code == "protocol":
                log.warning("a client was cut off: %s", error.details)
        finally:
            await self._cancel_all()
            self._wire.abort()

    async def close(self, grace: float) -> None:
        """Lets calls end for `grace` seconds, then cuts off."""
        calls = [task for number, task in self._tasks.items() if number not in self._streams]
        if calls:
            await asyncio.wait(calls, timeout=grace)
        await self._cancel_all()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await self._wire.close()
        self._wire.abort()

    async def _cancel_all(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def notify(self, name: str) -> None:
        self._wire.send({"k": "notice", "name": name})

    def _take(self, packet: Packet) -> None:
        number = packet.get("id")
        if not isinstance(number, int):
            raise garbage("a packet without a number")
        match packet["k"]:
            case "call":
                if number in self._tasks:
                    raise garbage("a number is used twice")
                task = asyncio.create_task(self._answer(number, packet))
                self._tasks[number] = task
                task.add_done_callback(lambda _: self._forget(number))
            case "cancel":
                if number in self._tasks:
                    self._tasks[number].cancel()
            case "credit":
                if number in self._credits:
                    self._credits[number].add(int(packet.get("n", 0)))
            case other:
                raise garbage(f"an unknown packet {other[:40]}")

    def _forget(self, number: int) -> None:
        self._tasks.pop(number, None)
        self._credits.pop(number, None)
        self._streams.discard(number)

    async def _answer(self, number: int, packet: Packet) -> None:
        name = f"{packet.get('service')}.{packet.get('method')}"
        try:
            await self._do(number, packet, name)
        except AppError as error:
            self._wire.send({"k": "error", "id": number, "error": error_to_wire(error)})
        except Exception:  # The boundary of a request: whatever it was, the client must hear of it.
            log.exception("%s ended with a fault", name)
            self._wire.send({"k": "error", "id": number, "error": error_to_wire(_fault())})

    async def _do(self, number: int, packet: Packet, name: str) -> None:
        args, kwargs = _arguments(packet)
        if not packet.get("service"):
            call = self._host_calls.get(str(packet.get("method")))
            if call is None:
                raise _unknown(name)
            value = await call(self, *args, **kwargs)
        else:
            method = self._methods.get(name)
            if method is None:
                raise _unknown(name)
            if method.stream:
                await self._stream(number, method.invoke(args, kwargs))
                return
            value = await method.invoke(args, kwargs)
        await self._wire.post({"k": "reply", "id": number, "value": to_wire(value)}, weight_of(value))

    async def _stream(self, number: int, items: AsyncIterator[Any]) -> None:
        credit = self._credits[number] = _Credit()
        self._streams.add(number)
        try:
            async for item in items:
                await self._send_item(number, credit, item)
        finally:
            close = getattr(items, "aclose", None)
            if close is not None:
                await close()
        self._wire.send({"k": "end", "id": number})

    async def _send_item(self, number: int, credit: _Credit, item: Any) -> None:
        try:
            async with asyncio.timeout(self._patience):
                await credit.take()
                await self._wire.post({"k": "item", "id": number, "value": to_wire(item)}, weight_of(item))
        except TimeoutError:
            raise _too_slow() from None


def _arguments(packet: Packet) -> tuple[list[Any], dict[str, Any]]:
    args: Any = packet.get("args", [])
    kwargs: Any = packet.get("kwargs", {})
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise unreadable("arguments", ValueError("they are no list and no object"))
    read = {str(key): from_wire(value) for key, value in cast(dict[str, Any], kwargs).items()}
    return [from_wire(value) for value in cast(list[Any], args)], read


def _unknown(name: str) -> Invalid:
    return Invalid(
        "This part of Lares asked the engine for something it does not offer.",
        code="unknown_method",
        hint="Close Lares and start it again, so that all its parts are of one version.",
        details={"method": name[:80]},
    )


def _too_slow() -> LinkError:
    return LinkError(
        "This reader was too slow, so the engine stopped sending. Nothing is lost.",
        code="too_slow",
        hint="Ask again from the last event that arrived.",
    )


def _fault() -> AppError:
    return AppError(
        "Something went wrong inside Lares, so this was not finished. Everything stored before is safe.",
        code="internal",
        hint="Try again. If it happens again, logs/engine.log in the data folder shows why.",
    )
