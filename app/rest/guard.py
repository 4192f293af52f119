"""Who may ask: programs on this computer that address it as such, pages allowed by name, and nobody without the token.

A web page in a browser reaches this computer too. It is told apart by what browsers say of it (Origin, Referer,
Sec-Fetch-Site) and by the name it used (Host): its own name could be made to point here.
"""

import hmac
import ipaddress
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.ports.api import ApiPlan
from app.rest.constants import MCP_PATH

LOCAL_NAMES = ("127.0.0.1", "localhost", "[::1]")
METHODS = "GET, POST, PUT, PATCH, DELETE, OPTIONS"


class Guard:
    """Refuses with a sentence before anything is read of the body."""

    def __init__(self, app: ASGIApp, plan: ApiPlan) -> None:
        self._app = app
        self._plan = plan
        self._open = not _is_loopback(plan.host)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(headers)
        origin = headers.get("origin")
        allowed = origin if origin in self._plan.origins else None
        if refusal is None and scope["method"] == "OPTIONS" and allowed is not None:
            refusal = _preflight(headers)
        elif refusal is None and self._plan.locked:
            refusal = _said(503, self._plan.locked)
            refusal.headers["x-should-retry"] = "false"
        elif refusal is None and scope["path"] != MCP_PATH and not self._proves_token(headers):
            refusal = _said(401, "This server asks for its token: send it as Authorization: Bearer <token>.")
            refusal.headers["WWW-Authenticate"] = "Bearer"
        answer = send if allowed is None else _allowing(send, allowed)
        await (refusal or self._app)(scope, receive, answer)

    def _refusal(self, headers: Headers) -> Response | None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._is_own_name(hosts[0]):
            return _said(403, "Lares answers only to the names of this computer, such as 127.0.0.1 and localhost.")
        page = _page(headers)
        if page is not None and page not in self._plan.origins:
            return _said(403, "Web pages may not use this server. Allow a page by its origin in settings.toml.")
        return None

    def _is_own_name(self, host: str) -> bool:
        name, port = _split(host)
        if name is None or (port and not (port.isascii() and port.isdecimal())):
            return False
        if name.lower() in LOCAL_NAMES:
            return True
        # An address is no name that somebody else could point here; a token is asked for anyway.
        return self._open and _is_address(name.strip("[]"))

    def _proves_token(self, headers: Headers) -> bool:
        if self._plan.token is None:
            return True
        kind, _, given = headers.get("authorization", "").partition(" ")
        return kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self._plan.token.encode())


def _page(headers: Headers) -> str | None:
    """The origin of the web page that asks; None for programs. An origin that browsers hide is `null`."""
    origin = headers.get("origin")
    if origin is not None:
        return origin
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return _origin_of(headers.get("referer", "")) or "null"
    return _origin_of(headers.get("referer", ""))


def _origin_of(address: str) -> str | None:
    try:
        parts = urlsplit(address)
    except ValueError:
        return "null"
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else None


def _split(host: str) -> tuple[str | None, str]:
    """Name and port of a Host header; the name is None when it is none."""
    if host.startswith("["):
        name, bracket, port = host.partition("]")
        return (f"{name}]" if bracket and (not port or port.startswith(":")) else None), port[1:]
    name, _, port = host.partition(":")
    return (name or None), port


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _said(status: int, detail: str) -> Response:
    return JSONResponse({"detail": detail}, status_code=status)


def _preflight(headers: Headers) -> Response:
    answer = Response(status_code=204)
    answer.headers["Access-Control-Allow-Methods"] = METHODS
    answer.headers["Access-Control-Allow-Headers"] = headers.get("access-control-request-headers", "authorization")
    answer.headers["Access-Control-Max-Age"] = "600"
    if headers.get("access-control-request-private-network") == "true":
        answer.headers["Access-Control-Allow-Private-Network"] = "true"
    return answer


def _allowing(send: Send, origin: str) -> Send:
    added: Sequence[tuple[bytes, bytes]] = (
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"vary", b"Origin"),
    )

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers: list[Any] = [*message.get("headers", ()), *added]
            message = {**message, "headers": headers}
        await send(message)

    return sending
