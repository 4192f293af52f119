"""Pure: a stored request as one for any model, and what the tools of its run returned.

Read from the bytes themselves (OpenAI's and Ollama's wire): instructions, blocks, tools and messages are those of then,
whatever was changed since.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.base import Micros
from app.domain.json_value import JsonObject, array_of, object_of
from app.domain.message import Message, Part, Role, TextPart, ToolCallPart, ToolReturnPart
from app.domain.tool import Tool
from app.engine.context.prompt import MEMORY_BEGINS
from app.engine.repairs.json_repair import canonical
from app.ports.models import ChatRequest

IMAGE = "[an image, left out of the replay]"
MOST_OUTPUT = 2048
"""Tokens of a reply where the stored request names no limit."""
_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "tool": "tool", "system": "system"}


@dataclass(frozen=True)
class Recorded:
    """What is known of a request that was sent."""

    request: ChatRequest
    tools: Mapping[str, Tool]
    """Those of the agent by name, for how they are run."""

    @property
    def instructions(self) -> str:
        """What stands before the memory blocks."""
        return self.request.system.partition(MEMORY_BEGINS)[0].strip()

    @property
    def asked(self) -> str:
        """The newest message that no model wrote and no tool returned."""
        return next((one.text for one in reversed(self.request.messages) if one.role == "user"), "")

    def with_instructions(self, text: str) -> ChatRequest:
        _, opened, memory = self.request.system.partition(MEMORY_BEGINS)
        return self.request.model_copy(update={"system": f"{text.strip()}\n\n{opened}{memory}".strip()})


def read_recorded(body: JsonObject, tools: Iterable[Tool], context_window: int, now: Micros) -> Recorded:
    """A request from its stored JSON; what cannot be read of it is left out."""
    known = {tool.name: tool for tool in tools}
    messages = [object_of(one) for one in array_of(body.get("messages"))]
    system = ""
    if messages and messages[0].get("role") == "system":
        system = _words(messages.pop(0).get("content"))
    options = object_of(body.get("options"))
    temperature = body.get("temperature", options.get("temperature"))
    limits = (body.get("max_tokens"), body.get("max_completion_tokens"), options.get("num_predict"))
    request = ChatRequest(
        model=str(body.get("model", "")),
        system=system,
        messages=together(_messages(messages, now)),
        tools=tuple(_tool(object_of(one), known, now) for one in array_of(body.get("tools"))),
        temperature=temperature if isinstance(temperature, int | float) else None,
        max_output_tokens=next((one for one in limits if isinstance(one, int) and one > 0), MOST_OUTPUT),
        context_window=context_window,
        answer_schema=_schema(body),
    )
    return Recorded(request, known)


def recorded_results(messages: Iterable[Message]) -> dict[tuple[str, str], ToolReturnPart]:
    """What the calls of a run returned, by name and arguments in canonical form."""
    calls: dict[str, ToolCallPart] = {}
    found: dict[tuple[str, str], ToolReturnPart] = {}
    for message in messages:
        calls |= {call.tool_call_id: call for call in message.tool_calls}
        for part in message.tool_returns:
            call = calls.get(part.tool_call_id)
            if call is not None:
                found.setdefault(call_key(call.name, call.arguments), part)
    return found


def call_key(name: str, arguments: str) -> tuple[str, str]:
    """The same for calls that mean the same: the order of arguments does not count."""
    try:
        return name, json.dumps(json.loads(arguments), sort_keys=True, ensure_ascii=False)
    except ValueError:
        return name, arguments


def _messages(messages: list[JsonObject], now: Micros) -> Iterable[Message]:
    names: dict[str, str] = {}
    """Of tools, by the ids of calls; servers without ids get one."""
    open_ids: list[str] = []
    for number, one in enumerate(messages):
        role = _ROLES.get(str(one.get("role")), "user")
        parts: list[Part] = []
        if role == "tool":
            own = one.get("tool_call_id")
            call_id = str(own) if own else (open_ids.pop(0) if open_ids else f"call_{number}")
            name = names.get(call_id) or str(one.get("tool_name", ""))
            parts.append(
                ToolReturnPart(tool_call_id=call_id, name=name, status="success", text=_words(one.get("content")))
            )
        else:
            words = _words(one.get("content"))
            parts += [TextPart(text=words)] if words else []
            open_ids = []
            for place, call in enumerate(array_of(one.get("tool_calls"))):
                function = object_of(object_of(call).get("function"))
                call_id = str(object_of(call).get("id") or f"call_{number}_{place}")
                names[call_id] = str(function.get("name", ""))
                open_ids.append(call_id)
                arguments = function.get("arguments")
                text = arguments if isinstance(arguments, str) else canonical(object_of(arguments))
                parts.append(ToolCallPart(tool_call_id=call_id, name=names[call_id], arguments=text or "{}"))
        message = Message(id=f"message-{number}", agent_id="", role=role, parts=tuple(parts), created_at=now)
        yield message


def together(messages: Iterable[Message]) -> tuple[Message, ...]:
    """Returns in a row as one message, as a history holds them."""
    found: list[Message] = []
    for message in messages:
        if message.role == "tool" and found and found[-1].role == "tool":
            found[-1] = found[-1].model_copy(update={"parts": (*found[-1].parts, *message.parts)})
        else:
            found.append(message)
    return tuple(found)


def _words(content: Any) -> str:
    if isinstance(content, str):
        return content
    pieces = (object_of(one) for one in array_of(content))
    return "\n".join(str(one["text"]) if isinstance(one.get("text"), str) else IMAGE for one in pieces)


def _tool(one: JsonObject, known: Mapping[str, Tool], now: Micros) -> Tool:
    """As it was told then; how it is run is known from today's."""
    function = object_of(one.get("function"))
    name = str(function.get("name", ""))
    today = known.get(name)
    return Tool(
        id=today.id if today is not None else f"tool-{name}",
        name=name,
        tool_type=today.tool_type if today is not None else "custom",
        description=str(function.get("description", "")),
        parameters=object_of(function.get("parameters")),
        created_at=now,
        updated_at=now,
    )


def _schema(body: JsonObject) -> JsonObject | None:
    """The form that the reply was forced into, if any."""
    form = body.get("format")
    if form is None:
        form = object_of(object_of(body.get("response_format")).get("json_schema")).get("schema")
    return object_of(form) or None
