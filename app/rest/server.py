"""Starts and stops the HTTP server in the engine's loop; the engine's process, not uvicorn, answers to signals."""

import asyncio
import contextlib
import errno
import ipaddress
import logging
import socket
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from typing import Any

import uvicorn

from app.domain.api import ApiRequest
from app.domain.error import AppError, Invalid
from app.ports.api import ApiPlan
from app.ports.system import Clock
from app.rest.app import build_app
from app.rest.callbacks import call_back
from app.rest.connections import SILENT_SECONDS, Door
from app.rest.context import RestContext
from app.services import Services

GRACE_SECONDS = 2
HEADER_BYTES = 64 * 1024
WAITING_CONNECTIONS = 2_048


class _Server(uvicorn.Server):
    """Tells when it serves, takes connections through a door of its own, and leaves signals alone."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self.servers = []
        self._taking: list[asyncio.Task[None]] = []

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        door, loop = Door(self.config, self.server_state), asyncio.get_running_loop()
        self._taking = [loop.create_task(work) for work in (door.sweep(), *map(door.take_from, sockets or ()))]
        self.started = True
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for task in self._taking:
            task.cancel()
        await asyncio.wait(self._taking)
        await super().shutdown(sockets)


class RestServer:
    """Implements `app.ports.api.ApiServer`."""

    def __init__(self, services: Services, clock: Clock) -> None:
        self._services = services
        self._clock = clock
        self._context: RestContext | None = None
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self._work: set[asyncio.Task[None]] = set()
        self.url = ""

    def requests(self) -> tuple[ApiRequest, ...]:
        return tuple(ApiRequest(**one) for one in self._context.requests) if self._context else ()

    async def start(self, plan: ApiPlan) -> None:
        listeners = listen(plan)
        # What goes wrong in a request is logged where it is known what it was.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        context = self._context = RestContext(self._services, self._clock, plan, self._spawn)
        config = uvicorn.Config(
            build_app(context),
            http="h11",
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            proxy_headers=False,
            h11_max_incomplete_event_size=HEADER_BYTES,
            timeout_keep_alive=SILENT_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        server = self._server = _Server(config)
        self._serving = asyncio.get_running_loop().create_task(_serve(server, listeners))
        await server.ready.wait()
        host, port = listeners[0].getsockname()[:2]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        for request in await self._services.turns.to_call():
            self._spawn(call_back(context, request))

    async def stop(self) -> None:
        if self._server is None or self._context is None or self._serving is None:
            return
        self.url = ""
        self._context.closing.set()
        for stream in tuple(self._context.streams):
            stream.cut()
        for task in tuple(self._work):
            task.cancel()
        self._server.should_exit = True
        await asyncio.wait([self._serving, *self._work])
        self._server = self._serving = None

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)


async def _serve(server: _Server, listeners: list[socket.socket]) -> None:
    try:
        await server.serve(sockets=listeners)
    finally:
        for listener in listeners:
            listener.close()


def listen(plan: ApiPlan) -> list[socket.socket]:
    """Sockets that listen. By default on both addresses of this computer: some clients take the newer one first."""
    host, port = plan.host, plan.port
    if host in ("127.0.0.1", "localhost"):
        first = _listener("127.0.0.1", port)
        if not _has_newer_addresses():
            return [first]
        try:
            return [first, _listener("::1", first.getsockname()[1])]
        except AppError:
            first.close()
            raise
    try:
        parsed = ipaddress.ip_address(host)
    except ValueError:
        raise _not_local(host) from None
    if not parsed.is_loopback and not (plan.token or plan.locked):
        raise _not_local(host)
    return [_listener(host, port)]


def _has_newer_addresses() -> bool:
    if not socket.has_ipv6:
        return False
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        return True
    return False


def _listener(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # Named as TCP, or asyncio leaves Nagle's delay of 40 ms on its connections.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        _reuse(listener)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((address, port))
        listener.listen(WAITING_CONNECTIONS)
    except (OSError, OverflowError) as error:
        listener.close()
        raise _unusable(address, port, error) from error
    return listener


def _reuse(listener: socket.socket) -> None:
    """Allows the port to be used again right after a restart; on Windows that option would share a port in use."""
    if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    else:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)


def _not_local(host: str) -> Invalid:
    return Invalid(
        f"Lares serves this computer only, and {host} can be reached from others.",
        code="not_local",
        hint="Use 127.0.0.1, or set a token first.",
    )


def _unusable(host: str, port: int, error: OSError | OverflowError) -> AppError:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return AppError(
            f"Another program already listens on {host}:{port}, so Lares cannot serve there.",
            code="port_in_use",
            hint="End that program, or choose another port (--port of lares serve).",
        )
    return AppError(
        f"Lares cannot listen on {host}:{port}.",
        code="port_unusable",
        hint="Choose another port, from 1024 to 65535 (--port of lares serve).",
        details={"reason": str(error)},
    )
