"""Rows to domain models and back: one pair of functions per entity, and nothing else.

What is read in large numbers is built without checking it again: it was checked when it was written.
"""

import json
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from app.adapters.database.prepared import Row
from app.domain.agent import Agent, AgentExtras, ModelSettings
from app.domain.block import Block
from app.domain.conversation import Conversation
from app.domain.event import RunEvent
from app.domain.history import Actor, MemoryEvent, Origin
from app.domain.identity import Identity
from app.domain.message import Member, Message, Part
from app.domain.model import Provider
from app.domain.run import Failure, Repair, Run, Step, Usage
from app.domain.system import Blob, Setting
from app.domain.tool import Tool
from app.domain.turn import RunRequest, StepFeedback
from app.domain.wire_message import Payload

Values = dict[str, Any]
_JSON: TypeAdapter[Any] = TypeAdapter(Any)
_PARTS: TypeAdapter[tuple[Part, ...]] = TypeAdapter(tuple[Part, ...])
_REPAIRS: TypeAdapter[tuple[Repair, ...]] = TypeAdapter(tuple[Repair, ...])
_PAYLOAD: TypeAdapter[Payload] = TypeAdapter(Payload)
_EDITED = ("version", "created_at", "updated_at")


def to_json(value: object) -> str:
    return _JSON.dump_json(value).decode()


def from_json(text: str) -> Any:
    try:
        return _JSON.validate_json(text)
    except ValidationError:
        return json.loads(text)  # it writes what is nested deeper than it reads


def _maybe_json(value: object | None) -> str | None:
    return None if value is None else to_json(value)


def _maybe_from_json(text: str | None) -> Any:
    return None if text is None else from_json(text)


def _same(row: Row, *names: str) -> Values:
    return {name: row[name] for name in names}


_AGENT = ("id", "name", "description", "agent_type", "system", "model", "context_window", "max_steps")
_AGENT_FLAGS = ("message_buffer_autoclear", "pinned", "hidden")


def agent_values(agent: Agent) -> Values:
    return {
        **{name: getattr(agent, name) for name in (*_AGENT, *_AGENT_FLAGS, *_EDITED)},
        "tags": to_json(agent.tags),
        "settings": agent.settings.model_dump_json(),
        "metadata": to_json(agent.metadata),
        "extras": agent.extras.model_dump_json(exclude_defaults=True),
    }


def agent_of(row: Row, block_ids: tuple[str, ...], tool_names: tuple[str, ...]) -> Agent:
    return Agent.model_construct(
        **_same(row, *_AGENT, *_AGENT_FLAGS, *_EDITED),
        tags=tuple(from_json(row["tags"])),
        settings=_settings(row["settings"]),
        metadata=from_json(row["metadata"]),
        extras=_extras(row["extras"]),
        block_ids=block_ids,
        tool_names=tool_names,
    )


@lru_cache(256)
def _settings(text: str) -> ModelSettings:
    return ModelSettings.model_validate_json(text)


_NO_EXTRAS = AgentExtras()


def _extras(text: str) -> AgentExtras:
    return _NO_EXTRAS if text == "{}" else AgentExtras.model_validate_json(text)


_BLOCK = ("id", "label", "value", "limit", "description", "read_only", "hidden", *_EDITED)


def block_values(block: Block) -> Values:
    values = {name: getattr(block, name) for name in _BLOCK}
    return {**values, "tags": to_json(block.tags), "metadata": to_json(block.metadata)}


def block_of(row: Row) -> Block:
    return Block(**_same(row, *_BLOCK), tags=tuple(from_json(row["tags"])), metadata=from_json(row["metadata"]))


_CONVERSATION = tuple(Conversation.model_fields)


def conversation_values(conversation: Conversation) -> Values:
    return {name: getattr(conversation, name) for name in _CONVERSATION}


def conversation_of(row: Row) -> Conversation:
    return Conversation(**_same(row, *_CONVERSATION))


_MESSAGE = tuple(name for name in Message.model_fields if name != "parts")


def message_values(message: Message) -> Values:
    values = {name: getattr(message, name) for name in _MESSAGE}
    return {**values, "parts": _PARTS.dump_json(message.parts).decode()}


def message_of(row: Row) -> Message:
    return Message.model_construct(**_same(row, *_MESSAGE), parts=_PARTS.validate_json(row["parts"]))


def member_of(row: Row) -> Member:
    """From a row of messages joined with its membership (whose position is called `place`)."""
    return Member.model_construct(position=row["place"], message=message_of(row), left_seq=row["left_seq"])


def _usage_values(usage: Usage) -> Values:
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "cached_tokens": usage.cached_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "usage_steps": usage.steps,
    }


def _usage_of(row: Row) -> Usage:
    counts = _same(row, "prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens")
    return Usage(**counts, steps=row["usage_steps"])


_RUN = tuple(name for name in Run.model_fields if name not in ("failure", "usage"))


def run_values(run: Run) -> Values:
    failure = None if run.failure is None else run.failure.model_dump_json()
    return {**{name: getattr(run, name) for name in _RUN}, **_usage_values(run.usage), "failure": failure}


