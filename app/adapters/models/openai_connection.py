"""One provider's HTTP connection: addresses, key, patience, and what failing connections mean.

httpx is imported at the first request, in a thread: it costs a tenth of a second that the engine's start should not.
"""

import asyncio
import contextlib
import ipaddress
import re
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from app.adapters.models import openai_errors
from app.adapters.models.openai_errors import Server
from app.domain.error import ModelError

if TYPE_CHECKING:
    import httpx

MAX_BODY = 32_000_000
MAX_ERROR_BODY = 1_000_000

_VERSIONED = re.compile(r"(?:^|/)v\d+\w*(?:/|$)")
_ROUTES = ("/chat/completions", "/completions", "/models")


Phase = Literal["waiting", "speaking", "finished", "done"]
"""Of a reply: nothing came yet, it is under way, the finish came, the end mark came."""


@dataclass(frozen=True)
class Patience:
    """Seconds. The first byte may take long, because servers load the model or read a long prompt before it."""

    connect: float = 10.0
    first: float = 600.0
    idle: float = 120.0
    refusal: float = 10.0
    """For the body of an answer that says no; what came by then is read."""
    after_finish: float = 5.0
    """For usage and the end mark, which not every server sends."""
    after_done: float = 0.05
    """For the end of the body: when it is read, the connection can be used again."""

    def of(self, phase: Phase) -> float:
        limits = {"waiting": self.first, "speaking": self.idle, "finished": self.after_finish, "done": self.after_done}
        return limits[phase]


def base_of(address: str) -> str:
    """The address before `/chat/completions`: with `/v1` when the given one names no version."""
    parts = urlsplit(address.strip() if "://" in address else f"http://{address.strip()}")
    path = parts.path.rstrip("/")
    for route in _ROUTES:
        path = path.removesuffix(route)
    if not _VERSIONED.search(path):
        path += "/v1"
    return f"{parts.scheme}://{parts.netloc}{path}"


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Words:
    """How a kind of server says no, and where it usually is."""

    refused: Callable[[Server, int, bytes, str, str], ModelError] = openai_errors.refused
    usual_address: str = openai_errors.USUAL_ADDRESS


class Connection:
    """Keeps one client and the key. `read_key` may block, so it runs in a thread."""

    def __init__(
        self, name: str, base: str, read_key: Callable[[], str | None], patience: Patience, words: Words | None = None
    ) -> None:
        """`base`: what all URLs begin with. `words`: how this kind of server is understood when it refuses."""
        self.name = name
        self.base = base
        self.patience = patience
        self._words = words or Words()
        self.open_requests = 0
        self._read_key = read_key
        self._key: str | None = None
        self._key_is_read = False
        self._client: httpx.AsyncClient | None = None
        self._opening = asyncio.Lock()

    def __repr__(self) -> str:
        return f"Connection({self.name!r}, {self.base!r})"

    def server(self, url: str, model: str = "") -> Server:
        return Server(self.name, url, model, self._key, self._words.usual_address)

    @contextlib.asynccontextmanager
    async def request(
        self, method: str, url: str, *, content: bytes | None = None, model: str = "", first: float | None = None
    ) -> AsyncIterator["httpx.Response"]:
        """Sends a request and gives the response with its body unread; closes it however the block ends.

        Failures of the connection, in the block too, become `ModelError`.
        """
        import httpx

        self.open_requests += 1  # from the first moment: whoever closes what is idle must not close this
        begun = False
        try:
            client = await self._ready(url, model)
            request = client.build_request(method, url, content=content, headers=self._headers())
            async with asyncio.timeout(first or self.patience.first):
                response = await client.send(request, stream=True)
            begun = True
            try:
                yield response
            finally:
                await response.aclose()
        except TimeoutError as problem:
            raise silent(self.server(url, model), first or self.patience.first) from problem
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, UnicodeError) as problem:
            raise failed(self.server(url, model), problem, begun=begun) from problem
        finally:
            self.open_requests -= 1

    async def refusal(self, response: "httpx.Response", model: str) -> ModelError:
        """Why a response is not the expected one."""
        status, headers = response.status_code, response.headers
        server = self.server(str(response.request.url), model)
        if 300 <= status < 400:
            return openai_errors.redirected(server, status, headers.get("location", ""))
        if status in (401, 403):
            self._key_is_read = False
        body = await self.refusal_body(response)
        content_type, retry_after = headers.get("content-type", ""), headers.get("retry-after", "")
        return self._words.refused(server, status, body, content_type, retry_after)

    async def chunks(self, response: "httpx.Response", model: str, phase: Callable[[], Phase]) -> AsyncIterator[bytes]:
        """The body as it comes. How long each piece is waited for depends on the phase that the reader is in."""
        chunks = response.aiter_raw()
        while True:
            now = phase()
            limit = self.patience.of(now)
            try:
                async with asyncio.timeout(limit):
                    chunk = await anext(chunks, b"")
            except TimeoutError as problem:
                if now in ("finished", "done"):
                    return
                raise silent(self.server(str(response.request.url), model), limit, begun=now == "speaking") from problem
            if not chunk:
                return
            yield chunk

    async def body(self, response: "httpx.Response", seconds: float | None = None) -> bytes:
        """The whole body, up to a limit. `seconds`: for all of it."""
        body = bytearray()
        async with asyncio.timeout(seconds or self.patience.first):
            await _fill(body, response, MAX_BODY)
        return bytes(body)

    async def refusal_body(self, response: "httpx.Response") -> bytes:
        """The body of an answer that says no, or as much of it as comes in time."""
        body = bytearray()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.patience.refusal):
                await _fill(body, response, MAX_ERROR_BODY)
        return bytes(body)

    async def close(self) -> None:
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()

    async def _ready(self, url: str, model: str) -> "httpx.AsyncClient":
        async with self._opening:
            if self._client is None:
                self._client = await self._opened(self.server(url, model))
            if not self._key_is_read:
                self._key = await asyncio.to_thread(self._read_key)
                self._key_is_read = True
        if self._key and not (self._key.isascii() and self._key.isprintable()):
            hint = f"Enter the key for {self.name} in the settings again."
            raise self.server(url, model).error(
                f"The key for {self.name} has characters no key can have.", "unauthorized", hint
            )
        return self._client

    async def _opened(self, server: Server) -> "httpx.AsyncClient":
        import httpx

        try:
            return await asyncio.to_thread(_client, self.base, self.patience)
        except (ImportError, ValueError, httpx.InvalidURL) as problem:
            raise _no_proxy(server, problem) from problem

    def _headers(self) -> dict[str, str]:
        # Compressed bytes would arrive in lumps, and the trace keeps what came over the wire.
        headers = {"accept": "text/event-stream, application/json", "accept-encoding": "identity"}
        headers |= {"content-type": "application/json", "user-agent": "Lares"}
        return headers | {"authorization": f"Bearer {self._key}"} if self._key else headers


