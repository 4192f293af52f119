"""Turns a chat request into the exact bytes of Ollama's own chat wire, cut so that only the tail ever grows.

Roles and markers are those of the OpenAI wire; see `openai_encoding`. What Ollama wants otherwise: content is one
string with images beside it, arguments are objects, and thinking goes back only within the current round of tool calls.
"""

import base64
import json
import re
from typing import Any

from app.adapters.models.http.encoded import EncodedMessages, EncodedTools
from app.adapters.models.http.roles import STRICT, arranged
from app.adapters.models.ollama.schema import reduced
from app.adapters.models.openai.encoding import (
    MARKERS,
    MISSING_IMAGE,
    canonical,
    group,
    return_text,
    separated,
    spoken_as_one,
)
from app.domain.agent import schema_of
from app.domain.json_value import is_object
from app.domain.message import ImagePart, Message, ReasoningPart, TextPart, ToolCallPart
from app.domain.tool import Tool
from app.ports.models import ChatRequest, ModelFacts, WireRequest

KEEP_ALIVE = "30m"
"""Longer than Ollama's five minutes: a conversation has pauses, and loading takes up to a minute."""
UNSEEN_IMAGE = "[an image that this model cannot see]"

SCHEMA_SINCE = (0, 5, 0)
"""Older ones know JSON but no schema, and refuse one."""
THINKING_SINCE = (0, 9, 0)
TOOL_NAME_SINCE = (0, 9, 6)
CALL_IDS_SINCE = (0, 12, 10)


def encode(request: ChatRequest) -> WireRequest:
    """Parts: head, tools, system, one per message, closing. Joined they are one JSON object."""
    facts = request.facts or ModelFacts()
    head = _head(request, facts)
    with_tools = request.tools and request.calls_allowed and facts.tools is not False  # it knows no tool_choice
    tools = b',"tools":' + _tools.get(request.tools) if with_tools else b""
    system = [{"role": "system", "content": request.system}] if request.system else []
    messages = tuple(spoken_as_one(request.messages))
    loop_from = _loop_start(messages)

    def wire(place: int) -> list[dict[str, Any]]:
        return _wire_messages(messages[place], request, facts, in_loop=place >= loop_from)

    if facts.refused & STRICT:
        whole = system + [one for place in range(len(messages)) for one in wire(place)]
        system, groups = [], [canonical(one) for one in arranged(whole, facts.refused)]
    else:
        known = _plain.of(messages, _plain_group)
        groups = [group(wire(place)) if found is None else found for place, (_, found) in enumerate(known)]
    start = group(system)
    parts = [canonical(head)[:-1], tools, b',"messages":[' + start, *separated(groups, first=not start), b"]}"]
    return WireRequest.model_construct(parts=tuple(part for part in parts if part))


def _plain_group(message: Message) -> bytes | None:
    """Words alone are sent the same to every server and at every place; None for anything else."""
    if not all(isinstance(part, TextPart) for part in message.parts) or not message.text:
        return None
    role, marker = ("assistant", "") if message.role == "assistant" else ("user", MARKERS[message.role])
    return canonical({"role": role, "content": marker + message.text})


_plain = EncodedMessages()


def _loading_options(context_window: int, facts: ModelFacts) -> dict[str, Any]:
    """What decides how the model is loaded: another value in any request makes Ollama load it anew."""
    num_ctx = min(context_window, facts.trained_context or context_window)
    return {"options": {"num_ctx": num_ctx}, "truncate": False, "shift": False, "keep_alive": KEEP_ALIVE}


def since(version: str, needed: tuple[int, int, int]) -> bool:
    """Whether a server is at least this new. An unknown version and self-built ones (0.0.0) count as new."""
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:3])
    return len(numbers) < 3 or numbers == (0, 0, 0) or numbers >= needed