def run_of(row: Row) -> Run:
    failure = None if row["failure"] is None else Failure.model_validate_json(row["failure"])
    return Run(**_same(row, *_RUN), failure=failure, usage=_usage_of(row))


_STEP = tuple(name for name in Step.model_fields if name not in ("usage", "repairs"))


def step_values(step: Step) -> Values:
    repairs = _REPAIRS.dump_json(step.repairs).decode()
    return {**{name: getattr(step, name) for name in _STEP}, **_usage_values(step.usage), "repairs": repairs}


def step_of(row: Row) -> Step:
    return Step(**_same(row, *_STEP), usage=_usage_of(row), repairs=_REPAIRS.validate_json(row["repairs"]))


_RUN_EVENT = ("seq_id", "step_id", "step_no", "attempt", "whole", "position")


def run_event_values(event: RunEvent) -> Values:
    payload = event.payload.model_dump_json()
    return {
        **{name: getattr(event, name) for name in _RUN_EVENT},
        "payload": payload,
        "bytes": len(payload.encode()),
        "message_id": event.message.id if event.message else None,
        "changes": to_json([change.seq for change in event.changes]) if event.changes else None,
    }


def run_event_of(row: Row, run_id: str, message: Message | None, changes: tuple[MemoryEvent, ...]) -> RunEvent:
    return RunEvent.model_construct(
        **_same(row, *_RUN_EVENT),
        run_id=run_id,
        payload=_PAYLOAD.validate_json(row["payload"]),
        message=message,
        changes=changes,
    )


_ORIGIN = tuple(name for name in Origin.model_fields if name != "actor")
_MEMORY_EVENT = ("id", "at", "agent_id", "target_kind", "target_id", "label", "op", "version", "undoes")


def memory_event_values(event: MemoryEvent) -> Values:
    return {
        **{name: getattr(event, name) for name in _MEMORY_EVENT},
        **{name: getattr(event.origin, name) for name in _ORIGIN},
        "actor": event.origin.actor.kind,
        "actor_name": event.origin.actor.name,
        "before": _maybe_json(event.before),
        "after": _maybe_json(event.after),
    }


def memory_event_of(row: Row, undone_by: int | None, cause: str) -> MemoryEvent:
    return MemoryEvent(
        **_same(row, "seq", *_MEMORY_EVENT),
        before=_maybe_from_json(row["before"]),
        after=_maybe_from_json(row["after"]),
        origin=Origin(actor=Actor(kind=row["actor"], name=row["actor_name"]), **_same(row, *_ORIGIN)),
        undone_by=undone_by,
        cause=cause,
    )


_TOOL = ("id", "name", "tool_type", "description", "source_code", "return_char_limit", "idempotent", *_EDITED)


def tool_values(tool: Tool) -> Values:
    values = {name: getattr(tool, name) for name in _TOOL}
    return {**values, "parameters": to_json(tool.parameters), "tags": to_json(tool.tags)}


def tool_of(row: Row) -> Tool:
    return Tool.model_construct(
        **_same(row, *_TOOL), parameters=_parameters(row["parameters"]), tags=tuple(from_json(row["tags"]))
    )


@lru_cache(512)
def _parameters(text: str) -> Any:
    """The same value each time: nobody changes what a frozen tool holds."""
    return from_json(text)


_PROVIDER = tuple(Provider.model_fields)


def provider_values(provider: Provider) -> Values:
    return {name: getattr(provider, name) for name in _PROVIDER}


def provider_of(row: Row) -> Provider:
    return Provider(**_same(row, *_PROVIDER))


def setting_of(row: Row) -> Setting:
    return Setting(key=row["key"], value=from_json(row["value"]), version=row["version"])


_BLOB = tuple(Blob.model_fields)


def blob_values(blob: Blob) -> Values:
    return {name: getattr(blob, name) for name in _BLOB}


def blob_of(row: Row) -> Blob:
    return Blob(**_same(row, *_BLOB))


_IDENTITY = ("id", "identifier_key", "name", "identity_type", *_EDITED)


def identity_values(identity: Identity) -> Values:
    values = {name: getattr(identity, name) for name in _IDENTITY}
    return {**values, "properties": to_json(identity.properties), "block_ids": to_json(identity.block_ids)}


def identity_of(row: Row) -> Identity:
    properties, block_ids = tuple(from_json(row["properties"])), tuple(from_json(row["block_ids"]))
    return Identity(**_same(row, *_IDENTITY), properties=properties, block_ids=block_ids)


_RUN_REQUEST = tuple(name for name in RunRequest.model_fields if name != "config")


def run_request_values(request: RunRequest) -> Values:
    return {**{name: getattr(request, name) for name in _RUN_REQUEST}, "config": to_json(request.config)}


def run_request_of(row: Row) -> RunRequest:
    return RunRequest(**_same(row, *_RUN_REQUEST), config=from_json(row["config"]))


def step_feedback_of(row: Row) -> StepFeedback:
    return StepFeedback(step_id=row["step_id"], feedback=row["feedback"], tags=tuple(from_json(row["tags"])))