async def _fill(body: bytearray, response: "httpx.Response", limit: int) -> None:
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) >= limit:
            return


def _client(base: str, patience: Patience) -> "httpx.AsyncClient":
    from http.cookiejar import CookieJar, DefaultCookiePolicy

    import httpx

    # A proxy from the environment would swallow servers on this computer.
    use_proxies = not is_loopback(base)
    return httpx.AsyncClient(
        trust_env=use_proxies,
        # Reading is limited around each await instead: the first byte may take longer than the next.
        timeout=httpx.Timeout(None, connect=patience.connect),
        # Below the five seconds after which llama.cpp and uvicorn close idle connections under our next request.
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=4, keepalive_expiry=2.0),
        cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
        # Without TLS the 20 ms that loading certificates takes are saved; redirects are not followed.
        verify=base.startswith("https:"),
    )


def failed(server: Server, problem: Exception, *, begun: bool) -> ModelError:
    """What an exception of the connection means."""
    import httpx

    reason = f"{type(problem).__name__}: {problem}"
    causes = list(_causes(problem))
    if begun:
        return died(server, reason)
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return server.error(
            f"The address “{server.address}” of {server.name} was not found.",
            "server_down",
            "Check the address in the settings, and the network connection.",
            reason=reason,
        )
    if tls := next((cause for cause in causes if isinstance(cause, ssl.SSLError)), None):
        return _no_tls(server, tls)
    if isinstance(problem, httpx.InvalidURL | httpx.UnsupportedProtocol | httpx.LocalProtocolError | UnicodeError):
        return openai_errors.wrong_address(server, reason=reason)
    if isinstance(problem, httpx.RemoteProtocolError) and "without sending" not in reason:
        return openai_errors.wrong_address(server, reason=reason)
    if isinstance(problem, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError):
        instead = ", or choose another model" if server.model else ""
        hint = f"Start {server.name}, then try again{instead}."
        return server.error(f"{server.name} does not answer on {server.address}.", "server_down", hint, reason=reason)
    message = f"{server.name} closed the connection before it answered."
    return server.error(
        message, "server_died", f"Look whether {server.name} runs, then try again.", retryable=True, reason=reason
    )


def died(server: Server, reason: str) -> ModelError:
    """The reply broke off. What was written is the engine's to tell."""
    return server.error(
        f"{server.name} stopped answering in the middle of the reply.",
        "server_died",
        f"Look whether {server.name} runs, then try again.",
        retryable=True,
        says_kept=False,
        reason=reason,
    )


def silent(server: Server, seconds: float, *, begun: bool = False) -> ModelError:
    pause = f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} seconds"
    where = "stopped in the middle of the reply and has said nothing" if begun else "has not answered"
    return server.error(
        f"{server.name} {where} for {pause}.",
        "timeout",
        f"Look whether {server.name} is busy with something else, then try again.",
        says_kept=not begun,
        seconds=round(seconds),
    )


def _no_proxy(server: Server, problem: Exception) -> ModelError:
    return server.error(
        f"The proxy that the environment names for {server.name} cannot be used.",
        "server_down",
        "Correct or unset HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, then start Lares again. "
        "A proxy must be an http:// one.",
        reason=str(problem),
    )


def _no_tls(server: Server, problem: ssl.SSLError) -> ModelError:
    if isinstance(problem, ssl.SSLCertVerificationError):
        message = f"{server.name} at {server.address} could not prove who it is, so nothing was sent."
        hint = (
            "Check the address. A server with its own certificate needs SSL_CERT_FILE, or http:// on your own network."
        )
    else:
        message = f"No secure connection to {server.name} at {server.address} came about."
        hint = "If the server does not use TLS, write its address with http:// in the settings."
    return server.error(message, "server_down", hint, reason=str(problem))


def _causes(problem: BaseException | None) -> Iterator[BaseException]:
    """The exception and everything it was made of."""
    if problem is None:
        return
    yield problem
    if isinstance(problem, BaseExceptionGroup):
        for inner in problem.exceptions:
            yield from _causes(inner)
    yield from _causes(problem.__cause__ or problem.__context__)
