"""Starts and stops the HTTP server in the engine's loop; the engine's process, not uvicorn, answers to signals."""

import asyncio
import errno
import ipaddress
import socket
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from app.domain.error import AppError, Invalid


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


@asynccontextmanager
async def serving(app: ASGIApp, host: str, port: int) -> AsyncIterator[int]:
    """Serves while the block runs; gives the port. Raises `AppError` when the address cannot be used."""
    listener = listen(host, port)
    server = _Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", server_header=False))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield int(listener.getsockname()[1])
    finally:
        server.should_exit = True
        await task
        listener.close()


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on an address of this computer only."""
    address = "127.0.0.1" if host == "localhost" else host
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        raise _not_local(host) from None
    if not parsed.is_loopback:
        raise _not_local(host)
    listener = socket.socket(socket.AF_INET6 if parsed.version == 6 else socket.AF_INET)
    try:
        _reuse(listener)
        listener.bind((address, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise _unusable(host, port, error) from error
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
        hint="Use 127.0.0.1.",
    )


def _unusable(host: str, port: int, error: OSError) -> AppError:
    if error.errno == errno.EADDRINUSE:
        return AppError(
            f"Another program already listens on {host}:{port}, so Lares cannot serve there.",
            code="port_in_use",
            hint="End that program, or choose another port with --port.",
        )
    return AppError(
        f"Lares cannot listen on {host}:{port}.",
        code="port_unusable",
        hint="Choose another port with --port.",
        details={"reason": str(error)},
    )
