"""One provider's HTTP connection: addresses, key and patience.

aiohttp is imported at the first request, in a thread: that takes a fifth of a second that neither the engine's start
nor its loop should lose.
"""

import asyncio
import base64
import contextlib
import importlib
import os
import re
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote, urlsplit

from app.adapters.models.http import refusals as openai_errors
from app.adapters.models.http.connection_failures import (
    failed,
    no_certificates,
    no_proxy,
    no_tls,
    silent,
    speaks_no_tls,
)
from app.adapters.models.http.refusals import Server
from app.domain.address import is_here, shown
from app.domain.error import ModelError

if TYPE_CHECKING:
    import aiohttp

MAX_BODY = 32_000_000
MAX_ERROR_BODY = 1_000_000
"""Bytes of an answer that is read whole, and of one that refuses: more is no model server."""

MAX_HEADER, MAX_HEADERS = 64 * 1024, 1_000
"""Bytes of a header line and number of lines: gateways send far more than aiohttp takes by itself."""

KEPT_SECONDS = 2.0
"""An idle connection: below the five after which llama.cpp and uvicorn close it under our next request."""

_ANTHROPIC_LIST = "https://api.anthropic.com/v1/models"
"""Anthropic's list of models takes its own headers only; its chat in the form of OpenAI takes a bearer's key:
https://docs.claude.com/en/api/models-list"""
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


def bases_of(address: str) -> tuple[str, ...]:
    """What stands before `/chat/completions`, the likeliest first: the address as it was given, where it has a path."""
    parts = urlsplit(address.strip() if "://" in address else f"http://{address.strip()}")
    given = parts.path.rstrip("/")
    path = given
    for route in _ROUTES:
        path = path.removesuffix(route)
    base = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}"
    if path != given or _VERSIONED.search(path):
        return (base,)
    return (base, f"{base}/v1") if path else (f"{base}/v1", base)


@dataclass(frozen=True)
class Words:
    """How a kind of server says no, and where it usually is."""

    refused: Callable[[Server, int, bytes, str, str], ModelError] = openai_errors.refused
    usual_address: str = openai_errors.USUAL_ADDRESS


class Connection:
    """Keeps one client and the key. `read_key` may block, so it runs in a thread."""

    def __init__(
        self,
        name: str,
        base: str,
        read_key: Callable[[], str | None],
        patience: Patience,
        words: Words | None = None,
        given: str = "",
    ) -> None:
        """`base`: what all URLs begin with. `words`: how this kind of server is understood when it refuses.

        `given`: the address as it was entered; its query, user and password go with each request and are never shown.
        """
        self.name = name
        self.base = base
        entered = urlsplit(given.strip())
        self._query = entered.query
        self._login = entered.netloc.rpartition("@")[0]
        self.patience = patience
        self._words = words or Words()
        self.open_requests = 0
        self._read_key = read_key
        self._key: str | None = None
        self._key_is_read = False
        self._client: aiohttp.ClientSession | None = None
        self._proxy: str | None = None
        self._opening = asyncio.Lock()

    def __repr__(self) -> str:
        return f"Connection({self.name!r}, {self.base!r})"

    def server(self, url: str, model: str = "") -> Server:
        return Server(self.name, shown(url), model, self._key, self._words.usual_address)

    @contextlib.asynccontextmanager
    async def request(
        self, method: str, url: str, *, content: bytes | None = None, model: str = "", first: float | None = None
    ) -> AsyncGenerator["aiohttp.ClientResponse", None]:
        """Sends a request and gives the response with its body unread; closes it however the block ends.

        Failures of the connection, in the block too, become `ModelError`.
        """
        self.open_requests += 1  # from the first moment: whoever closes what is idle must not close this
        begun = False
        try:
            client = await self._ready(url, model)
            async with asyncio.timeout(first or self.patience.first):
                response = await client.request(
                    method,
                    f"{url}?{self._query}" if self._query else url,
                    data=content,
                    headers=self._headers(url),
                    allow_redirects=False,
                    proxy=self._proxy,
                )
            begun = True
            try:
                with _told_of_end(response):
                    yield response
            finally:
                response.close()
        except ModelError:
            raise
        except Exception as problem:
            if not _is_of_connection(problem):
                raise
            if type(problem) is TimeoutError:
                raise silent(self.server(url, model), first or self.patience.first) from problem
            if not begun and await speaks_no_tls(url, problem):
                raise no_tls(self.server(url, model), problem) from problem
            raise failed(self.server(url, model), problem, begun=begun) from problem
        finally:
            self.open_requests -= 1

    async def refusal(self, response: "aiohttp.ClientResponse", model: str) -> ModelError:
        """Why a response is not the expected one."""
        status, headers = response.status, response.headers
        server = self.server(str(response.url), model)
        if 300 <= status < 400:
            return openai_errors.redirected(server, status, headers.get("location", ""))
        if status in (401, 403):
            self._key_is_read = False
        body = await self.refusal_body(response)
        content_type, retry_after = headers.get("content-type", ""), headers.get("retry-after", "")
        return self._words.refused(server, status, body, content_type, retry_after)

    async def chunks(
        self, response: "aiohttp.ClientResponse", model: str, phase: Callable[[], Phase]
    ) -> AsyncIterator[bytes]:
        """The body as it comes. How long each piece is waited for depends on the phase that the reader is in."""
        while True:
            if response.content.exception() is None:
                # Most of a quick reply has come with its head; a clock for each piece would cost more than reading it.
                if response.content.at_eof():
                    return
                if here := response.content.read_nowait():
                    yield here
                    continue
            now = phase()
            limit = self.patience.of(now)
            try:
                async with asyncio.timeout(limit):
                    chunk = await response.content.readany()
            except TimeoutError as problem:
                if now in ("finished", "done"):
                    return
                raise silent(self.server(str(response.url), model), limit, begun=now == "speaking") from problem
            except Exception:
                if arrived := _arrived(response):
                    yield arrived
                if phase() in ("finished", "done"):
                    return  # all that matters was said
                raise
            if not chunk:
                return
            yield chunk

    async def body(self, response: "aiohttp.ClientResponse", seconds: float | None = None) -> bytes:
        """The whole body, up to a limit. `seconds`: for all of it."""
        body = bytearray()
        async with asyncio.timeout(seconds or self.patience.first):
            await _fill(body, response, MAX_BODY)
        return bytes(body)

    async def refusal_body(self, response: "aiohttp.ClientResponse") -> bytes:
        """The body of an answer that says no, or as much of it as comes in time."""
        body = bytearray()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.patience.refusal):
                await _fill(body, response, MAX_ERROR_BODY)
        return bytes(body)

    async def close(self) -> None:
        if self._client is not None:
            client, self._client = self._client, None
            await client.close()

    async def _ready(self, url: str, model: str) -> "aiohttp.ClientSession":
        async with self._opening:
            if self._client is None:
                self._client = await self._opened(self.server(url, model))
            if not self._key_is_read:
                self._key = await asyncio.to_thread(self._read_key)
                self._key_is_read = True
        if self._key and not (self._key.isascii() and self._key.isprintable()):
            hint = f"Enter the key for {self.name} in the settings again."
            raise self.server(url, model).error(
                f"The key for {self.name} contains characters that no key can have.", "unauthorized", hint
            )
        return self._client

    async def _opened(self, server: Server) -> "aiohttp.ClientSession":
        try:
            tls, self._proxy = await asyncio.to_thread(_prepared, self.base)
        except ValueError as problem:
            raise no_proxy(server, str(problem)) from problem
        except OSError as problem:
            raise no_certificates(server, problem) from problem
        return _client(tls, self.patience)

    def _headers(self, url: str) -> dict[str, str]:
        # Compressed bytes would arrive in lumps, and the trace keeps what came over the wire.
        headers = {"accept": "text/event-stream, application/json", "accept-encoding": "identity"}
        headers |= {"content-type": "application/json", "user-agent": "Lares"}
        if self._key and url.startswith(_ANTHROPIC_LIST):
            return headers | {"x-api-key": self._key, "anthropic-version": "2023-06-01"}
        if self._key:
            return headers | {"authorization": f"Bearer {self._key}"}
        if self._login:
            return headers | {"authorization": "Basic " + base64.b64encode(unquote(self._login).encode()).decode()}
        return headers


