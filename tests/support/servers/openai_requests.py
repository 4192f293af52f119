"""Short forms for messages, requests and providers in tests of model servers."""

import pytest

from app.adapters.models.http.connection import Patience
from app.domain.error import ModelError
from app.domain.message import Message, Part, Role, TextPart, ToolCallPart, ToolReturnPart
from app.domain.model import Provider
from app.domain.tool import Tool
from app.ports.models import ChatModel, ChatRequest, ModelDelta

KEPT = " Your message is kept."
QUICK = Patience(connect=1.0, first=5.0, idle=5.0, after_finish=0.2)


def message(role: Role, *parts: Part) -> Message:
    return Message(id="message-1", agent_id="agent-1", role=role, parts=parts, created_at=0)


def said(text: str, role: Role = "user") -> Message:
    return message(role, TextPart(text=text))


def called(name: str, arguments: str, call_id: str = "call_1", text: str = "") -> Message:
    words = (TextPart(text=text),) if text else ()
    return message("assistant", *words, ToolCallPart(tool_call_id=call_id, name=name, arguments=arguments))


def returned(text: str, name: str = "memory_replace", call_id: str = "call_1", ok: bool = True) -> Message:
    status = "success" if ok else "error"
    return message("tool", ToolReturnPart(tool_call_id=call_id, name=name, status=status, text=text))


def grows(history: list[Message], more: list[Message]) -> bool:
    """Whether what was said last in a history goes on in what follows it, so that both become one message."""
    sent = [
        one for one in (*history, None, *more) if one is None or one.role != "assistant" or one.tool_calls or one.text
    ]
    place = sent.index(None)
    around = [one for one in (*sent[:place][-1:], *sent[place + 1 :][:1]) if one is not None]
    return len(around) == 2 and all(one.role in ("user", "system", "summary") for one in around)


def tool(name: str, *arguments: str) -> Tool:
    properties = {argument: {"type": "string"} for argument in arguments}
    schema = {"type": "object", "properties": properties, "required": list(arguments)}
    return Tool(
        id="tool-1", name=name, tool_type="custom", description="A tool.", parameters=schema, created_at=0, updated_at=0
    )


def request(*messages: Message, **fields: object) -> ChatRequest:
    chosen: dict[str, object] = {"model": "tiny", "system": "You are kind.", "context_window": 8192} | fields
    return ChatRequest.model_validate(chosen | {"messages": messages or (said("Hello"),)})


def provider(url: str, **fields: object) -> Provider:
    chosen: dict[str, object] = {"id": "provider-1", "name": "tinyserver", "kind": "openai", "base_url": url}
    return Provider.model_validate(chosen | {"created_at": 0, "updated_at": 0} | fields)


async def answer(model: ChatModel, asked: ChatRequest | None = None) -> list[ModelDelta]:
    """All deltas of one reply, asked for as the engine does."""
    return [delta async for delta in model.stream(model.encode(await model.prepare(asked or request())))]


async def failure(model: ChatModel, asked: ChatRequest | None = None) -> ModelError:
    """The error instead of a reply. Every one has a way out and details that can be stored."""
    with pytest.raises(ModelError) as raised:
        await answer(model, asked)
    error = raised.value
    assert error.hint
    assert all(isinstance(value, str | int | float | bool) for value in error.details.values())
    return error


def text_of(deltas: list[ModelDelta]) -> str:
    return "".join(delta.text for delta in deltas)


def reasoning_of(deltas: list[ModelDelta]) -> str:
    return "".join(delta.reasoning for delta in deltas)


def calls_of(deltas: list[ModelDelta]) -> list[tuple[str, str]]:
    """Names and arguments of the tool calls, joined as the engine joins them."""
    calls: dict[int, list[str]] = {}
    for delta in deltas:
        if delta.call_index is not None:
            call = calls.setdefault(delta.call_index, ["", ""])
            call[0] += delta.call_name
            call[1] += delta.call_arguments
    return [(name, arguments) for _, (name, arguments) in sorted(calls.items())]


def finish_of(deltas: list[ModelDelta]) -> str:
    return "".join(delta.finish for delta in deltas)
