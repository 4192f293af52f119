"""Archival memory: archives, the agents that have them, and passages."""

from collections.abc import Sequence

from app.domain.archive import PassageFilter, PassageHit
from app.domain.error import NotFound
from app.domain.json_value import JsonObject
from app.domain.page import LARGEST, AgentFilter, PageRequest
from app.rest.call import AnyCall, Call, Endpoint
from app.rest.requests.lookups import listed_agents
from app.rest.requests.pages import asked_page
from app.rest.wire.agents import AgentQuery, AgentState
from app.rest.wire.archives import (
    ArchivalMemorySearchResponse,
    ArchivalSearchQuery,
    Archive,
    ArchiveCreate,
    ArchiveQuery,
    ArchiveUpdate,
    Passage,
    PassageBatch,
    PassageCreate,
    PassageListQuery,
    PassageSearchRequest,
    PassageSearchResult,
    archive_to_wire,
    found_to_wire,
    hit_to_wire,
    passage_to_wire,
)
from app.rest.wire.base import API, Nothing

TOP_K = 10
"""Results for which no number was asked, as in the Letta V1 API."""


async def list_of_agent(call: Call[PassageListQuery, None]) -> list[Passage]:
    """The passages that the agent can find, oldest first."""
    agent = await call.services.agents.get(call.id("agent_id"))
    wanted = PassageFilter(agent_id=agent.id, search=call.query.search)
    found = await call.services.archives.passages(wanted, asked_page(call.query, "passage"))
    return [passage_to_wire(one) for one in found]


async def insert_for_agent(call: Call[Nothing, PassageCreate]) -> list[Passage]:
    """Stores a passage in the archive that the agent writes to, which is made when first needed."""
    archive = await call.services.archives.default_of(call.id("agent_id"), API)
    return [passage_to_wire(one) for one in await call.services.archives.add(archive.id, (call.body.draft(),), API)]


async def search_of_agent(call: Call[ArchivalSearchQuery, None]) -> ArchivalMemorySearchResponse:
    """What the agent would find, best first."""
    agent = await call.services.agents.get(call.id("agent_id"))
    wanted = call.query.filter(agent.id).model_copy(update={"validity": "valid"})
    most = min(call.query.top_k or TOP_K, LARGEST)
    return found_to_wire((await call.services.archives.search(call.query.query, wanted, most)).hits)


async def delete_of_agent(call: Call[Nothing, None]) -> JsonObject:
    """Deletes a passage that the agent can find. The window can undo that."""
    memory_id = call.id("memory_id")
    archives = await call.services.archives.of_agent((await call.services.agents.get(call.id("agent_id"))).id)
    passage = await call.services.archives.passage(memory_id)
    if passage.archive_id not in {archive.id for archive in archives}:
        raise NotFound("The agent has no such passage.", hint="The list of its archival memory has the ids.")
    await call.services.archives.remove((memory_id,), API)
    return {"message": f"Memory id={memory_id} successfully deleted"}


async def attach_archive(call: Call[Nothing, None]) -> None:
    """Lets the agent search an archive; attached to several agents it is shared."""
    await call.services.archives.attach(call.id("agent_id"), call.id("archive_id"), API)


async def detach_archive(call: Call[Nothing, None]) -> None:
    """Takes an archive away from the agent; the archive stays."""
    await call.services.archives.detach(call.id("agent_id"), call.id("archive_id"), API)


async def list_archives(call: Call[ArchiveQuery, None]) -> list[Archive]:
    """Archives, newest first."""
    page = asked_page(call.query, "archive")
    found = await call.services.archives.list(call.query.agent_id, call.query.name, page)
    providers = {one.name: one for one in await call.services.providers.list()}
    return [archive_to_wire(one, providers) for one in found]


async def create_archive(call: Call[Nothing, ArchiveCreate]) -> Archive:
    """Creates an archive that no agent has yet."""
    made = await call.services.archives.create(call.body.draft(), origin=API)
    return await _told(call, made.id)


async def get_archive(call: Call[Nothing, None]) -> Archive:
    """One archive."""
    return await _told(call, call.id("archive_id"))


