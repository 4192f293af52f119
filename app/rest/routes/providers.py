"""Model servers: list, create, read, change, delete, check. Their keys come in and never out."""

from typing import Any

from app.domain.error import Invalid, NotFound
from app.domain.json_value import JsonObject
from app.domain.model import Provider, ProviderDraft, ProviderModels
from app.rest.call import Call, Endpoint
from app.rest.requests.pages import page_of
from app.rest.wire.base import Nothing
from app.rest.wire.providers import (
    ProviderCheck,
    ProviderCreate,
    ProviderQuery,
    ProviderState,
    ProviderUpdate,
    provider_to_wire,
    type_of,
)


async def list_providers(call: Call[ProviderQuery, None]) -> list[ProviderState]:
    """Model servers, newest first."""
    query = call.query
    found = [
        provider
        for provider in await call.services.providers.list()
        if query.name in (None, provider.name) and query.provider_type in (None, type_of(provider))
    ]
    return [provider_to_wire(provider) for provider in page_of(found, query, lambda provider: provider.id)]


async def create_provider(call: Call[Nothing, ProviderCreate]) -> ProviderState:
    """Adds a model server. Its key goes to the secret store of this computer."""
    return provider_to_wire(await call.services.providers.add(call.body.draft(call.body.name)))


async def get_provider(call: Call[Nothing, None]) -> ProviderState:
    """One model server."""
    return provider_to_wire(await _provider(call))


async def update_provider(call: Call[Nothing, ProviderUpdate]) -> ProviderState:
    """Changes its key, its address, or both. A new address without a key drops the old key."""
    provider, body = await _provider(call), call.body
    key = None if body.api_key is None else body.api_key.strip()
    draft = ProviderDraft(name=provider.name, kind=provider.kind, base_url=body.base_url or provider.base_url, key=key)
    return provider_to_wire(await call.services.providers.update(provider.id, draft))


async def delete_provider(call: Call[Nothing, None]) -> JsonObject:
    """Removes a model server and its key. Agents that use its models keep their handle and say what is missing."""
    provider_id = call.id("provider_id")
    await _provider(call)
    await call.services.providers.delete(provider_id)
    return {"message": f"Provider id={provider_id} successfully deleted"}


async def check_provider(call: Call[Nothing, ProviderCheck]) -> JsonObject:
    """Makes a real call with these values and stores nothing."""
    found = await call.services.providers.test(call.body.draft("check"))
    return _said(found, call.body.provider_type)


async def check_existing_provider(call: Call[Nothing, None]) -> JsonObject:
    """Makes a real call to a model server that is there, with its own key."""
    provider = await _provider(call)
    draft = ProviderDraft(name=provider.name, kind=provider.kind, base_url=provider.base_url)
    return _said(await call.services.providers.test(draft, provider.id), type_of(provider))


def _said(found: ProviderModels, kind: str) -> JsonObject:
    if found.error:
        raise Invalid(found.error, code="check_failed", hint=found.hint)
    return {"message": f"Valid api key for provider_type={kind}"}


async def _provider(call: Call[Any, Any]) -> Provider:
    for provider in await call.services.providers.list():
        if provider.id == call.id("provider_id"):
            return provider
    raise NotFound("This provider does not exist.", hint="The list of providers has the ids.")


ENDPOINTS = (
    Endpoint("GET", "/v1/providers", list_providers),
    Endpoint("POST", "/v1/providers", create_provider),
    Endpoint("POST", "/v1/providers/check", check_provider),
    Endpoint("GET", "/v1/providers/{provider_id}", get_provider),
    Endpoint("PATCH", "/v1/providers/{provider_id}", update_provider),
    Endpoint("DELETE", "/v1/providers/{provider_id}", delete_provider),
    Endpoint("POST", "/v1/providers/{provider_id}/check", check_existing_provider),
)
