"""Tags: the words that agents and blocks are marked with."""

from app.rest.call import Call, Endpoint
from app.rest.requests.pages import page_by
from app.rest.wire.base import ForwardQuery, Name


class TagQuery(ForwardQuery):
    ORDERS = ("name",)
    name: Name | None = None
    query_text: Name | None = None


async def list_tags(call: Call[TagQuery, None]) -> list[str]:
    """All tags of agents and blocks, by the alphabet."""
    query = call.query
    return list(await call.services.listing.tags(query.name or query.query_text or "", page_by(query, "name")))


ENDPOINTS = (Endpoint("GET", "/v1/tags", list_tags),)
