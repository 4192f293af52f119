"""Talking with the demo model in tests: requests as the engine makes them, and what comes back."""

import json
from typing import Any

from app.adapters.models.demo.model import DemoModel
from app.domain.block import Block
from app.domain.message import Message
from app.domain.tool import Tool
from app.engine.context.prompt import compile_memory
from app.ports.models import ChatRequest, ModelDelta
from tests.support.servers.openai_requests import (
    answer,
    calls_of,
    finish_of,
    reasoning_of,
    request,
    said,
    text_of,
    tool,
)

TOOLS = (
    tool("memory_insert", "label", "new_string", "insert_line"),
    tool("memory_replace", "label", "old_string", "new_string"),
    tool("conversation_search", "query", "roles"),
)
OLD_TOOLS = (
    tool("core_memory_append", "label", "content"),
    tool("core_memory_replace", "label", "old_content", "new_content"),
)


def _block(label: str, value: str) -> Block:
    return Block(
        id=f"block-{label}", label=label, value=value, description=f"About {label}.", created_at=0, updated_at=0
    )


def asked_with(*messages: Message, human: str | None = "Name: Chad.", tools: tuple[Tool, ...] = TOOLS) -> ChatRequest:
    blocks = [_block("persona", "I am Vesta, warm and brief.")]
    if human is not None:
        blocks.append(_block("human", human))
    return request(*messages, system="Be kind.\n\n" + compile_memory(tuple(blocks)), tools=tools, model="vesta")


async def deltas_for(*messages: Message, **fields: Any) -> list[ModelDelta]:
    return await answer(DemoModel(pace=0), asked_with(*messages, **fields))


async def call_for(text: str, **fields: Any) -> tuple[str, dict[str, Any]]:
    """The one tool call that answers a message, with its arguments; it must come with reasoning and without text."""
    deltas = await deltas_for(said(text), **fields)
    assert len(calls_of(deltas)) == 1, text_of(deltas)
    assert (finish_of(deltas), text_of(deltas)) == ("tool_calls", "")
    assert reasoning_of(deltas)
    name, arguments = calls_of(deltas)[0]
    return name, json.loads(arguments)


async def says(*messages: Message, **fields: Any) -> str:
    """What it says; it must call nothing."""
    deltas = await deltas_for(*messages, **fields)
    assert (calls_of(deltas), finish_of(deltas)) == ([], "stop")
    return text_of(deltas)