async def update_archive(call: Call[Nothing, ArchiveUpdate]) -> Archive:
    """Changes the name or the description."""
    await call.services.archives.update(call.id("archive_id"), call.body.patch(), origin=API)
    return await _told(call, call.id("archive_id"))


async def delete_archive(call: Call[Nothing, None]) -> None:
    """Deletes an archive with its passages, for all agents that have it. The window can undo that."""
    await call.services.archives.delete(call.id("archive_id"), API)


async def agents_of_archive(call: Call[AgentQuery, None]) -> list[AgentState]:
    """The agents that have an archive."""
    archive = await call.services.archives.get(call.id("archive_id"))
    holders = (await call.services.archives.holders((archive.id,))).get(archive.id, ())
    return await listed_agents(call, AgentFilter(ids=holders))


async def create_passage(call: Call[Nothing, PassageCreate]) -> Passage:
    """Stores a passage."""
    (made,) = await call.services.archives.add(call.id("archive_id"), (call.body.draft(),), API)
    return passage_to_wire(made)


async def create_passages(call: Call[Nothing, PassageBatch]) -> list[Passage]:
    """Stores passages, all or none."""
    drafts = tuple(one.draft(f"body.passages.{number}") for number, one in enumerate(call.body.passages))
    return [passage_to_wire(one) for one in await call.services.archives.add(call.id("archive_id"), drafts, API)]


async def delete_passage(call: Call[Nothing, None]) -> None:
    """Deletes a passage of an archive. The window can undo that."""
    passage = await call.services.archives.passage(call.id("passage_id"))
    if passage.archive_id != (await call.services.archives.get(call.id("archive_id"))).id:
        raise NotFound("The archive has no such passage.", hint="Look for it in another archive.")
    await call.services.archives.remove((passage.id,), API)


async def search_passages(call: Call[Nothing, PassageSearchRequest]) -> list[PassageSearchResult]:
    """Passages of an agent, an archive or all, best first; without a query the newest."""
    wanted, most = call.body.filter(), min(call.body.limit, LARGEST)
    query = (call.body.query or "").strip()
    if not query:
        newest = await call.services.archives.passages(wanted, PageRequest(limit=most))
        return [hit_to_wire(PassageHit(passage=one, score=0)) for one in newest]
    hits: Sequence[PassageHit] = (await call.services.archives.search(query, wanted, most)).hits
    return [hit_to_wire(hit) for hit in hits]


async def _told(call: AnyCall, archive_id: str) -> Archive:
    providers = {one.name: one for one in await call.services.providers.list()}
    return archive_to_wire(await call.services.archives.get(archive_id), providers)


_OF_AGENT = "/v1/agents/{agent_id}"
_ONE = "/v1/archives/{archive_id}"
ENDPOINTS = (
    Endpoint("GET", f"{_OF_AGENT}/archival-memory", list_of_agent),
    Endpoint("POST", f"{_OF_AGENT}/archival-memory", insert_for_agent),
    Endpoint("GET", f"{_OF_AGENT}/archival-memory/search", search_of_agent),
    Endpoint("DELETE", f"{_OF_AGENT}/archival-memory/{{memory_id}}", delete_of_agent),
    Endpoint("PATCH", f"{_OF_AGENT}/archives/attach/{{archive_id}}", attach_archive),
    Endpoint("PATCH", f"{_OF_AGENT}/archives/detach/{{archive_id}}", detach_archive),
    Endpoint("GET", "/v1/archives", list_archives),
    Endpoint("POST", "/v1/archives", create_archive),
    Endpoint("GET", _ONE, get_archive),
    Endpoint("PATCH", _ONE, update_archive),
    Endpoint("DELETE", _ONE, delete_archive),
    Endpoint("GET", f"{_ONE}/agents", agents_of_archive),
    Endpoint("POST", f"{_ONE}/passages", create_passage),
    Endpoint("POST", f"{_ONE}/passages/batch", create_passages),
    Endpoint("DELETE", f"{_ONE}/passages/{{passage_id}}", delete_passage),
    Endpoint("POST", "/v1/passages/search", search_passages),
)
