"""A real HTTP server for scripted model servers: sockets, threads and records, nothing of what is said.

It runs in a thread of the test (`with`), or in a process of its own (`serve`).
"""

import asyncio
import contextlib
import json
import threading
import weakref
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Self

_REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}


@dataclass(frozen=True)
class Recorded:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw) if self.raw else None


class Exchange:
    """One request and the way to answer it."""

    def __init__(self, request: Recorded, writer: asyncio.StreamWriter) -> None:
        self.request = request
        self._writer = writer

    async def send(self, status: int, body: Any = "", content_type: str = "application/json; charset=utf-8") -> None:
        """A whole answer; anything but text is sent as JSON."""
        payload = (body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)).encode()
        self._head(status, {"Content-Type": content_type, "Content-Length": str(len(payload))})
        self._writer.write(payload)
        await self._writer.drain()

    async def send_bytes(self, status: int, headers: dict[str, str], payload: bytes = b"") -> None:
        """A whole answer with headers of its own."""
        self._head(status, {"Content-Length": str(len(payload)), **headers})
        self._writer.write(payload)
        await self._writer.drain()

    async def begin(self, content_type: str) -> None:
        self._head(200, {"Content-Type": content_type, "Transfer-Encoding": "chunked"})
        await self._writer.drain()

    async def write(self, payload: bytes, slice_bytes: int = 0) -> None:
        size = slice_bytes or len(payload)
        for start in range(0, len(payload), size):
            part = payload[start : start + size]
            self._writer.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
            await self._writer.drain()
            if slice_bytes:
                await asyncio.sleep(0)

    async def end(self) -> None:
        self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()

    def cut(self) -> None:
        """The connection breaks here."""
        self._writer.transport.abort()
        raise ConnectionResetError

    def _head(self, status: int, headers: dict[str, str]) -> None:
        lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Other')}"]
        self._writer.write(
            "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode()
        )


class Serving:
    """Answers each request by `answer`. Counts and records under a lock, so that a test can wait for what it sees."""

    def __init__(self, answer: Callable[[Exchange], Awaitable[None]], port: int = 0) -> None:
        self.port = port
        """0: any free one, readable after the start."""
        self.requests: list[Recorded] = []
        self.connections = 0
        self.aborted = 0
        """Answers whose client went away before their end."""
        self._answer = answer
        self._changed = threading.Condition()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._open: set[asyncio.Task[None]] = set()
        self._transports: weakref.WeakSet[asyncio.WriteTransport] = weakref.WeakSet()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=asyncio.run, args=(self.serve(),), name="scripted-server")
        self._thread.start()
        self.wait_for(lambda: self._stopping is not None)
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop and self._stopping and self._thread:
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()

    def wait_for(self, met: Callable[[], bool], seconds: float = 20.0) -> None:
        """Waits until something that the server sees or counts is true. Blocks: async tests call it in a thread."""
        with self._changed:
            if not self._changed.wait_for(met, seconds):
                raise TimeoutError(f"the server did not see it: {self.requests=}, {self.aborted=}")

    @contextlib.contextmanager
    def noted(self) -> Iterator[None]:
        """What is changed inside is seen by those who wait."""
        with self._changed:
            yield
            self._changed.notify_all()

    def run_soon(self, call: Callable[[], object]) -> None:
        """Calls something in the server's thread."""
        if self._loop:
            self._loop.call_soon_threadsafe(call)

    async def serve(self, started: Callable[[], None] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        stopping = asyncio.Event()
        server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        with self.noted():
            self._stopping = stopping
        if started:
            started()
        try:
            await stopping.wait()
        finally:
            # Who was just let in gets a task and a transport to close, which a closed server gives nobody any more.
            for listener in server.sockets:
                self._loop.remove_reader(listener.fileno())
            await _settle()
            server.close()
            for task in self._open:
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)
            for transport in self._transports:
                transport.abort()
            await _settle()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Notes each connection at once: one that comes while the server stops must be closed too."""
        self._transports.add(writer.transport)
        task = asyncio.ensure_future(self._connection(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with self.noted():
            self.connections += 1
        try:
            while request := await _read_request(reader):
                with self.noted():
                    self.requests.append(request)
                if not await self._one(Exchange(request, writer), reader):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        except asyncio.CancelledError:
            # The server stops; a cancelled task would be logged as an error.
            pass
        finally:
            writer.close()

    async def _one(self, exchange: Exchange, reader: asyncio.StreamReader) -> bool:
        """Answers one request; whether the connection lives on."""
        answering = asyncio.ensure_future(self._answer(exchange))
        gone = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait({answering, gone}, return_when=asyncio.FIRST_COMPLETED)
            left_early = not answering.done()
        finally:
            answering.cancel()
            gone.cancel()
            results = await asyncio.gather(answering, gone, return_exceptions=True)
        if isinstance(results[0], Exception) and not isinstance(results[0], ConnectionError):
            raise results[0]
        if left_early:
            with self.noted():
                self.aborted += 1
        return not left_early and not isinstance(results[0], ConnectionError)


async def _settle() -> None:
    """Long enough for connections that were let in at the last moment, several at once, to get their transports."""
    for _ in range(30):
        await asyncio.sleep(0)


async def _read_request(reader: asyncio.StreamReader) -> Recorded | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").rstrip().split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    raw = await reader.readexactly(int(headers.get("content-length", 0)))
    method, path, _ = first.split(" ")
    return Recorded(method, path, headers, raw)
