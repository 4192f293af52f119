"""Turns a chat request into the exact bytes of OpenAI's chat completions wire, cut so that only the tail ever grows.

Roles on the wire. The system prompt is the one leading `system` message. Events (our role `system`) and summaries go as
`user` messages with a marker in front, because many chat templates of local servers refuse a second system message.
Reasoning is not sent back.
"""

import base64
import itertools
import json
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from app.adapters.models.http.encoded import EncodedMessages, EncodedTools
from app.adapters.models.http.learnt import JSON_SCHEMA
from app.adapters.models.http.roles import STRICT, arranged
from app.domain.message import ImagePart, Message, Part, TextPart, ToolReturnPart
from app.domain.tool import Tool
from app.ports.models import ChatRequest, WireRequest

EVENT_MARKER = "[system event] "
SUMMARY_MARKER = "[summary of the earlier conversation] "
MARKERS: dict[str, str] = {"user": "", "system": EVENT_MARKER, "summary": SUMMARY_MARKER}
"""Our roles that are `user` on the wire, and what stands before their words."""
MISSING_IMAGE = "[an image that is no longer stored]"

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
Images = dict[str, tuple[str, bytes]]


def encode(request: ChatRequest, *, openai_itself: bool = False) -> WireRequest:
    """Parts: head, tools, system, one per message, closing. Joined they are one JSON object.

    `openai_itself`: OpenAI's own service wants `max_completion_tokens` and knows no template arguments.
    """
    refused = request.facts.refused if request.facts is not None else frozenset[str]()
    head = _head(request, openai_itself, refused)
    tools = b',"tools":' + _tools.get(request.tools) if request.tools else b""
    system = [{"role": "system", "content": request.system}] if request.system else []
    if refused & STRICT:
        wire = system + [
            one for message in spoken_as_one(request.messages) for one in _wire_messages(message, request.images)
        ]
        system, groups = [], [canonical(one) for one in arranged(wire, refused)]
    else:
        groups = _groups_of(spoken_as_one(request.messages), request.images)
    start = group(system)
    parts = [canonical(head)[:-1], tools, b',"messages":[' + start, *separated(groups, first=not start), b"]}"]
    return WireRequest.model_construct(parts=tuple(part for part in parts if part))


def spoken_as_one(messages: tuple[Message, ...]) -> Iterator[Message]:
    """The messages, but those that become `user` in a row as one: many templates refuse them apart."""
    sent = [message for message in messages if message.role != "assistant" or message.speaks]
    for spoken, run in itertools.groupby(sent, lambda message: message.role in MARKERS):
        first, *others = run
        if spoken and others:
            parts = tuple(part for message in (first, *others) for part in _marked(message))
            yield first.model_copy(update={"role": "user", "parts": parts})
        else:
            yield from (first, *others)


def _marked(message: Message) -> tuple[Part, ...]:
    marker, parts = MARKERS[message.role], message.parts
    if not marker:
        return parts
    if parts and isinstance(parts[0], TextPart):
        return (TextPart(text=marker + parts[0].text), *parts[1:])
    return (TextPart(text=marker.strip()), *parts)


def _one_group(message: Message, images: Images) -> bytes | None:
    """None where what is sent depends on which images are still stored."""
    if any(isinstance(part, ImagePart) for part in message.parts):
        return None
    return group(_wire_messages(message, images))


_encoded = EncodedMessages()
_tools = EncodedTools(lambda tools: canonical([_tool(tool) for tool in tools]))


def _groups_of(messages: Iterable[Message], images: Images) -> list[bytes]:
    return [
        group(_wire_messages(message, images)) if known is None else known
        for message, known in _encoded.of(messages, lambda one: _one_group(one, images))
    ]


