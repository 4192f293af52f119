"""Requests of a person who has signed in: with their token, which is renewed when it ends, and only to its server."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from typing import Any

import httpx2
from mcp.client.auth.oauth2 import OAuthContext
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

from app.adapters.mcp.child.places import origin_of
from app.domain.mcp import McpGrant

EARLY = 10.0
"""Seconds before its end a token is renewed."""
RENEWAL = "lares.renewal"
"""Marks requests for tokens: what comes of those is not what the server says to a question."""
Renewed = Callable[[McpGrant], None]


class SignedIn(httpx2.Auth):
    """`renewed` is given the tokens whenever there are new ones. Requests that find the same token over wait for one
    renewal.
    """

    def __init__(self, grant: McpGrant, renewed: Renewed) -> None:
        self._grant = grant
        self._renewed = renewed
        self._lock = asyncio.Lock()

    async def async_auth_flow(self, request: httpx2.Request) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        if origin_of(str(request.url)) != origin_of(self._grant.address):
            yield request
            return
        used = self._grant
        if used.refresh_token and used.expires_at is not None and time.time() > used.expires_at - EARLY:
            async with self._lock:
                if self._grant is used:
                    await self._take((yield self._renewal()))
        used = self._grant
        request.headers["Authorization"] = f"Bearer {used.access_token}"
        response = yield request
        if response.status_code != 401:
            return
        async with self._lock:
            if self._grant is used:
                if not used.refresh_token:
                    return
                await self._take((yield self._renewal()))
        if self._grant.access_token != used.access_token:
            request.headers["Authorization"] = f"Bearer {self._grant.access_token}"
            yield request

    def _renewal(self) -> httpx2.Request:
        grant = self._grant
        data = {"grant_type": "refresh_token", "refresh_token": grant.refresh_token, "client_id": grant.client_id}
        if grant.resource:
            data["resource"] = grant.resource
        return token_request(grant, grant.token_address, data)

    async def _take(self, response: httpx2.Response) -> None:
        """A server that says no to a renewal is not asked again: the person has to sign in."""
        try:
            await response.aread()
            if response.status_code != 200:
                raise ValueError
            told = OAuthToken.model_validate_json(response.content)
        except ValueError:
            self._grant = self._grant.model_copy(update={"refresh_token": ""})
            return
        kept = {"refresh_token": told.refresh_token or self._grant.refresh_token}
        kept["scope"] = told.scope or self._grant.scope
        update = {**kept, "access_token": told.access_token, "expires_at": ends_at(told)}
        self._grant = self._grant.model_copy(update=update)
        self._renewed(self._grant)


def ends_at(token: OAuthToken) -> float | None:
    """In seconds since 1970."""
    return None if token.expires_in is None else time.time() + token.expires_in


def token_request(grant: McpGrant, address: str, data: dict[str, str]) -> httpx2.Request:
    """A request of this client to where its tokens are made, with what shows who it is."""
    client: dict[str, Any] = {"client_id": grant.client_id, "token_endpoint_auth_method": grant.auth_method}
    if grant.client_secret:
        client["client_secret"] = grant.client_secret
    context = OAuthContext(
        server_url=grant.address,
        client_metadata=OAuthClientMetadata(redirect_uris=[AnyUrl("http://127.0.0.1/")]),
        storage=_NOWHERE,
        redirect_handler=None,
        callback_handler=None,
        client_info=OAuthClientInformationFull.model_validate(client),
    )
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    data, headers = context.prepare_token_auth(data, headers)
    return httpx2.Request("POST", address, data=data, headers=headers, extensions={RENEWAL: True})


class Nowhere:
    """Keeps nothing: what comes of a sign-in is read from its context."""

    async def get_tokens(self) -> OAuthToken | None:
        return None

    async def set_tokens(self, tokens: OAuthToken) -> None:
        pass

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return None

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        pass


_NOWHERE = Nowhere()
