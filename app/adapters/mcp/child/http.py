"""Talks with a server at an address: streamable HTTP, or the older SSE. Answers are bounded while they come."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import httpx2

from app.adapters.mcp.child.places import keep_to_places
from app.adapters.mcp.child.signed_in import RENEWAL, Renewed, SignedIn
from app.adapters.mcp.child.stdio import MOST_LINE, too_large
from app.adapters.mcp.child.texts import status_error
from app.domain.mcp import McpError
from app.ports.mcp import McpTarget

Note = Callable[[McpError], None]
CONNECT_SECONDS = 5.0
"""For the network alone; a server on this computer answers in milliseconds."""
READ_SECONDS = 300.0
"""Between two pieces of an answer; whoever waits for one has a shorter limit of his own."""


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: Any, note: Note) -> None:
        self._stream = stream
        self._note = note

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for piece in self._stream:
            size += len(piece)
            if size > MOST_LINE:
                self._note(too_large())
                raise httpx2.ReadError("too large")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


class BoundedTransport(httpx2.AsyncHTTPTransport):
    """No answer is longer than a message may be; the events of a stream are bounded one by one by the SDK. Where the
    server sends its client to another place, to sign in or for a new token, that place is checked.
    """

    def __init__(self, note: Note, server: str) -> None:
        super().__init__(trust_env=False)
        self._note = note
        self._server = server

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await keep_to_places(request, self._server)
        response = await super().handle_async_request(request)
        if request.method == "POST" and response.status_code >= 300 and RENEWAL not in request.extensions:
            self._note(status_error(response.status_code))
        if not response.headers.get("content-type", "").startswith("text/event-stream"):
            response.stream = _Bounded(response.stream, self._note)
        return response


def client_to(
    transport: BoundedTransport,
    headers: dict[str, str] | None = None,
    timeout: httpx2.Timeout | None = None,
    auth: httpx2.Auth | None = None,
) -> httpx2.AsyncClient:
    """Reads no variables: neither a proxy nor a password file gets to know of it."""
    return httpx2.AsyncClient(
        headers=headers,
        timeout=httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        auth=auth,
        trust_env=False,
        transport=transport,
    )


@asynccontextmanager
async def reached(target: McpTarget, note: Note, renewed: Renewed) -> AsyncGenerator[tuple[Any, Any]]:
    """The SDK's two streams to this address. `note` is told what went wrong, of which the SDK keeps little; `renewed`
    is given the tokens whenever there are new ones.
    """
    from mcp.client.sse import sse_client
    from mcp.client.streamable_http import streamable_http_client

    headers, grant = dict(target.headers), target.grant
    auth = SignedIn(grant, renewed) if grant is not None and grant.address == target.url else None
    transport = BoundedTransport(note, target.url)
    if target.transport == "sse":
        async with sse_client(
            target.url,
            headers,
            CONNECT_SECONDS,
            READ_SECONDS,
            httpx_client_factory=partial(client_to, transport),
            auth=auth,
        ) as streams:
            yield streams
        return
    async with (
        client_to(transport, headers, auth=auth) as client,
        streamable_http_client(target.url, http_client=client, max_sse_event_size=MOST_LINE) as streams,
    ):
        yield streams
