"""A client of the engine: connects, and offers its services as if they were here.

Works on any asyncio loop, Qt's included. Imports the domain words and nothing of the engine.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from app import __version__
from app.config import Config
from app.domain.error import AppError, LinkError
from app.link.engine_file import EngineNote, read_note
from app.link.protocol import PROTOCOL, Packet, Wire, prove_as_client
from app.link.stream import OpenStreams, Stream
from app.link.values import error_from_wire, from_wire, to_wire, weight_of

if TYPE_CHECKING:
    from app.services import Services

BUFFER = 1024 * 1024
OPENING_SECONDS = 3.0


class Client:
    """An open link. Made by `connect`; ends with `close` or when the engine ends."""

    def __init__(self, wire: Wire, hello: Packet, methods: Mapping[str, str]) -> None:
        self._wire = wire
        self._numbers = itertools.count(1)
        self._pending: dict[int, asyncio.Future[Any]] = {}
        self._streams = OpenStreams()
        self._gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.engine_version = str(hello.get("version", ""))
        self.engine_protocol = int(hello.get("protocol", 0))
        self.on_notice: Callable[[str], None] = lambda name: None
        """Called with `raise` when the window is asked to come to the front."""
        self.services: Services = cast("Services", _Services(self, methods))
        self._reading = asyncio.create_task(self._read())

    @property
    def closed(self) -> asyncio.Future[None]:
        """Awaitable: done when the link is gone, for whatever reason."""
        return asyncio.shield(self._gone)

    @property
    def is_closed(self) -> bool:
        return self._gone.done()

    async def wait_closed(self) -> None:
        """Returns when the link is gone, for whatever reason."""
        await self.closed

    async def close(self) -> None:
        """Ends the link; what is still pending fails with `engine_gone`."""
        self._reading.cancel()
        await asyncio.wait([self._reading])
        self._fail_all(gone())
        await self._wire.close()

    async def stop_engine(self, with_work: bool = False) -> bool:
        """Asks the engine to end. It does if nobody else is connected and, without `with_work`, nothing is at work."""
        return bool(await self.call("", "stop", with_work))

    async def raise_window(self) -> int:
        """Asks the open windows to come to the front; says how many there are."""
        return int(await self.call("", "raise_window"))

    async def call(self, service: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """One request and its answer. Cancelling it cancels it in the engine too."""
        number = next(self._numbers)
        answer = self._pending[number] = self._future()
        try:
            packet = _call(number, service, method, args, kwargs)
            await self._wire.post(packet, sum(map(weight_of, args)))
            return await answer
        except asyncio.CancelledError:
            self._wire.send({"k": "cancel", "id": number})
            raise
        except OSError as error:
            raise gone() from error
        finally:
            del self._pending[number]
            if answer.done() and not answer.cancelled():
                answer.exception()  # looked at: whoever waited may have been cancelled in the same moment

    def stream(self, service: str, method: str, *args: Any, **kwargs: Any) -> Stream:
        """Begins at once; items wait here until they are asked for."""
        number = next(self._numbers)
        stream = Stream(number, self._wire)
        if self.is_closed:
            stream.finish(gone())
        else:
            self._streams.add(stream)
            self._wire.send(_call(number, service, method, args, kwargs))
        return stream

    def _future(self) -> asyncio.Future[Any]:
        if self.is_closed:
            raise gone()
        return asyncio.get_running_loop().create_future()

    async def _read(self) -> None:
        error = gone()
        try:
            while True:
                self._take(await self._wire.receive())
        except LinkError as broken:
            if broken.code == "protocol":
                error = broken
        finally:
            self._wire.abort()
            self._fail_all(error)

    def _fail_all(self, error: LinkError) -> None:
        if self.is_closed:
            return
        self._gone.set_result(None)
        for answer in self._pending.values():
            if not answer.done():
                answer.set_exception(error)
        self._streams.finish_all(error)

    def _take(self, packet: Packet) -> None:
        number = packet.get("id", 0)
        match packet["k"]:
            case "reply":
                self._settle(number, packet.get("value"))
            case "error":
                error = error_from_wire(packet.get("error") or {})
                self._fail(number, error)
                self._streams.finish(number, error)
            case "item":
                self._streams.put(number, packet.get("value"))
            case "end":
                self._streams.finish(number, None)
            case "notice":
                self.on_notice(str(packet.get("name")))
            case _:
                raise LinkError("The engine said something unknown.", code="protocol", details={"k": packet["k"]})

    def _settle(self, number: int, value: Any) -> None:
        answer = self._pending.get(number)
        if answer is None or answer.done():
            return
        try:
            answer.set_result(from_wire(value))
        except LinkError as error:
            answer.set_exception(error)

    def _fail(self, number: int, error: AppError) -> None:
        answer = self._pending.get(number)
        if answer is not None and not answer.done():
            answer.set_exception(error)


def _call(number: int, service: str, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Packet:
    written = {name: to_wire(value) for name, value in kwargs.items()}
    packet = {"k": "call", "id": number, "service": service, "method": method}
    return packet | {"args": [to_wire(value) for value in args], "kwargs": written}


class _Services:
    """Stands for the engine's services: `_Services.agents.list()` becomes a call."""

    def __init__(self, client: Client, methods: Mapping[str, str]) -> None:
        for noun in {name.partition(".")[0] for name in methods}:
            verbs = {name.partition(".")[2]: kind for name, kind in methods.items() if name.startswith(f"{noun}.")}
            setattr(self, noun, _Service(client, noun, verbs))