@contextlib.contextmanager
def _told_of_end(response: "aiohttp.ClientResponse") -> Generator[None]:
    """aiohttp closes the connection of a body in unreadable pieces without a word to who waits for the next piece."""
    import aiohttp

    body, connection = response.content, response.connection
    protocol = None if connection is None else connection.protocol
    closed = None if protocol is None else protocol.closed

    def tell(_gone: "asyncio.Future[None]") -> None:
        if not body.is_eof() and body.exception() is None:
            body.set_exception(aiohttp.ClientPayloadError("the connection was closed in the middle of the body"))

    if closed is None:
        yield
        return
    closed.add_done_callback(tell)
    try:
        yield
    finally:
        closed.remove_done_callback(tell)  # the connection lives on, and with it all that it would tell


async def _fill(body: bytearray, response: "aiohttp.ClientResponse", limit: int) -> None:
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) >= limit:
            return


def _arrived(response: "aiohttp.ClientResponse") -> bytes:
    """What came before a connection broke and was not read yet: aiohttp gives it only to who sets the fault aside."""
    body, fault = response.content, response.content.exception()
    if fault is None:
        return b""
    body.set_exception(None)  # type: ignore[arg-type]
    arrived = body.read_nowait()
    body.set_exception(fault)
    return arrived


def _prepared(base: str) -> tuple[ssl.SSLContext | bool, str | None]:
    """Imports what requests need, and finds the proxy. Raises ValueError for one that cannot be used, and OSError
    where the certificates of those to trust cannot be read.
    """
    importlib.import_module("aiohttp")
    return _trusted() if base.startswith("https:") else False, _proxy_for(base)


def _trusted() -> ssl.SSLContext:
    import certifi

    return ssl.create_default_context(
        cafile=os.environ.get("SSL_CERT_FILE") or certifi.where(), capath=os.environ.get("SSL_CERT_DIR")
    )


def _client(tls: ssl.SSLContext | bool, patience: Patience) -> "aiohttp.ClientSession":
    import aiohttp

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=tls, limit=0, keepalive_timeout=KEPT_SECONDS),
        # Reading is limited around each await instead: the first byte may take longer than the next.
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=patience.connect),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        max_line_size=MAX_HEADER,
        max_field_size=MAX_HEADER,
        max_headers=MAX_HEADERS,
    )


def _proxy_for(base: str) -> str | None:
    """The proxy that the environment names for this address. Raises ValueError for one that cannot be used."""
    if is_here(base):
        return None  # it would swallow servers on this computer
    from urllib.request import getproxies, proxy_bypass

    target, proxies = urlsplit(base), getproxies()
    proxy = proxies.get(target.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(target.hostname or "") or proxy_bypass(target.netloc):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    parts = urlsplit(proxy)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError(f"{parts.scheme}://{parts.hostname} is not a proxy for http")
    return proxy


def _is_of_connection(problem: Exception) -> bool:
    import aiohttp

    return isinstance(problem, aiohttp.ClientError | OSError | UnicodeError)
