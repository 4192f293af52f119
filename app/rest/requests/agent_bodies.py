"""From the bodies of agent routes to drafts and patches: handles looked up, names of tools and settings translated."""

import json
import random
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from app.domain.agent import Agent, AgentDraft, AgentExtras, AgentPatch, AgentType, ModelSettings, Reasoning
from app.domain.base import look_of
from app.domain.block import BlockDraft
from app.domain.error import Invalid, NotFound
from app.domain.json_value import is_object
from app.domain.model import Model, ModelHandle
from app.domain.page import ToolFilter
from app.domain.tool_rule import RULES, Rules
from app.rest.call import AnyCall
from app.rest.errors import Misshapen, NotYet, misshapen
from app.rest.requests.compaction import compaction_settings
from app.rest.wire.agents import CreateAgentRequest, UpdateAgent
from app.rest.wire.models import TEMPERATURE
from app.services.secret_values import check_secrets

WINDOW = 16_384
LONGEST_FORM = 50_000
"""Characters of a schema for answers: it goes into every request."""
WHOLE_SETTINGS = frozenset(("max_output_tokens", "parallel_tool_calls", "temperature"))
WHOLE_CONFIG = frozenset(("model", "context_window", "temperature"))
"""What is in settings and configurations that were read here; who sets a temperature sends fewer."""
LABEL_ROOM = 90
"""How much of a label is kept before a number."""
BASE_TOOLS: Mapping[AgentType, tuple[str, ...]] = {
    "letta_v1_agent": ("memory_insert", "memory_replace", "conversation_search"),
    "memgpt_agent": ("send_message", "conversation_search", "core_memory_append", "core_memory_replace"),
    "memgpt_v2_agent": ("send_message", "conversation_search", "memory_insert", "memory_replace"),
    "split_thread_agent": ("send_message", "conversation_search", "core_memory_append", "core_memory_replace"),
    "sleeptime_agent": ("memory_replace", "memory_insert", "memory_rethink", "memory_finish_edits"),
    "voice_sleeptime_agent": ("memory_replace", "memory_insert", "memory_rethink", "memory_finish_edits"),
    "voice_convo_agent": ("send_message", "conversation_search"),
    "react_agent": (),
    "workflow_agent": (),
}
"""What an agent of each type gets besides the tools that are named, as the Letta API gives them."""
MULTI_AGENT_TOOLS = (
    "send_message_to_agent_and_wait_for_reply",
    "send_message_to_agents_matching_tags",
    "send_message_to_agent_async",
)
_ADJECTIVES = [
    "Amber",
    "Brave",
    "Bright",
    "Calm",
    "Clever",
    "Gentle",
    "Golden",
    "Happy",
    "Kind",
    "Lively",
    "Lucky",
    "Merry",
    "Noble",
    "Quiet",
    "Silver",
    "Swift",
]
_NOUNS = [
    "Badger",
    "Beacon",
    "Cedar",
    "Comet",
    "Falcon",
    "Fern",
    "Harbor",
    "Heron",
    "Lantern",
    "Maple",
    "Meadow",
    "Otter",
    "Pebble",
    "River",
    "Robin",
    "Willow",
]
_EFFORTS: Mapping[str, Reasoning] = {
    "none": "off",
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "high",
    "max": "high",
}
Body = CreateAgentRequest | UpdateAgent
_PATCHED = (
    "name",
    "system",
    "hidden",
    "message_buffer_autoclear",
    "description",
    "metadata",
    "block_ids",
)


async def agent_draft(call: AnyCall, body: CreateAgentRequest) -> AgentDraft:
    """Raises before anything is stored: `NotFound` for a handle, a tool or an identity that does not exist."""
    _check_possible(body)
    handle = _handle(body)
    if handle is None:
        raise Misshapen("body.model: a model handle such as ollama/qwen3:8b is needed")
    model = await call.services.models.find(handle)
    await _check_relations(call, body)
    window = _window(body) or _fitting(model)
    extras = _extras(body, AgentExtras(embedding=_embedding(body)))
    if extras.embedding is not None:
        await call.services.models.find(extras.embedding)
    return AgentDraft(
        name=body.name or f"{random.choice(_ADJECTIVES)}{random.choice(_NOUNS)}",
        description=body.description or "",
        tags=tuple(dict.fromkeys(body.tags or ())),
        agent_type=body.agent_type or "letta_v1_agent",
        system=body.system,
        model=handle,
        context_window=window,
        settings=_settings(body, ModelSettings(), window),
        tool_names=await _tool_names(call, body),
        blocks=await _blocks(call, body),
        block_ids=tuple(dict.fromkeys(body.block_ids or ())),
        message_buffer_autoclear=bool(body.message_buffer_autoclear) or body.agent_type == "workflow_agent",
        hidden=bool(body.hidden),
        metadata=body.metadata or {},
        extras=extras,
    )