class _Service:
    def __init__(self, client: Client, noun: str, verbs: Mapping[str, str]) -> None:
        for verb, kind in verbs.items():
            setattr(self, verb, _streaming(client, noun, verb) if kind == "stream" else _calling(client, noun, verb))


def _calling(client: Client, noun: str, verb: str) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> Any:
        return await client.call(noun, verb, *args, **kwargs)

    return call


def _streaming(client: Client, noun: str, verb: str) -> Callable[..., AsyncIterator[Any]]:
    def stream(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        return client.stream(noun, verb, *args, **kwargs)

    return stream


async def connect(config: Config, kind: str = "window") -> Client:
    """Connects to the engine that runs now, if it is of this version. Raises `LinkError`."""
    client = await open_link(read_note(config.engine_file), kind)
    if (client.engine_version, client.engine_protocol) != (__version__, PROTOCOL):
        await client.close()
        raise other_version(client.engine_version)
    return client


async def open_link(note: EngineNote | None, kind: str) -> Client:
    """Connects to an engine of whatever version. Raises `LinkError` `engine_gone` if none proves itself there."""
    if note is None:
        raise gone()
    try:
        async with asyncio.timeout(OPENING_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", note.port, limit=BUFFER)
            return await _introduce(Wire(reader, writer), note, kind)
    except (OSError, TimeoutError, LinkError) as error:
        raise gone() from error


async def _introduce(wire: Wire, note: EngineNote, kind: str) -> Client:
    try:
        hello = await prove_as_client(wire, note.token, __version__, kind)
        welcome = await wire.receive()
        methods = welcome.get("methods")
        if welcome["k"] != "welcome" or not isinstance(methods, dict):
            raise gone()
    except BaseException:
        wire.abort()
        raise
    return Client(wire, hello, cast(Mapping[str, str], methods))


def gone() -> LinkError:
    return LinkError(
        "The Lares engine is not responding, so this was not finished. Everything stored is safe.",
        code="engine_gone",
        hint="Try again; Lares restarts the engine.",
    )


def other_version(version: str) -> LinkError:
    return LinkError(
        f"Another version of Lares ({version}) is using this data folder; this one is {__version__}.",
        code="other_version",
        hint="Close the other one, or use it instead.",
        details={"running": version, "this": __version__},
    )
