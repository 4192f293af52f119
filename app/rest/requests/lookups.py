"""What several routes look up: agents as they are told, and the conversation that a request means."""

from collections.abc import Sequence
from typing import Any

from app.domain.agent import Agent
from app.domain.conversation import Conversation
from app.domain.error import NotFound
from app.domain.ids import is_id
from app.domain.message import Message
from app.domain.tool import Tool
from app.domain.wire_message import WireMessage, objects_of
from app.rest.call import Call
from app.rest.errors import Misshapen
from app.rest.wire.agents import ALL, AgentState, agents_to_wire

_OLD_NAMES = {"sources": "agent.sources", "memory": "agent.blocks", "tool_exec_environment_variables": "agent.secrets"}


async def tools_by_name(call: Call[Any, Any]) -> dict[str, Tool]:
    return {tool.name: tool for tool in await call.services.tools.list()}


async def told(call: Call[Any, Any], agents: Sequence[Agent], include: frozenset[str] = ALL) -> list[AgentState]:
    """These agents, in this order."""
    if not agents:
        return []
    relations = bool(include & {"agent.blocks", "agent.identities", "agent.tools"})
    return agents_to_wire(await call.services.listing.agent_page(tuple(agents), relations), include)


async def one_to_wire(call: Call[Any, Any], agent_id: str) -> AgentState:
    return agents_to_wire(await call.services.listing.agent(agent_id))[0]


def wanted(call: Call[Any, Any], include: tuple[str, ...], relationships: tuple[str, ...]) -> frozenset[str]:
    """Which relations of listed agents are told: to the newest SDK what it asks for, to everybody else all."""
    if relationships:
        return frozenset(_OLD_NAMES.get(name, f"agent.{name}") for name in relationships) & ALL
    newest = "x-stainless-package-version" in call.request.headers
    return frozenset(include) & ALL if newest else ALL


async def default_thread(call: Call[Any, Any], agent_id: str) -> Conversation:
    """The thread that an agent's own routes speak to. Its `active_id` is what it shows."""
    threads = await call.services.conversations.of_agent(agent_id)
    for thread in threads:
        if thread.is_default:
            return thread
    await call.services.agents.get(agent_id)
    raise NotFound("This agent has no conversation.")


async def thread_of(call: Call[Any, Any], conversation_id: str, agent_id: str | None = None) -> Conversation:
    """A thread by its id; `default` with an agent's id, or an agent's id itself, means the agent's own one."""
    if conversation_id == "default":
        if agent_id is None:
            raise Misshapen("agent_id: it is needed to tell whose default conversation is meant")
        conversation_id = agent_id
    if is_id(conversation_id, "agent"):
        return await default_thread(call, conversation_id)
    if not is_id(conversation_id, "conv"):
        raise Misshapen("conversation_id: an id of the form conv-<uuid4> is needed")
    row = await call.services.conversations.get(conversation_id)
    await call.services.agents.get(row.agent_id)
    return row if row.root_id == row.id else await call.services.conversations.get(row.root_id)


def objects(messages: tuple[Message, ...] | list[Message], types: tuple[str, ...] = ()) -> list[WireMessage]:
    """The wire objects of messages, each one's in its own order."""
    return [one for message in messages for one in objects_of(message) if not types or one.message_type in types]
