"""Blocks by themselves: of one agent, of several, or of none."""

from app.domain.block import Block
from app.rest.call import Call, Endpoint
from app.rest.requests.lookups import told, wanted
from app.rest.requests.pages import page_of
from app.rest.wire.agents import AgentQuery, AgentState
from app.rest.wire.base import API, Nothing
from app.rest.wire.blocks import BlockQuery, BlockResponse, BlockUpdate, CreateBlock, block_to_wire


async def list_blocks(call: Call[BlockQuery, None]) -> list[BlockResponse]:
    """Blocks, newest first."""
    query = call.query
    counts = await _holder_counts(call)
    found = [block for block in await call.services.blocks.list() if _fits(block, query, counts.get(block.id, 0))]
    if query.identity_id or query.identifier_keys:
        held = {
            block_id
            for one in await call.services.identities.list()
            if one.id == query.identity_id or one.identifier_key in query.identifier_keys
            for block_id in one.block_ids
        }
        found = [block for block in found if block.id in held]
    return [block_to_wire(block) for block in page_of(found, query, lambda block: block.id)]


async def _holder_counts(call: Call[BlockQuery, None]) -> dict[str, int]:
    """How many agents hold each block; read only where it is asked for."""
    query = call.query
    asked = (query.connected_to_agents_count_gt, query.connected_to_agents_count_lt)
    if asked == (None, None) and not query.connected_to_agents_count_eq:
        return {}
    counts: dict[str, int] = {}
    for agent in await call.services.listing.agents():
        for block_id in agent.block_ids:
            counts[block_id] = counts.get(block_id, 0) + 1
    return counts


def _fits(block: Block, query: BlockQuery, holders: int) -> bool:
    more, less, just = (
        query.connected_to_agents_count_gt,
        query.connected_to_agents_count_lt,
        query.connected_to_agents_count_eq,
    )
    held = set(query.tags) & set(block.tags)
    return (
        not block.hidden
        and (query.label is None or block.label == query.label)
        and (query.name is None or block.label == query.name)
        and _contains(block.label, query.label_search)
        and _contains(block.description, query.description_search)
        and _contains(block.value, query.value_search)
        and (not query.tags or (held == set(query.tags) if query.match_all_tags else bool(held)))
        and (more is None or holders > more)
        and (less is None or holders < less)
        and (not just or holders in just)
    )


def _contains(text: str, words: str | None) -> bool:
    return words is None or words.casefold() in text.casefold()


async def count_blocks(call: Call[Nothing, None]) -> int:
    """How many blocks there are."""
    return len(await call.services.blocks.list())


async def create_block(call: Call[Nothing, CreateBlock]) -> BlockResponse:
    """Creates a block that no agent holds yet. A limit binds the agents, not who writes here."""
    return block_to_wire(await call.services.blocks.add(call.body.draft(), API, may_overflow=True))


async def get_block(call: Call[Nothing, None]) -> BlockResponse:
    """One block."""
    return block_to_wire(await call.services.blocks.get(call.id("block_id")))


async def update_block(call: Call[Nothing, BlockUpdate]) -> BlockResponse:
    """Changes a block for all agents that hold it. A limit binds the agents, not who writes here."""
    changed = await call.services.blocks.update(call.id("block_id"), call.body.patch(), origin=API, may_overflow=True)
    return block_to_wire(changed)


async def delete_block(call: Call[Nothing, None]) -> None:
    """Deletes a block for all agents that hold it. The window can undo that."""
    await call.services.blocks.delete(call.id("block_id"), API)


async def agents_of_block(call: Call[AgentQuery, None]) -> list[AgentState]:
    """The agents that hold a block."""
    block = await call.services.blocks.get(call.id("block_id"))
    holders = [agent for agent in await call.services.listing.agents() if block.id in agent.block_ids]
    page = page_of(holders, call.query, lambda agent: agent.id)
    return await told(call, page, wanted(call, call.query.include, call.query.include_relationships))


ENDPOINTS = (
    Endpoint("GET", "/v1/blocks", list_blocks),
    Endpoint("POST", "/v1/blocks", create_block),
    Endpoint("GET", "/v1/blocks/count", count_blocks),
    Endpoint("GET", "/v1/blocks/{block_id}", get_block),
    Endpoint("PATCH", "/v1/blocks/{block_id}", update_block),
    Endpoint("DELETE", "/v1/blocks/{block_id}", delete_block),
    Endpoint("GET", "/v1/blocks/{block_id}/agents", agents_of_block),
)
