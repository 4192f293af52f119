"""Tags: the words that agents are marked with."""

from app.rest.call import Call, Endpoint
from app.rest.pages import page_of
from app.rest.wire.base import Name, PageQuery


class TagQuery(PageQuery):
    order: str = "asc"
    name: Name | None = None
    query_text: Name | None = None


async def list_tags(call: Call[TagQuery, None]) -> list[str]:
    """All tags of agents, by the alphabet."""
    query = call.query
    part = (query.name or query.query_text or "").casefold()
    tags = {tag for agent in await call.services.listing.agents() for tag in agent.tags if part in tag.casefold()}
    return page_of(sorted(tags), query, str)


ENDPOINTS = (Endpoint("GET", "/v1/tags", list_tags),)
