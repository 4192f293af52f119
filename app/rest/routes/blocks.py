"""Blocks by themselves: of one agent, of several, or of none."""

from app.domain.page import AgentFilter, BlockFilter
from app.rest.call import Call, Endpoint
from app.rest.requests.lookups import listed_agents
from app.rest.requests.pages import asked_page
from app.rest.wire.agents import AgentQuery, AgentState
from app.rest.wire.base import API, Nothing
from app.rest.wire.blocks import BlockQuery, BlockResponse, BlockUpdate, CreateBlock, block_to_wire


async def list_blocks(call: Call[BlockQuery, None]) -> list[BlockResponse]:
    """Blocks, newest first. None of them is a template."""
    page = asked_page(call.query, "block")
    found = () if call.query.templates_only else await call.services.blocks.list(call.query.filter(), page)
    return [block_to_wire(block) for block in found]


async def count_blocks(call: Call[Nothing, None]) -> int:
    """How many blocks there are."""
    return await call.services.blocks.count(BlockFilter(hidden=None))


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
    return await listed_agents(call, AgentFilter(block_id=block.id))


ENDPOINTS = (
    Endpoint("GET", "/v1/blocks", list_blocks),
    Endpoint("POST", "/v1/blocks", create_block),
    Endpoint("GET", "/v1/blocks/count", count_blocks),
    Endpoint("GET", "/v1/blocks/{block_id}", get_block),
    Endpoint("PATCH", "/v1/blocks/{block_id}", update_block),
    Endpoint("DELETE", "/v1/blocks/{block_id}", delete_block),
    Endpoint("GET", "/v1/blocks/{block_id}/agents", agents_of_block),
)
