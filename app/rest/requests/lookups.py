"""What several routes look up: agents as they are told, and the conversation that a request means."""

from app.domain.conversation import Conversation
from app.domain.error import NotFound
from app.domain.ids import is_id
from app.domain.page import AgentFilter
from app.rest.call import AnyCall, Call
from app.rest.constants import USER_ID
from app.rest.errors import Misshapen
from app.rest.requests.pages import asked_page
from app.rest.wire.agents import ALL, AgentQuery, AgentState, agents_to_wire

_OLD_NAMES = {"sources": "agent.sources", "memory": "agent.blocks", "tool_exec_environment_variables": "agent.secrets"}


def asked_agents(query: AgentQuery, held: AgentFilter) -> AgentFilter | None:
    """The agents that a query asks for among those held; None when it asks for those of somebody else."""
    if query.created_by_id not in (None, USER_ID):
        return None
    given = {
        "name": query.name,
        "search": query.query_text,
        "tags": query.tags,
        "all_tags": query.match_all_tags,
        "identifier_keys": query.identifier_keys,
        "last_stop_reason": query.last_stop_reason,
    }
    if query.identity_id is not None:
        given["identity_id"] = query.identity_id
    return held.model_copy(update=given)


async def listed_agents(call: Call[AgentQuery, None], held: AgentFilter) -> list[AgentState]:
    """The page of agents that a request asks for among those held, as they are told."""
    wanted = asked_agents(call.query, held)
    page = asked_page(call.query, "agent")
    rows = () if wanted is None else await call.services.agents.list(wanted, page)
    if not rows:
        return []
    include = _included(call)
    relations = bool(include & {"agent.blocks", "agent.identities", "agent.pending_approval", "agent.tools"})
    agents = tuple(row.agent for row in rows)
    return agents_to_wire(await call.services.listing.agent_page(agents, relations), include)


async def one_to_wire(call: AnyCall, agent_id: str) -> AgentState:
    return agents_to_wire(await call.services.listing.agent(agent_id))[0]


def _included(call: Call[AgentQuery, None]) -> frozenset[str]:
    """Which relations of listed agents are told: to the newest SDK what it asks for, to everybody else all."""
    if call.query.include_relationships:
        return frozenset(_OLD_NAMES.get(name, f"agent.{name}") for name in call.query.include_relationships) & ALL
    newest = "x-stainless-package-version" in call.request.headers
    return frozenset[str](call.query.include) & ALL if newest else ALL


async def thread_of(call: AnyCall, conversation_id: str, agent_id: str | None = None) -> Conversation:
    """A thread by its id; `default` with an agent's id, or an agent's id itself, means the agent's own one.

    Raises `NotFound` for a thread of another agent than the one that is named.
    """
    if conversation_id == "default":
        if agent_id is None:
            raise Misshapen("agent_id: it is needed to tell whose default conversation is meant")
        conversation_id = agent_id
    if is_id(conversation_id, "agent"):
        row = await call.services.conversations.default_of(conversation_id)
    elif is_id(conversation_id, "conv"):
        row = await call.services.conversations.get(conversation_id)
        await call.services.agents.get(row.agent_id)
    else:
        raise Misshapen("conversation_id: an id of the form conv-<uuid4> is needed")
    if agent_id not in (None, row.agent_id):
        raise NotFound("The agent has no conversation of this id.", hint="It belongs to another agent.")
    return row if row.root_id == row.id else await call.services.conversations.get(row.root_id)
