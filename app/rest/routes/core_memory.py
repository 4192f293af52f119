"""The blocks and tools of one agent."""

from app.domain.agent import AgentPatch
from app.domain.block import Block
from app.domain.error import NotFound
from app.domain.page import BlockFilter, ToolFilter
from app.rest.call import Call, Endpoint
from app.rest.errors import Misshapen
from app.rest.requests.lookups import one_to_wire
from app.rest.requests.pages import asked_page
from app.rest.wire.agents import AgentState, Memory
from app.rest.wire.base import API, Nothing, PageQuery
from app.rest.wire.blocks import BlockResponse, BlockUpdate, block_to_wire
from app.rest.wire.messages import ModifyApprovalQuery, ModifyApprovalRequest
from app.rest.wire.tools import Tool, tool_to_wire


async def core_memory(call: Call[Nothing, None]) -> Memory:
    """All blocks of the agent, as the older clients read them."""
    agent = await call.services.agents.get(call.id("agent_id"))
    blocks = await call.services.blocks.of_agent(agent.id)
    return Memory(agent_type=agent.agent_type, blocks=tuple(block_to_wire(block) for block in blocks))


async def list_blocks(call: Call[PageQuery, None]) -> list[BlockResponse]:
    """The blocks of the agent."""
    agent = await call.services.agents.get(call.id("agent_id"))
    wanted = BlockFilter(agent_id=agent.id, hidden=None)
    return [block_to_wire(block) for block in await call.services.blocks.list(wanted, asked_page(call.query, "block"))]


async def get_block(call: Call[Nothing, None]) -> BlockResponse:
    """The agent's block with this label."""
    return block_to_wire(await _labelled(call))


async def update_block(call: Call[Nothing, BlockUpdate]) -> BlockResponse:
    """Changes the agent's block with this label. A limit binds the agent, not who writes here."""
    block = await _labelled(call)
    return block_to_wire(await call.services.blocks.update(block.id, call.body.patch(), origin=API, may_overflow=True))


async def attach_block(call: Call[Nothing, None]) -> AgentState:
    """Attaches a block; attached to several agents it is shared."""
    await call.services.blocks.attach(call.id("agent_id"), call.id("block_id"), API)
    return await one_to_wire(call, call.id("agent_id"))


async def detach_block(call: Call[Nothing, None]) -> AgentState:
    """Takes a block away from the agent; the block stays."""
    await call.services.blocks.detach(call.id("agent_id"), call.id("block_id"), API)
    return await one_to_wire(call, call.id("agent_id"))


async def _labelled(call: Call[Nothing, BlockUpdate] | Call[Nothing, None]) -> Block:
    agent = await call.services.agents.get(call.id("agent_id"))
    label = call.id("block_label")
    for block in await call.services.blocks.of_agent(agent.id):
        if block.label == label:
            return block
    raise NotFound("The agent has no block with this label.", hint="The list of its blocks has the labels.")


async def list_tools(call: Call[PageQuery, None]) -> list[Tool]:
    """The tools of the agent."""
    agent = await call.services.agents.get(call.id("agent_id"))
    wanted = ToolFilter(agent_id=agent.id)
    return [tool_to_wire(tool) for tool in await call.services.tools.list(wanted, asked_page(call.query, "tool"))]


async def attach_tool(call: Call[Nothing, None]) -> AgentState:
    """Gives the agent a tool."""
    return await _equip(call, True)


async def detach_tool(call: Call[Nothing, None]) -> AgentState:
    """Takes a tool away from the agent."""
    return await _equip(call, False)


async def _equip(call: Call[Nothing, None], attached: bool) -> AgentState:
    agent = await call.services.agents.get(call.id("agent_id"))
    tool = await call.services.tools.get(call.id("tool_id"))
    if attached != (tool.name in agent.tool_names):
        names = (*agent.tool_names, tool.name) if attached else tuple(n for n in agent.tool_names if n != tool.name)
        await call.services.agents.update(agent.id, AgentPatch(tool_names=names), agent.version, API)
    return await one_to_wire(call, agent.id)


async def require_approval(call: Call[ModifyApprovalQuery, ModifyApprovalRequest | None]) -> AgentState:
    """Whether the agent asks before it calls one of its tools."""
    asked = call.body.requires_approval if call.body is not None else None
    required = call.query.requires_approval if asked is None else asked
    if required is None:
        raise Misshapen("body.requires_approval: true or false is needed")
    await call.services.approvals.require(call.id("agent_id"), call.id("tool_name"), required, API)
    return await one_to_wire(call, call.id("agent_id"))


_OF_AGENT = "/v1/agents/{agent_id}"
ENDPOINTS = (
    Endpoint("GET", f"{_OF_AGENT}/core-memory", core_memory),
    Endpoint("GET", f"{_OF_AGENT}/core-memory/blocks", list_blocks),
    Endpoint("PATCH", f"{_OF_AGENT}/core-memory/blocks/attach/{{block_id}}", attach_block),
    Endpoint("PATCH", f"{_OF_AGENT}/core-memory/blocks/detach/{{block_id}}", detach_block),
    Endpoint("GET", f"{_OF_AGENT}/core-memory/blocks/{{block_label:path}}", get_block),
    Endpoint("PATCH", f"{_OF_AGENT}/core-memory/blocks/{{block_label:path}}", update_block),
    Endpoint("GET", f"{_OF_AGENT}/tools", list_tools),
    Endpoint("PATCH", f"{_OF_AGENT}/tools/attach/{{tool_id}}", attach_tool),
    Endpoint("PATCH", f"{_OF_AGENT}/tools/detach/{{tool_id}}", detach_tool),
    Endpoint("PATCH", f"{_OF_AGENT}/tools/approval/{{tool_name}}", require_approval),
)
