"""Tags: the words that agents and blocks are marked with."""

from app.rest.call import Call, Endpoint
from app.rest.requests.pages import page_of
from app.rest.wire.base import ForwardQuery, Name


class TagQuery(ForwardQuery):
    name: Name | None = None
    query_text: Name | None = None


async def list_tags(call: Call[TagQuery, None]) -> list[str]:
    """All tags of agents and blocks, by the alphabet."""
    query = call.query
    part = (query.name or query.query_text or "").casefold()
    marked = (*await call.services.listing.agents(), *await call.services.blocks.list())
    tags = {tag for one in marked for tag in one.tags if part in tag.casefold()}
    return page_of(sorted(tags), query, str)


ENDPOINTS = (Endpoint("GET", "/v1/tags", list_tags),)
