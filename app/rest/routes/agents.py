"""Agents: list, create, read, change, delete."""

from app.domain.json_value import JsonObject
from app.domain.message import MessageDraft
from app.domain.page import AgentFilter
from app.rest.call import Call, Endpoint
from app.rest.requests.agent_bodies import agent_draft, agent_patch, secrets_of
from app.rest.requests.compaction import compacted
from app.rest.requests.lookups import asked_agents, listed_agents, one_to_wire, thread_of
from app.rest.requests.threads import system_message
from app.rest.requests.turns import parts_of
from app.rest.wire.agents import AgentQuery, AgentState, CreateAgentRequest, UpdateAgent
from app.rest.wire.base import API, Nothing
from app.rest.wire.compaction import CompactionRequest, CompactionResponse
from app.rest.wire.context import ContextWindowOverview, context_to_wire
from app.rest.wire.conversations import ConversationIdQuery, RecompileQuery
from app.rest.wire.messages import ResetMessagesRequest


async def list_agents(call: Call[AgentQuery, None]) -> list[AgentState]:
    """Agents, newest first."""
    return await listed_agents(call, AgentFilter())


async def count_agents(call: Call[AgentQuery, None]) -> int:
    """How many agents there are."""
    wanted = asked_agents(call.query, AgentFilter())
    return 0 if wanted is None else await call.services.agents.count(wanted)


async def create_agent(call: Call[Nothing, CreateAgentRequest]) -> AgentState:
    """Creates an agent with its blocks, tools and first messages."""
    draft = await agent_draft(call, call.body)
    first = [
        MessageDraft(role=one.role, parts=await parts_of(call.services, one.content), otid=one.otid, name=one.name)
        for one in call.body.initial_message_sequence or ()
    ]
    draft = draft.model_copy(update={"first_messages": tuple(first)})
    agent = await call.services.agents.create(draft, API, may_overflow=True)
    secrets = secrets_of(call.body)
    if secrets:
        await call.services.agent_secrets.replace(agent.id, secrets, API)
    return await one_to_wire(call, agent.id)


async def get_agent(call: Call[AgentQuery, None]) -> AgentState:
    """One agent, with all that belongs to it."""
    return await one_to_wire(call, call.id("agent_id"))


async def update_agent(call: Call[Nothing, UpdateAgent]) -> AgentState:
    """Changes the fields that are given; sets of blocks, tools and tags are replaced."""
    agent_id = call.id("agent_id")
    agent = await call.services.agents.get(agent_id)
    patch = await agent_patch(call, call.body, agent)
    secrets = secrets_of(call.body)
    if patch.model_fields_set:
        await call.services.agents.update(agent_id, patch, origin=API)
    if secrets is not None:
        await call.services.agent_secrets.replace(agent_id, secrets, API)
    return await one_to_wire(call, agent_id)


async def delete_agent(call: Call[Nothing, None]) -> JsonObject:
    """Deletes an agent. The window can bring it back for 30 days."""
    agent_id = call.id("agent_id")
    await call.services.agents.get(agent_id)
    await call.services.agents.delete(agent_id, API)
    return {"message": f"Agent id={agent_id} successfully deleted"}


async def context(call: Call[ConversationIdQuery, None]) -> ContextWindowOverview:
    """What the next request would hold, counted part by part."""
    agent_id = call.id("agent_id")
    place = await thread_of(call, call.query.conversation_id or agent_id, agent_id)
    overview = await call.services.context.overview(place.active_id)
    messages = await call.services.messages.in_context(place.active_id)
    tools = {tool.name: tool for tool in await call.services.tools.list()}
    archived = sum(archive.passages for archive in await call.services.archives.of_agent(agent_id))
    return context_to_wire(overview, messages, tools, await system_message(call, place), archived)


async def recompile(call: Call[RecompileQuery, None]) -> str:
    """The system prompt as the next request will hold it."""
    return await call.services.context.prompt(call.id("agent_id"))


async def summarize(call: Call[Nothing, CompactionRequest | None]) -> CompactionResponse:
    """Compacts the context window: a summary takes the place of its oldest messages."""
    agent_id = call.id("agent_id")
    thread = await call.services.conversations.default_of(agent_id)
    return await compacted(call, thread.active_id, call.body)


async def reset_messages(call: Call[Nothing, ResetMessagesRequest | None]) -> AgentState:
    """Empties the context window; the messages stay in the history."""
    agent_id = call.id("agent_id")
    await call.services.conversations.reset((await call.services.conversations.default_of(agent_id)).active_id)
    return await one_to_wire(call, agent_id)


async def attach_identity(call: Call[Nothing, None]) -> AgentState:
    """Connects the agent with an identity."""
    await call.services.identities.attach(call.id("agent_id"), call.id("identity_id"), True, API)
    return await one_to_wire(call, call.id("agent_id"))


async def detach_identity(call: Call[Nothing, None]) -> AgentState:
    """Takes the connection with an identity away."""
    await call.services.identities.attach(call.id("agent_id"), call.id("identity_id"), False, API)
    return await one_to_wire(call, call.id("agent_id"))


ENDPOINTS = (
    Endpoint("GET", "/v1/agents", list_agents),
    Endpoint("POST", "/v1/agents", create_agent),
    Endpoint("GET", "/v1/agents/count", count_agents),
    Endpoint("GET", "/v1/agents/{agent_id}", get_agent),
    Endpoint("PATCH", "/v1/agents/{agent_id}", update_agent),
    Endpoint("DELETE", "/v1/agents/{agent_id}", delete_agent),
    Endpoint("GET", "/v1/agents/{agent_id}/context", context),
    Endpoint("POST", "/v1/agents/{agent_id}/recompile", recompile),
    Endpoint("POST", "/v1/agents/{agent_id}/system-prompt/recompile", recompile),
    Endpoint("POST", "/v1/agents/{agent_id}/summarize", summarize),
    Endpoint("PATCH", "/v1/agents/{agent_id}/reset-messages", reset_messages),
    Endpoint("PATCH", "/v1/agents/{agent_id}/identities/attach/{identity_id}", attach_identity),
    Endpoint("PATCH", "/v1/agents/{agent_id}/identities/detach/{identity_id}", detach_identity),
)
