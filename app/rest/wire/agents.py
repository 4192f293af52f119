"""Agents on the wire: what they are told as, and what their routes take."""

import uuid
from typing import Annotated, Any, Literal

from pydantic import Field

from app.domain.agent import Agent, AgentType
from app.domain.json_value import JsonObject
from app.domain.model import ModelHandle
from app.domain.page import AgentPage
from app.domain.run import StopReason
from app.domain.wire_message import ApprovalRequestMessage, objects_of
from app.rest.wire.base import Audited, Metadata, Name, PageQuery, RequestModel, ResponseModel, Whole, maybe_iso
from app.rest.wire.blocks import BlockResponse, CreateBlock, block_to_wire
from app.rest.wire.identities import Identity, identity_to_wire
from app.rest.wire.messages import MessageCreate, system_id
from app.rest.wire.models import EmbeddingConfig, LLMConfig, embedding_config, llm_config, model_settings
from app.rest.wire.tools import Tool, tool_to_wire

Ids = tuple[Name, ...]
Relation = Literal[
    "agent.blocks",
    "agent.identities",
    "agent.managed_group",
    "agent.pending_approval",
    "agent.secrets",
    "agent.sources",
    "agent.tags",
    "agent.tools",
]
Window = Annotated[Whole, Field(ge=512)]
MemoryProposals = Annotated[
    Literal["auto", "on", "off"],
    Field(
        description="Of Lares, not of the Letta API: whether edits of memory are proposed after a reply, for a person "
        "to accept. auto: for models that the fit test found too weak to make them."
    ),
]
WarmCache = Annotated[
    bool,
    Field(
        description="Of Lares, not of the Letta API: whether a local server reads a changed prompt ahead, while nobody "
        "waits for it."
    ),
]


class _AgentBody(RequestModel):
    """Fields that creating and updating share."""

    tool_ids: Ids | None = None
    source_ids: Ids | None = None
    folder_ids: Ids | None = None
    block_ids: Ids | None = None
    tool_rules: tuple[JsonObject, ...] | None = None
    tags: Ids | None = None
    system: str | None = None
    description: str | None = None
    metadata: Metadata | None = None
    llm_config: JsonObject | None = None
    embedding_config: JsonObject | None = None
    model: Name | None = None
    embedding: Name | None = None
    model_settings: JsonObject | None = None
    compaction_settings: JsonObject | None = None
    context_window_limit: Window | None = None
    max_tokens: Annotated[Whole, Field(ge=1)] | None = None
    reasoning: bool | None = None
    secrets: dict[str, str] | None = None
    tool_exec_environment_variables: dict[str, str] | None = None
    identity_ids: Ids | None = None
    enable_sleeptime: bool | None = None
    response_format: JsonObject | None = None
    timezone: Name | None = None
    max_files_open: Whole | None = None
    per_file_view_window_char_limit: Whole | None = None
    hidden: bool | None = None
    parallel_tool_calls: bool | None = None
    memory_proposals: MemoryProposals | None = None
    warm_cache: WarmCache | None = None


class CreateAgentRequest(_AgentBody):
    name: Name | None = None
    memory_blocks: tuple[CreateBlock, ...] | None = None
    tools: Ids | None = None
    agent_type: AgentType | None = None
    initial_message_sequence: tuple[MessageCreate, ...] | None = None
    include_base_tools: bool | None = None
    include_multi_agent_tools: bool | None = None
    include_base_tool_rules: bool | None = None
    include_default_source: bool | None = None
    embedding_chunk_size: Whole | None = None
    max_reasoning_tokens: Whole | None = None
    enable_reasoner: bool | None = None
    memory_variables: dict[str, str] | None = None
    message_buffer_autoclear: bool | None = None


class UpdateAgent(_AgentBody):
    name: Name | None = None
    message_ids: Ids | None = None
    message_buffer_autoclear: bool | None = None
    last_run_completion: Name | None = None
    last_run_duration_ms: Whole | None = None
    last_stop_reason: StopReason | None = None


class AgentQuery(PageQuery):
    ORDERS = ("created_at", "updated_at", "last_run_completion")
    name: Name | None = None
    tags: Ids = ()
    match_all_tags: bool = False
    query_text: Name | None = None
    identity_id: Name | None = None
    identifier_keys: Ids = ()
    include: tuple[Relation, ...] = ()
    include_relationships: Ids = ()
    last_stop_reason: StopReason | None = None
    created_by_id: Name | None = None
    project_id: Name | None = None


class Memory(ResponseModel):
    agent_type: str | None
    git_enabled: bool = False
    blocks: tuple[BlockResponse, ...]
    file_blocks: tuple[JsonObject, ...] = ()
    prompt_template: str = ""


class AgentEnvironmentVariable(Audited):
    id: str
    key: str
    value: str = ""
    """Never given back."""
    description: str | None = None
    agent_id: str
    value_enc: str | None = None


