"""Signing in at a server (OAuth 2.1 as MCP has it): the SDK finds out where and how, a person goes there in their
browser, and comes back to an address of this computer that lives as long as that takes.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2
from mcp.client.auth import OAuthClientProvider, OAuthFlowError
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata
from mcp_types import LATEST_PROTOCOL_VERSION
from pydantic import AnyUrl, ValidationError

from app import __version__
from app.adapters.mcp.child.http import BoundedTransport, client_to
from app.adapters.mcp.child.places import check_scheme
from app.adapters.mcp.child.signed_in import Nowhere, ends_at, token_request
from app.adapters.mcp.child.texts import sentence_of
from app.domain.mcp import McpError, McpGrant
from app.ports.mcp import McpTarget

PATH = "/callback"
MOST_HEAD = 16_384
"""Bytes of what the browser brings back."""
HEAD_SECONDS = 10.0
MOST_ADDRESS = 8_000
PAGE = "HTTP/1.1 {}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{}"
Show = Callable[[str], None]


async def signed_in(target: McpTarget, show: Show, seconds: float) -> McpGrant:
    """What came of it. `show` is given the address for the browser. Raises `McpError`."""
    logging.getLogger("mcp.client.auth").setLevel(logging.CRITICAL)  # what it writes of a failure holds answers whole
    try:
        async with asyncio.timeout(seconds), _coming_back(target, show) as provider:
            await _asked(target, provider)
            return _grant_of(target, provider)
    except TimeoutError:
        raise McpError(f"Nobody signed in within {seconds / 60:g} minutes.", code="mcp_sign_in") from None
    except OAuthFlowError as error:
        said = str(error).splitlines()[0][:300] if str(error) else "the answers of the server make no sense"
        raise _failed(said) from None
    except (McpError, asyncio.CancelledError):
        raise
    except ValidationError:
        raise _failed("an answer of the server is not as OAuth has it") from None
    except Exception as problem:  # noqa: BLE001  (whatever a server does to the SDK ends only this attempt)
        raise sentence_of(problem, seconds) from None


async def signed_out(grant: McpGrant, seconds: float) -> None:
    """Has the tokens revoked (RFC 7009), where the server says how. Raises `McpError`."""
    if not grant.revoke_address:
        return
    try:
        async with asyncio.timeout(seconds), client_to(BoundedTransport(_unheard, grant.address)) as client:
            for token in (grant.refresh_token, grant.access_token):
                if token:
                    data = {"token": token, "client_id": grant.client_id}
                    await client.send(token_request(grant, grant.revoke_address, data))
    except (TimeoutError, httpx2.HTTPError) as error:
        raise sentence_of(error, seconds) from None


async def _asked(target: McpTarget, provider: OAuthClientProvider) -> None:
    """The question that every server answers, or says that it wants to know who asks."""
    params = {
        "protocolVersion": LATEST_PROTOCOL_VERSION,
        "capabilities": {},
        "clientInfo": {"name": "lares", "version": __version__},
    }
    question = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}
    accept = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": LATEST_PROTOCOL_VERSION}
    headers = {name: value for name, value in target.headers.items() if name.lower() != "authorization"}
    transport = BoundedTransport(_unheard, target.url)
    async with client_to(transport, {**headers, **accept}, auth=provider) as client:
        method = "GET" if target.transport == "sse" else "POST"
        async with client.stream(method, target.url, json=None if method == "GET" else question) as response:
            if provider.context.current_tokens is None:
                if response.status_code < 400:
                    raise McpError("This server lets anybody in, so there is no sign-in.", code="mcp_sign_in")
                raise _failed(f"the server answered with the status {response.status_code}")


def _grant_of(target: McpTarget, provider: OAuthClientProvider) -> McpGrant:
    context = provider.context
    tokens, client, found = context.current_tokens, context.client_info, context.oauth_metadata
    assert tokens is not None
    assert client is not None
    base = context.get_authorization_base_url(target.url)
    revoke = found.revocation_endpoint if found is not None else None
    return McpGrant(
        address=target.url,
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token or "",
        expires_at=ends_at(tokens),
        client_id=client.client_id,
        client_secret=client.client_secret or "",
        auth_method=client.token_endpoint_auth_method or "none",
        token_address=str(found.token_endpoint) if found is not None else urljoin(base, "/token"),
        revoke_address=str(revoke) if revoke is not None else "",
        resource=context.get_resource_url() if context.protected_resource_metadata is not None else "",
        scope=tokens.scope or "",
    )


@asynccontextmanager
async def _coming_back(target: McpTarget, show: Show) -> AsyncGenerator[OAuthClientProvider]:
    """The SDK's way to sign in, and the address to which the browser comes back."""
    came: asyncio.Future[AuthorizationCodeResult] = asyncio.get_running_loop().create_future()
    wanted = {"state": ""}

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError, TimeoutError, asyncio.IncompleteReadError):
            async with asyncio.timeout(HEAD_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
            status, words = _answered(head.split(b"\r\n")[0].decode("latin-1"), wanted["state"], came)
            writer.write(PAGE.format(status, len(words.encode()), words).encode())
            await writer.drain()
        writer.close()

    async def go(address: str) -> None:
        if len(address) > MOST_ADDRESS or not address.isprintable():
            raise _failed("the address that it sends you to is none")
        check_scheme(address, target.url)
        wanted["state"] = parse_qs(urlsplit(address).query)["state"][0]
        show(address)

    async def come_back() -> AuthorizationCodeResult:
        return await came

    server = await asyncio.start_server(hear, "127.0.0.1", 0, limit=MOST_HEAD)
    try:
        port = server.sockets[0].getsockname()[1]
        metadata = OAuthClientMetadata(
            client_name="Lares",
            redirect_uris=[AnyUrl(f"http://127.0.0.1:{port}{PATH}")],
            token_endpoint_auth_method="none",
        )
        yield OAuthClientProvider(target.url, metadata, Nowhere(), go, come_back)
    finally:
        server.close()


def _answered(line: str, state: str, came: "asyncio.Future[AuthorizationCodeResult]") -> tuple[str, str]:
    """What the browser is told. Whoever comes without the secret of this attempt changes nothing."""
    method, _, rest = line.partition(" ")
    parts = urlsplit(rest.partition(" ")[0])
    told = {name: values[0] for name, values in parse_qs(parts.query).items()}
    if method != "GET" or parts.path != PATH or not state or told.get("state") != state or came.done():
        return "400 Bad Request", "This is not a sign-in that Lares waits for."
    if not told.get("code"):
        said = told.get("error_description") or told.get("error") or "no reason was given"
        came.set_exception(_failed(f"the server refused it: {said[:200]}"))
        return "200 OK", "You are not signed in. You can close this page."
    came.set_result(AuthorizationCodeResult(code=told["code"], state=state, iss=told.get("iss")))
    return "200 OK", "You are signed in. You can close this page and go back to Lares."


def _failed(why: str) -> McpError:
    return McpError(f"Signing in failed: {why}.", code="mcp_sign_in", hint="Press Sign in to try again.")


def _unheard(error: McpError) -> None:
    """Of a sign-in the SDK tells what went wrong."""