async def agent_patch(call: AnyCall, body: UpdateAgent, agent: Agent) -> AgentPatch:
    """Only what is given; null leaves a field as it is. Raises before anything is stored."""
    _check_possible(body)
    if body.message_ids is not None:
        raise NotYet("Choosing the messages of the context window is not part of this version of Lares.")
    await _check_relations(call, body)
    given: dict[str, Any] = {}
    for name in _PATCHED:
        if getattr(body, name) is not None:
            given[name] = getattr(body, name)
    if body.tags is not None:
        given["tags"] = tuple(dict.fromkeys(body.tags))
    handle = _handle(body)
    if handle is not None and handle != agent.model:
        await call.services.models.find(handle)
        given["model"] = handle
    if _window(body) is not None:
        given["context_window"] = _window(body)
    if body.tool_ids is not None:
        given["tool_names"] = await _named(call, body.tool_ids)
    settings = _settings(body, agent.settings, given.get("context_window", agent.context_window))
    if settings != agent.settings:
        given["settings"] = settings
    extras = _extras(body, agent.extras)
    if _embedding(body) is not None and _embedding(body) != extras.embedding:
        await call.services.models.find(_embedding(body) or "")
        extras = extras.model_copy(update={"embedding": _embedding(body)})
    if extras != agent.extras:
        given["extras"] = extras
    return AgentPatch(**given)


def secrets_of(body: Body) -> dict[str, str] | None:
    """The secrets that are given; None leaves those that are there."""
    if not body.has("secrets") and not body.has("tool_exec_environment_variables"):
        return None
    secrets = {**(body.tool_exec_environment_variables or {}), **(body.secrets or {})}
    check_secrets(secrets)
    return secrets


def _check_possible(body: Body) -> None:
    if body.enable_sleeptime:
        raise NotYet("Sleep-time agents are not part of this version of Lares.")
    _rules(body)
    _form(body, None)
    if body.timezone:
        _check_zone(body.timezone)
    if body.source_ids or body.folder_ids:
        raise NotYet("Folders are not part of this version of Lares, so none can be attached.")
    secrets_of(body)


def _rules(body: Body) -> Rules:
    try:
        return RULES.validate_python(body.tool_rules or ())
    except ValidationError as error:
        raise misshapen(error, "body.tool_rules") from None


def _form(body: Body, now: dict[str, Any] | None) -> dict[str, Any] | None:
    """The form of answers that is asked for; what is not given stays. Raises `Misshapen` for one that is none."""
    places = (body.response_format, body.model_settings, body.llm_config)
    given = [form for form in (places[0], *((one or {}).get("response_format") for one in places[1:])) if form]
    if not given:
        told = body.has("response_format") or "response_format" in (body.model_settings or {})
        return None if told else now
    form = given[0]
    kind, schema = (form.get("type"), form.get("json_schema")) if is_object(form) else (None, None)
    whole = is_object(schema) and is_object(schema.get("schema"))
    if kind not in ("text", "json_object", "json_schema") or (kind == "json_schema" and not whole):
        raise Misshapen(
            "body.response_format: a type is needed, text, json_object or json_schema; json_schema with the schema "
            'beside it, as {"type": "json_schema", "json_schema": {"name": ..., "schema": {...}}}'
        )
    if len(json.dumps(form)) > LONGEST_FORM:
        raise Invalid("The schema of the answers is too long.", hint=f"It can have {LONGEST_FORM:,} characters.")
    return form


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise Invalid("There is no time zone of this name.", hint="Give one such as Europe/Berlin or UTC.") from None


async def _check_relations(call: AnyCall, body: Body) -> None:
    for identity_id in body.identity_ids or ():
        await call.services.identities.get(identity_id)
    for block_id in body.block_ids or ():
        await call.services.blocks.get(block_id)


async def _blocks(call: AnyCall, body: CreateAgentRequest) -> tuple[BlockDraft, ...]:
    """A label that is given twice gets a number: nothing is lost, and the agent can name each of its blocks."""
    attached = [await call.services.blocks.get(block_id) for block_id in body.block_ids or ()]
    taken = {look_of(block.label) for block in attached}
    drafts: list[BlockDraft] = []
    for draft in (block.draft() for block in body.memory_blocks or ()):
        numbered = (f"{draft.label[:LABEL_ROOM]}_{number}" for number in range(2, len(taken) + 3))
        label = next(one for one in (draft.label, *numbered) if look_of(one) not in taken)
        taken.add(look_of(label))
        drafts.append(draft.model_copy(update={"label": label}))
    return tuple(drafts)


def _handle(body: Body) -> str | None:
    if body.model is not None:
        if "/" not in body.model:
            raise NotFound(f"Handle {body.model} not found: a handle is written as server/model.")
        return body.model
    config = body.llm_config
    if config is None:
        return None
    handle, name = config.get("handle"), config.get("model")
    if isinstance(handle, str) and "/" in handle:
        return handle
    provider = config.get("provider_name") or config.get("model_endpoint_type")
    if isinstance(name, str) and isinstance(provider, str):
        return str(ModelHandle(provider, name))
    raise Misshapen("body.llm_config: a handle such as ollama/qwen3:8b is needed in it")