def _head(request: ChatRequest, openai_itself: bool, refused: Collection[str]) -> dict[str, Any]:
    other = "max_tokens" in refused and "max_completion_tokens" not in refused
    limit = "max_completion_tokens" if openai_itself or other else "max_tokens"
    head: dict[str, Any] = {
        "model": request.model,
        "stream": True,
        "stream_options": {"include_usage": True},
        limit: request.max_output_tokens,
    }
    if request.temperature is not None:
        head["temperature"] = request.temperature
    if request.reasoning in ("low", "medium", "high"):
        head["reasoning_effort"] = request.reasoning
    elif request.reasoning == "off" and not openai_itself:
        head["chat_template_kwargs"] = {"enable_thinking": False}
    if request.tools and not request.calls_allowed:
        head["tool_choice"] = "none"
    if request.tools and not request.parallel_tool_calls:
        head["parallel_tool_calls"] = False
    form = _form(request)
    if form is not None:
        head["response_format"] = {"type": "json_object"} if JSON_SCHEMA in refused else form
    return {name: value for name, value in head.items() if name not in refused}


def _form(request: ChatRequest) -> dict[str, Any] | None:
    """What the reply's text is to be; the service wants a name for a schema."""
    if request.answer_schema is not None:
        named: dict[str, Any] = {"name": "answer", "schema": request.answer_schema, "strict": True}
    elif request.response_format is not None and request.response_format["type"] == "json_schema":
        named = {"name": "answer", **request.response_format["json_schema"]}
    else:
        return request.response_format
    return {"type": "json_schema", "json_schema": named}


def _tool(tool: Tool) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": function}


def _wire_messages(message: Message, images: Images) -> list[dict[str, Any]]:
    match message.role:
        case "tool":
            return [_tool_return(part) for part in message.tool_returns]
        case "assistant":
            return _assistant(message)
        case role:
            return _spoken(message, images, MARKERS[role])


def _tool_return(part: ToolReturnPart) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": part.tool_call_id, "content": return_text(part)}


def return_text(part: ToolReturnPart) -> str:
    """What the model reads of a tool return: a failure is called one."""
    failed = part.status == "error" and not part.text.lower().startswith("error")
    return f"Error: {part.text}" if failed else part.text


def _assistant(message: Message) -> list[dict[str, Any]]:
    calls = [
        {"id": call.tool_call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in message.tool_calls
    ]
    if not calls and not message.text:
        return []
    wire: dict[str, Any] = {"role": "assistant", "content": message.text}
    return [wire | {"tool_calls": calls} if calls else wire]


def _spoken(message: Message, images: Images, marker: str) -> list[dict[str, Any]]:
    if not any(isinstance(part, ImagePart) for part in message.parts):
        return [{"role": "user", "content": marker + message.text}]
    content: list[dict[str, Any]] = [{"type": "text", "text": marker.strip()}] if marker else []
    for part in message.parts:
        if isinstance(part, TextPart):
            content.append({"type": "text", "text": part.text})
        elif isinstance(part, ImagePart):
            content.append(_image(part, images))
    return [{"role": "user", "content": content}]


def _image(part: ImagePart, images: Images) -> dict[str, Any]:
    if part.sha256 not in images:
        return {"type": "text", "text": MISSING_IMAGE}
    media_type, content = images[part.sha256]
    url = f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"
    return {"type": "image_url", "image_url": {"url": url}}


def group(messages: list[dict[str, Any]]) -> bytes:
    return b",".join(canonical(message) for message in messages)


def separated(groups: list[bytes], *, first: bool) -> list[bytes]:
    """Each group with the comma before it, so that a part never changes when another follows."""
    parts: list[bytes] = []
    for group in groups:
        if group:
            parts.append(group if first else b"," + group)
            first = False
    return parts


def canonical(value: Any) -> bytes:
    """JSON with the same bytes for the same value, always."""
    # A lone surrogate (half an emoji out of a tool) has no UTF-8: it becomes "?", as servers would refuse the bytes.
    return _JSON.encode(value).encode("utf-8", "replace")
