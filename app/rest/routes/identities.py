"""Identities: whom of another system agents belong to."""

from app.domain.identity import Identity as OurIdentity
from app.domain.json_value import JsonObject
from app.domain.page import AgentFilter, BlockFilter
from app.rest.call import AnyCall, Call, Endpoint
from app.rest.requests.lookups import listed_agents
from app.rest.requests.pages import asked_page
from app.rest.wire.agents import AgentQuery, AgentState
from app.rest.wire.base import API, Nothing, PageQuery
from app.rest.wire.blocks import BlockResponse, block_to_wire
from app.rest.wire.identities import (
    Identity,
    IdentityCreate,
    IdentityProperties,
    IdentityQuery,
    IdentityUpdate,
    identity_to_wire,
)


async def list_identities(call: Call[IdentityQuery, None]) -> list[Identity]:
    """Identities, newest first."""
    found = await call.services.identities.list(call.query.filter(), asked_page(call.query, "identity"))
    agents = await call.services.identities.connected(tuple(one.id for one in found))
    return [identity_to_wire(one, agents.get(one.id, ())) for one in found]


async def count_identities(call: Call[IdentityQuery, None]) -> int:
    """How many identities there are."""
    return await call.services.identities.count(call.query.filter())


async def create_identity(call: Call[Nothing, IdentityCreate]) -> Identity:
    """Creates an identity; its key is unique."""
    return await _told(call, await call.services.identities.create(call.body.draft(), API))


async def upsert_identity(call: Call[Nothing, IdentityCreate]) -> Identity:
    """Creates an identity, or replaces the one with its key."""
    return await _told(call, await call.services.identities.create(call.body.draft(), API, True))


async def get_identity(call: Call[Nothing, None]) -> Identity:
    """One identity."""
    return await _told(call, await call.services.identities.get(call.id("identity_id")))


async def update_identity(call: Call[Nothing, IdentityUpdate]) -> Identity:
    """Changes the fields that are given."""
    return await _told(call, await call.services.identities.update(call.id("identity_id"), call.body.patch(), API))


async def upsert_properties(call: Call[Nothing, IdentityProperties]) -> None:
    """Sets the properties that are given by their keys; the others stay."""
    given = {one.key: one.model_dump() for one in call.body.properties}
    await call.services.identities.set_properties(call.id("identity_id"), given, API)


async def delete_identity(call: Call[Nothing, None]) -> JsonObject | None:
    """Deletes an identity; agents that are connected with it stay."""
    await call.services.identities.delete(call.id("identity_id"), API)
    return None


async def agents_of_identity(call: Call[AgentQuery, None]) -> list[AgentState]:
    """The agents that are connected with an identity."""
    identity = await call.services.identities.get(call.id("identity_id"))
    return await listed_agents(call, AgentFilter(identity_id=identity.id))


async def blocks_of_identity(call: Call[PageQuery, None]) -> list[BlockResponse]:
    """The blocks of an identity."""
    identity = await call.services.identities.get(call.id("identity_id"))
    wanted = BlockFilter(ids=identity.block_ids, hidden=None)
    return [block_to_wire(block) for block in await call.services.blocks.list(wanted, asked_page(call.query, "block"))]


async def _told(call: AnyCall, identity: OurIdentity) -> Identity:
    agents = await call.services.identities.connected((identity.id,))
    return identity_to_wire(identity, agents.get(identity.id, ()))


ENDPOINTS = (
    Endpoint("GET", "/v1/identities", list_identities),
    Endpoint("POST", "/v1/identities", create_identity),
    Endpoint("PUT", "/v1/identities", upsert_identity),
    Endpoint("GET", "/v1/identities/count", count_identities),
    Endpoint("GET", "/v1/identities/{identity_id}", get_identity),
    Endpoint("PATCH", "/v1/identities/{identity_id}", update_identity),
    Endpoint("DELETE", "/v1/identities/{identity_id}", delete_identity),
    Endpoint("PUT", "/v1/identities/{identity_id}/properties", upsert_properties),
    Endpoint("GET", "/v1/identities/{identity_id}/agents", agents_of_identity),
    Endpoint("GET", "/v1/identities/{identity_id}/blocks", blocks_of_identity),
)
