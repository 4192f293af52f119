"""Small domain values for tests, made with few words."""

import itertools
from collections.abc import Callable

from app.domain.agent import Agent
from app.domain.block import Block
from app.domain.message import Member, Message, Part, Role, TextPart, ToolCallPart, ToolReturnPart
from app.domain.tool import Tool
from app.engine.context.window import TokenLedger
from app.ports.models import TokenEstimate

_numbers = itertools.count(1)
MINUTE = 60_000_000
NOON = 1_790_000_000_000_000


def some_id(kind: str) -> str:
    return f"{kind}-00000000-0000-4000-8000-{next(_numbers):012d}"


def agent(**fields: object) -> Agent:
    given = {"id": some_id("agent"), "name": "Juno", "system": "You are Juno.", "model": "demo/vesta"}
    return Agent.model_validate({**given, "created_at": NOON, "updated_at": NOON, **fields})


def block(label: str = "human", value: str = "Name: Chad.", **fields: object) -> Block:
    given = {"id": some_id("block"), "label": label, "value": value, "limit": 2000}
    return Block.model_validate({**given, "created_at": NOON, "updated_at": NOON, **fields})


def tool(name: str = "memory_replace", **fields: object) -> Tool:
    given = {"id": some_id("tool"), "name": name, "tool_type": "letta_core", "parameters": {"type": "object"}}
    return Tool.model_validate({**given, "created_at": NOON, "updated_at": NOON, **fields})


def message(role: Role, *parts: Part | str, at: int = NOON, **fields: object) -> Message:
    typed = tuple(TextPart(text=part) if isinstance(part, str) else part for part in parts)
    given = {"id": some_id("message"), "agent_id": "agent-1", "role": role, "parts": typed, "created_at": at}
    return Message.model_validate({**given, **fields})


def ledger(count: Callable[[str], int] = len, most: float = 1.0) -> TokenLedger:
    """Counts exactly; `most`: what a text may take at most, by its count."""
    return TokenLedger(lambda text: TokenEstimate(count(text), round(count(text) * most)))


def call(call_id: str = "call_1", name: str = "memory_replace", arguments: str = "{}") -> ToolCallPart:
    return ToolCallPart(tool_call_id=call_id, name=name, arguments=arguments)


def returned(call_id: str = "call_1", text: str = "done", name: str = "memory_replace") -> ToolReturnPart:
    return ToolReturnPart(tool_call_id=call_id, name=name, status="success", text=text)


def members(*messages: Message, first: int = 0) -> tuple[Member, ...]:
    return tuple(Member(position=position, message=each) for position, each in enumerate(messages, first))