def _head(request: ChatRequest, facts: ModelFacts) -> dict[str, Any]:
    loading = _loading_options(request.context_window, facts)
    # Without a limit a model that cannot end writes ten times its context.
    options = loading["options"] | {"num_predict": max(1, request.max_output_tokens)}
    if request.temperature is not None:
        options["temperature"] = request.temperature
    head: dict[str, Any] = {"model": request.model, "stream": True} | loading | {"options": options}
    think = _think(request, facts)
    if think is not None:
        head["think"] = think
    schema, form = request.answer_schema, request.response_format
    if schema is None and form is not None:
        schema = schema_of(form)
    if schema is not None:
        only_json = schema == {"type": "object"} or not since(facts.server_version, SCHEMA_SINCE)
        head["format"] = "json" if only_json else schema
    return {name: value for name, value in head.items() if name not in facts.refused}


def _think(request: ChatRequest, facts: ModelFacts) -> bool | str | None:
    """None: leave it out, as models without the capability refuse it."""
    if facts.thinking == "switch":
        return request.reasoning != "off"
    if facts.thinking == "levels" and request.reasoning != "auto":
        return "low" if request.reasoning == "off" else request.reasoning
    return None


def _tool(tool: Tool) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": reduced(tool.parameters)}
    return {"type": "function", "function": function}


_tools = EncodedTools(lambda tools: canonical([_tool(tool) for tool in tools]))


def _loop_start(messages: tuple[Message, ...]) -> int:
    """Index of the first message after the newest one that no model wrote and no tool returned."""
    said = [place for place, message in enumerate(messages) if message.role in MARKERS]
    return said[-1] + 1 if said else 0


def _wire_messages(message: Message, request: ChatRequest, facts: ModelFacts, *, in_loop: bool) -> list[dict[str, Any]]:
    if message.role == "tool":
        return _tool_returns(message, facts)
    if message.role == "assistant":
        return _assistant(message, facts, in_loop=in_loop)
    return [_spoken(message, request, facts)]


def _tool_returns(message: Message, facts: ModelFacts) -> list[dict[str, Any]]:
    wire: list[dict[str, Any]] = []
    for part in message.tool_returns:
        one = {"role": "tool", "content": return_text(part)}
        if since(facts.server_version, TOOL_NAME_SINCE):
            one["tool_name"] = part.name
        if since(facts.server_version, CALL_IDS_SINCE):
            one["tool_call_id"] = part.tool_call_id
        wire.append(one)
    return wire


def _assistant(message: Message, facts: ModelFacts, *, in_loop: bool) -> list[dict[str, Any]]:
    if not message.tool_calls and not message.text:
        return []
    wire: dict[str, Any] = {"role": "assistant", "content": message.text}
    thought = "\n".join(part.text for part in message.parts if isinstance(part, ReasoningPart))
    if thought and in_loop and facts.thinking in ("switch", "levels"):
        wire["thinking"] = thought
    if message.tool_calls:
        wire["tool_calls"] = [_call(index, call, facts) for index, call in enumerate(message.tool_calls)]
    return [wire]


def _call(index: int, call: ToolCallPart, facts: ModelFacts) -> dict[str, Any]:
    identity = {"id": call.tool_call_id} if since(facts.server_version, CALL_IDS_SINCE) else {}
    return identity | {"function": {"index": index, "name": call.name, "arguments": _arguments(call)}}


def _arguments(call: ToolCallPart) -> dict[str, Any]:
    """Arguments as an object; one that is none, from an imported history, would make every later request fail."""
    try:
        value = json.loads(call.arguments)
    except ValueError:
        value = call.arguments
    return value if is_object(value) else {"arguments": value}


def _spoken(message: Message, request: ChatRequest, facts: ModelFacts) -> dict[str, Any]:
    texts: list[str] = []
    images: list[str] = []
    for part in message.parts:
        if isinstance(part, TextPart):
            texts.append(part.text)
        elif isinstance(part, ImagePart):
            if facts.vision is False:
                texts.append(UNSEEN_IMAGE)
            elif part.sha256 in request.images:
                images.append(base64.b64encode(request.images[part.sha256][1]).decode("ascii"))
            else:
                texts.append(MISSING_IMAGE)
    wire: dict[str, Any] = {"role": "user", "content": MARKERS[message.role] + "\n".join(texts)}
    return wire | {"images": images} if images else wire
