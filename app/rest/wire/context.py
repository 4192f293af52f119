"""The context window on the wire, with its messages in the older, flat shape."""

from collections.abc import Sequence
from typing import Any

from app.domain.context import ContextOverview, PartKind
from app.domain.json_value import JsonObject
from app.domain.message import Message as OurMessage
from app.domain.message import ReasoningPart, TextPart, ToolCallPart
from app.domain.tool import Tool
from app.domain.wire_message import SystemMessage, iso
from app.rest.wire.base import Audited, ResponseModel


class Message(Audited):
    id: str
    agent_id: str | None
    model: str | None = None
    role: str
    content: tuple[JsonObject, ...]
    name: str | None = None
    tool_calls: tuple[JsonObject, ...] | None = None
    tool_call_id: str | None = None
    step_id: str | None = None
    run_id: str | None = None
    otid: str | None = None
    tool_returns: tuple[JsonObject, ...] = ()
    group_id: str | None = None
    sender_id: str | None = None


class ContextWindowOverview(ResponseModel):
    context_window_size_max: int
    context_window_size_current: int
    num_messages: int
    num_archival_memory: int = 0
    num_recall_memory: int
    num_tokens_external_memory_summary: int = 0
    external_memory_summary: str = ""
    num_tokens_system: int
    system_prompt: str
    num_tokens_core_memory: int
    core_memory: str
    num_tokens_memory_filesystem: int = 0
    memory_filesystem: str | None = None
    num_tokens_tool_usage_rules: int = 0
    tool_usage_rules: str | None = None
    num_tokens_directories: int = 0
    directories: str | None = None
    num_tokens_summary_memory: int = 0
    summary_memory: str | None = None
    num_tokens_functions_definitions: int
    functions_definitions: tuple[JsonObject, ...] | None
    num_tokens_messages: int
    messages: tuple[Message, ...]


def context_to_wire(
    overview: ContextOverview,
    messages: Sequence[OurMessage],
    tools: dict[str, Tool],
    first: SystemMessage,
    archived: int,
) -> ContextWindowOverview:
    """`first`: the system message of the thread; it counts as one of its messages, its tokens by its parts. `archived`:
    how many passages the agent can find.
    """
    functions = tuple(_function(tools[p.label]) for p in overview.parts if p.kind == "tools" and p.label in tools)
    return ContextWindowOverview(
        context_window_size_max=overview.window,
        context_window_size_current=overview.used,
        num_messages=1 + len(messages),
        num_archival_memory=archived,
        num_recall_memory=overview.messages_out,
        num_tokens_system=_tokens(overview, "system"),
        system_prompt=_text(overview, "system"),
        num_tokens_core_memory=_tokens(overview, "memory"),
        core_memory=_text(overview, "memory"),
        num_tokens_tool_usage_rules=_tokens(overview, "tool_rules"),
        tool_usage_rules=_text(overview, "tool_rules") or None,
        num_tokens_summary_memory=_tokens(overview, "summary"),
        summary_memory=_text(overview, "summary") or None,
        num_tokens_functions_definitions=_tokens(overview, "tools"),
        functions_definitions=functions,
        num_tokens_messages=_tokens(overview, "messages"),
        messages=(
            _system(first, overview.agent_id),
            *(_told(message) for message in messages),
        ),
    )


def _tokens(overview: ContextOverview, kind: PartKind) -> int:
    return sum(part.tokens for part in overview.parts if part.kind == kind)


def _text(overview: ContextOverview, kind: PartKind) -> str:
    return "\n\n".join(part.text for part in overview.parts if part.kind == kind)


def _function(tool: Tool) -> JsonObject:
    schema = {"name": tool.name, "description": tool.description, "parameters": tool.parameters, "strict": None}
    return {"type": "function", "function": schema}


def _system(first: SystemMessage, agent_id: str) -> Message:
    content = ({"type": "text", "text": first.content},)
    return Message(
        id=first.id, agent_id=agent_id, role="system", content=content, otid=first.otid, created_at=first.date
    )


def _told(message: OurMessage) -> Message:
    calls = tuple(_call(part) for part in message.tool_calls)
    returns = message.tool_returns
    return Message(
        id=message.id,
        agent_id=message.agent_id,
        role="user" if message.role == "summary" else message.role,
        content=_content(message),
        name=returns[0].name if returns else message.name,
        tool_calls=calls or None,
        tool_call_id=returns[0].tool_call_id if returns else None,
        tool_returns=tuple(
            {"tool_call_id": one.tool_call_id, "status": one.status, "func_response": one.text} for one in returns
        ),
        step_id=message.step_id,
        run_id=message.run_id,
        otid=message.otid,
        sender_id=message.sender_id,
        created_at=iso(message.created_at),
    )


def _content(message: OurMessage) -> tuple[JsonObject, ...]:
    parts: list[JsonObject] = []
    for part in message.parts:
        if isinstance(part, TextPart):
            parts.append({"type": "text", "text": part.text})
        elif isinstance(part, ReasoningPart):
            parts.append({"type": "reasoning", "reasoning": part.text, "is_native": True})
    parts += [{"type": "text", "text": one.text} for one in message.tool_returns]
    return tuple(parts)


def _call(part: ToolCallPart) -> dict[str, Any]:
    function = {"name": part.name, "arguments": part.arguments}
    return {"id": part.tool_call_id, "type": "function", "function": function}