class AgentState(Audited):
    id: str
    name: str
    tool_rules: tuple[JsonObject, ...] | None
    message_ids: tuple[str, ...] | None
    system: str
    agent_type: AgentType
    llm_config: LLMConfig
    embedding_config: EmbeddingConfig | None
    model: str | None
    embedding: str | None
    model_settings: JsonObject | None
    compaction_settings: JsonObject | None
    response_format: JsonObject | None
    description: str | None
    metadata: JsonObject | None
    memory: Memory
    blocks: tuple[BlockResponse, ...]
    tools: tuple[Tool, ...]
    sources: tuple[JsonObject, ...] = ()
    tags: tuple[str, ...]
    tool_exec_environment_variables: tuple[AgentEnvironmentVariable, ...]
    secrets: tuple[AgentEnvironmentVariable, ...]
    project_id: str | None = None
    template_id: str | None = None
    base_template_id: str | None = None
    deployment_id: str | None = None
    entity_id: str | None = None
    identity_ids: tuple[str, ...]
    identities: tuple[Identity, ...]
    pending_approval: ApprovalRequestMessage | None = None
    message_buffer_autoclear: bool
    enable_sleeptime: bool | None = False
    multi_agent_group: JsonObject | None = None
    managed_group: JsonObject | None = None
    last_run_completion: str | None
    last_run_duration_ms: int | None
    last_stop_reason: str | None
    timezone: str | None
    max_files_open: int | None
    per_file_view_window_char_limit: int | None
    hidden: bool | None
    memory_proposals: MemoryProposals
    warm_cache: WarmCache


ALL = frozenset(
    {"agent.blocks", "agent.identities", "agent.pending_approval", "agent.secrets", "agent.tags", "agent.tools"}
)


_BLANK = AgentState.model_construct()
_NO_MEMORY = Memory.model_construct()
"""Filled copies of these are made many times faster than new ones: a list may have a thousand agents."""


def agents_to_wire(page: AgentPage, include: frozenset[str] = ALL) -> list[AgentState]:
    """`include`: the relations to tell; the others are empty lists."""
    tools = {name: tool_to_wire(tool) for name, tool in page.tools.items()} if "agent.tools" in include else {}
    blocks = {key: block_to_wire(block) for key, block in page.blocks.items()} if "agent.blocks" in include else {}
    return [_told(agent, page, tools, blocks, include) for agent in page.agents]


def _told(
    agent: Agent,
    page: AgentPage,
    tools: dict[str, Tool],
    blocks: dict[str, BlockResponse],
    include: frozenset[str],
) -> AgentState:
    extras, providers, run = agent.extras, page.providers, page.last_runs.get(agent.id)
    own_blocks = tuple(blocks[block_id] for block_id in agent.block_ids if block_id in blocks)
    secrets = _secrets(agent) if "agent.secrets" in include else ()
    took = (run.completed_at - run.created_at) // 1000 if run and run.completed_at else None
    embedding_provider = providers.get(ModelHandle.parse(extras.embedding or "").provider)
    fields: dict[str, Any] = {
        "id": agent.id,
        "name": agent.name,
        "tool_rules": tuple(rule.model_dump(mode="json", exclude_none=True) for rule in agent.tool_rules),
        "message_ids": _in_context(agent, page),
        "system": agent.system,
        "agent_type": agent.agent_type,
        "llm_config": llm_config(agent, providers.get(ModelHandle.parse(agent.model).provider)),
        "embedding_config": embedding_config(extras.embedding, embedding_provider),
        "model": agent.model,
        "embedding": extras.embedding,
        "model_settings": model_settings(agent),
        "compaction_settings": extras.compaction_settings,
        "response_format": extras.response_format,
        "description": agent.description or None,
        "metadata": agent.metadata,
        "memory": _NO_MEMORY.model_copy(update={"agent_type": agent.agent_type, "blocks": own_blocks}),
        "blocks": own_blocks,
        "tools": tuple(tools[name] for name in agent.tool_names if name in tools),
        "tags": agent.tags if "agent.tags" in include else (),
        "tool_exec_environment_variables": secrets,
        "secrets": secrets,
        "identity_ids": extras.identity_ids,
        "identities": _identities(agent, page) if "agent.identities" in include else (),
        "pending_approval": _pending(agent, page) if "agent.pending_approval" in include else None,
        "message_buffer_autoclear": agent.message_buffer_autoclear,
        "last_run_completion": maybe_iso(run.completed_at) if run else None,
        "last_run_duration_ms": took,
        "last_stop_reason": run.stop_reason if run else None,
        "timezone": extras.timezone,
        "max_files_open": extras.max_files_open,
        "per_file_view_window_char_limit": extras.per_file_view_window_char_limit,
        "hidden": agent.hidden,
        "memory_proposals": agent.settings.memory_proposals,
        "warm_cache": agent.settings.warm_cache,
        "created_at": maybe_iso(agent.created_at),
        "updated_at": maybe_iso(agent.updated_at),
    }
    return _BLANK.model_copy(update=fields)


def _in_context(agent: Agent, page: AgentPage) -> tuple[str, ...]:
    return (system_id(page.default_threads[agent.id]), *page.message_ids.get(agent.id, ()))


def _pending(agent: Agent, page: AgentPage) -> ApprovalRequestMessage | None:
    message = page.pending.get(agent.id)
    asked = () if message is None else objects_of(message)
    return next((one for one in asked if isinstance(one, ApprovalRequestMessage)), None)


def _secrets(agent: Agent) -> tuple[AgentEnvironmentVariable, ...]:
    return tuple(
        AgentEnvironmentVariable(id=_secret_id(agent.id, name), key=name, agent_id=agent.id)
        for name in agent.extras.secret_names
    )


def _secret_id(agent_id: str, name: str) -> str:
    """The same for the same name of the same agent, and telling nothing of the value."""
    return f"agent-env-{uuid.uuid5(uuid.UUID(agent_id.partition('-')[2]), name)}"


def _identities(agent: Agent, page: AgentPage) -> tuple[Identity, ...]:
    known: list[Any] = [page.identities[i] for i in agent.extras.identity_ids if i in page.identities]
    return tuple(identity_to_wire(identity, page.holders.get(identity.id, ())) for identity in known)
