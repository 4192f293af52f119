"""Talks with a server at an address: streamable HTTP, or the older SSE. Answers are bounded while they come."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from app.adapters.mcp.child.stdio import MOST_LINE, too_large
from app.ports.mcp import McpTarget

CONNECT_SECONDS = 5.0
"""For the network alone; a server on this computer answers in milliseconds."""
READ_SECONDS = 300.0
"""Between two pieces of an answer; whoever waits for one has a shorter limit of his own."""


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for piece in self._stream:
            size += len(piece)
            if size > MOST_LINE:
                raise too_large()
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


class BoundedTransport(httpx2.AsyncHTTPTransport):
    """No answer is longer than a message may be; the events of a stream are bounded one by one by the SDK."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        if not response.headers.get("content-type", "").startswith("text/event-stream"):
            response.stream = _Bounded(response.stream)
        return response


def _client(
    headers: dict[str, str] | None = None, timeout: httpx2.Timeout | None = None, auth: httpx2.Auth | None = None
) -> httpx2.AsyncClient:
    """Reads no variables: neither a proxy nor a password file gets to know of it."""
    return httpx2.AsyncClient(
        headers=headers,
        timeout=httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        auth=auth,
        trust_env=False,
        transport=BoundedTransport(trust_env=False),
    )


@asynccontextmanager
async def reached(target: McpTarget, auth: httpx2.Auth | None = None) -> AsyncGenerator[tuple[Any, Any]]:
    """The SDK's two streams to this address."""
    from mcp.client.sse import sse_client
    from mcp.client.streamable_http import streamable_http_client

    headers = dict(target.headers)
    if target.transport == "sse":
        async with sse_client(
            target.url, headers, CONNECT_SECONDS, READ_SECONDS, httpx_client_factory=_client, auth=auth
        ) as streams:
            yield streams
        return
    async with (
        _client(headers, auth=auth) as client,
        streamable_http_client(target.url, http_client=client, max_sse_event_size=MOST_LINE) as streams,
    ):
        yield streams
