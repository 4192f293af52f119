"""What failing connections mean: exceptions of aiohttp, sockets and TLS as sentences with a way out."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator
from typing import cast
from urllib.parse import urlsplit

from app.adapters.models.http import refusals as openai_errors
from app.adapters.models.http.refusals import Server
from app.domain.address import is_nearby
from app.domain.error import ModelError

REACH_SECONDS = 1.0


async def speaks_no_tls(url: str, problem: Exception) -> bool:
    """Whether somebody is there who only lets the greeting of TLS go unanswered: the time-out does not tell."""
    import aiohttp

    parts = urlsplit(url)
    if parts.scheme != "https" or not isinstance(problem, aiohttp.ConnectionTimeoutError):
        return False
    try:
        async with asyncio.timeout(REACH_SECONDS):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port or 443)
    except (TimeoutError, OSError):
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


def failed(server: Server, problem: Exception, *, begun: bool) -> ModelError:
    """What an exception of the connection means."""
    import aiohttp

    reason = f"{type(problem).__name__}: {problem}"
    causes = list(_causes(problem))
    if begun:
        return died(server, reason)
    if isinstance(problem, aiohttp.ClientHttpProxyError):
        return no_proxy(server, f"it answered {problem.status} {problem.message}")
    if isinstance(problem, aiohttp.ClientProxyConnectionError) or _is_elsewhere(server, problem):
        return no_proxy(server, type(problem).__name__)
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return server.error(
            f"The address “{server.address}” of {server.name} was not found.",
            "server_down",
            "Check the address in the settings, and the network connection.",
            reason=reason,
        )
    if tls := next((cause for cause in causes if isinstance(cause, ssl.SSLError)), None):
        return no_tls(server, tls)
    if isinstance(problem, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError | UnicodeError):
        return no_address(server, reason)
    if isinstance(problem, aiohttp.ClientResponseError):
        return openai_errors.wrong_address(server, reason=reason)
    if isinstance(problem, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        hint = f"{_start(server)}{', or choose another model' if server.model else ''}."
        return server.error(f"{server.name} does not answer at {server.address}.", "server_down", hint, reason=reason)
    message = f"{server.name} closed the connection before it answered."
    return server.error(message, "server_died", f"{_check(server)}, then try again.", retryable=True, reason=reason)


def _start(server: Server) -> str:
    """What to do about a server that is not there; nobody can start one of the internet."""
    if is_nearby(server.url):
        return f"Start {server.name}, then try again"
    return f"Check the network connection and the address of {server.name} in the settings, then try again"


def _check(server: Server) -> str:
    return f"Check {f'that {server.name} is running' if is_nearby(server.url) else 'the network connection'}"


def died(server: Server, reason: str) -> ModelError:
    """The reply broke off. What was written is the engine's to tell."""
    return server.error(
        f"{server.name} stopped answering in the middle of the reply.",
        "server_died",
        f"{_check(server)}, then try again.",
        retryable=True,
        says_kept=False,
        reason=reason,
    )


def silent(server: Server, seconds: float, *, begun: bool = False) -> ModelError:
    pause = f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} seconds"
    where = "stopped in the middle of the reply and has sent nothing" if begun else "has not answered"
    return server.error(
        f"{server.name} {where} for {pause}.",
        "timeout",
        f"Check whether {server.name} is busy with something else, then try again.",
        says_kept=not begun,
        seconds=round(seconds),
    )


def _is_elsewhere(server: Server, problem: Exception) -> bool:
    """Whether the host that cannot be reached is not the server's: then it is the proxy's."""
    import aiohttp
    from yarl import URL

    return isinstance(problem, aiohttp.ClientConnectorError) and problem.host != URL(server.url).raw_host


def no_address(server: Server, reason: str) -> ModelError:
    return server.error(
        f"“{server.address}” is not a usable address for {server.name}.",
        "wrong_address",
        "Write it in full in the settings, for example http://127.0.0.1:8080.",
        reason=reason,
    )


def no_proxy(server: Server, reason: str) -> ModelError:
    """`reason` must not hold the proxy's address: a password may stand in it."""
    return server.error(
        f"The proxy set in the environment for {server.name} cannot be used.",
        "server_down",
        "Correct or unset HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, then start Lares again. "
        "A proxy must be an http:// one.",
        reason=reason,
    )


def no_certificates(server: Server, problem: OSError) -> ModelError:
    return server.error(
        f"The certificates set in the environment for {server.name} cannot be read, so nothing was sent.",
        "server_down",
        "Correct or unset SSL_CERT_FILE and SSL_CERT_DIR, then start Lares again.",
        reason=str(problem),
    )


def no_tls(server: Server, problem: Exception) -> ModelError:
    if isinstance(problem, ssl.SSLCertVerificationError):
        message = f"{server.name} at {server.address} could not prove who it is, so nothing was sent."
        hint = (
            "Check the address. A server with its own certificate needs SSL_CERT_FILE, or http:// on your own network."
        )
    else:
        message = f"Lares could not make a secure connection to {server.name} at {server.address}."
        hint = "If the server does not use TLS, enter its address with http:// in the settings."
    return server.error(message, "server_down", hint, reason=str(problem))


def _causes(problem: BaseException | None) -> Iterator[BaseException]:
    """The exception and everything it was made of."""
    if problem is None:
        return
    yield problem
    if isinstance(problem, BaseExceptionGroup):
        for inner in cast("BaseExceptionGroup[BaseException]", problem).exceptions:
            yield from _causes(inner)
    yield from _causes(problem.__cause__ or problem.__context__)