def _embedding(body: Body) -> str | None:
    if body.embedding is not None:
        if "/" not in body.embedding:
            raise NotFound(f"Handle {body.embedding} not found: a handle is written as server/model.")
        return body.embedding
    handle = (body.embedding_config or {}).get("handle")
    return handle if isinstance(handle, str) and "/" in handle else None


def _window(body: Body) -> int | None:
    if body.context_window_limit is not None:
        return body.context_window_limit
    size = (body.llm_config or {}).get("context_window")
    return size if isinstance(size, int) and 512 <= size < 2**31 else None


def _fitting(model: Model | None) -> int:
    """The default window, or the server's own where that is smaller."""
    served = model.context_window if model is not None else None
    return max(512, min(WINDOW, served or WINDOW))


def _settings(body: Body, now: ModelSettings, window: int) -> ModelSettings:
    asked: dict[str, Any] = {**(body.llm_config or {}), **(body.model_settings or {})}
    changed: dict[str, Any] = {}
    temperature = _temperature(body, now)
    if temperature is not None:
        if not 0 <= temperature <= 10:
            raise Invalid("The temperature must be between 0 and 10.")
        changed["temperature"] = temperature
    most = asked.get("max_output_tokens", asked.get("max_tokens", body.max_tokens))
    if isinstance(most, int) and not isinstance(most, bool):
        if not 1 <= most < 2**31:
            raise Invalid("The output limit must be at least 1 token.")
        changed["max_output_tokens"] = most
    elif now.max_output_tokens >= window:
        changed["max_output_tokens"] = window // 4
    # Not from an llm_config: programs send back the one they got, in which it is always false.
    parallel = (body.model_settings or {}).get("parallel_tool_calls", body.parallel_tool_calls)
    if isinstance(parallel, bool):
        changed["parallel_tool_calls"] = parallel
    if body.memory_proposals is not None:
        changed["memory_proposals"] = body.memory_proposals
    if body.warm_cache is not None:
        changed["warm_cache"] = body.warm_cache
    effort = _effort(asked, body)
    if effort is not None:
        changed["reasoning"] = effort
    return now.model_copy(update=changed)


def _temperature(body: Body, now: ModelSettings) -> float | None:
    """None where none is given, and where a program sends whole settings back in which the number stands only because
    the field must hold one.
    """
    for given, whole in ((body.model_settings or {}, WHOLE_SETTINGS), (body.llm_config or {}, WHOLE_CONFIG)):
        temperature = given.get("temperature")
        if isinstance(temperature, int | float) and not isinstance(temperature, bool):
            sent_back = now.temperature is None and temperature == TEMPERATURE and whole <= given.keys()
            return None if sent_back else float(temperature)
    return None


def _effort(asked: dict[str, Any], body: Body) -> Reasoning | None:
    reasoning = asked.get("reasoning")
    effort = reasoning.get("reasoning_effort") if is_object(reasoning) else asked.get("reasoning_effort")
    if isinstance(effort, str) and effort in _EFFORTS:
        return _EFFORTS[effort]
    enabled = body.reasoning if body.reasoning is not None else getattr(body, "enable_reasoner", None)
    if enabled is False or asked.get("enable_reasoner") is False:
        return "off"
    return None


def _extras(body: Body, now: AgentExtras) -> AgentExtras:
    names = (
        "model_settings",
        "compaction_settings",
        "tool_rules",
        "identity_ids",
        "timezone",
        "max_files_open",
        "per_file_view_window_char_limit",
    )
    given = {name: getattr(body, name) for name in names if body.has(name)}
    if given.get("compaction_settings") is not None:
        compaction_settings(given["compaction_settings"])
    for name in ("tool_rules", "identity_ids"):
        if name in given and given[name] is None:
            del given[name]
    if "tool_rules" in given:
        given["tool_rules"] = _rules(body)
    return now.model_copy(update={**given, "response_format": _form(body, now.response_format)})


async def _tool_names(call: AnyCall, body: CreateAgentRequest) -> tuple[str, ...]:
    """A name that no tool has is refused where the agent is stored."""
    base = BASE_TOOLS[body.agent_type or "letta_v1_agent"] if body.include_base_tools is not False else ()
    more = MULTI_AGENT_TOOLS if body.include_multi_agent_tools else ()
    by_id = await _named(call, body.tool_ids or ())
    return tuple(dict.fromkeys((*(body.tools or ()), *by_id, *base, *more)))


async def _named(call: AnyCall, tool_ids: tuple[str, ...]) -> tuple[str, ...]:
    if not tool_ids:
        return ()
    by_id = {tool.id: tool.name for tool in await call.services.tools.list(ToolFilter(ids=tool_ids))}
    for tool_id in tool_ids:
        if tool_id not in by_id:
            raise NotFound("A tool that is to be attached does not exist.", hint="The list of tools has the ids.")
    return tuple(dict.fromkeys(by_id[tool_id] for tool_id in tool_ids))
