"""Pure: a request taken apart: instructions, form, rules, tools, blocks, summary, messages one by one, each counted.

The parts stand in the order in which models read them. Tokens are our estimates times the factor by which the server's
own count of the newest request differed from ours.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.agent import Agent
from app.domain.block import Block
from app.domain.context import ContextPart, PartKind, RequestPart
from app.domain.json_value import JsonObject, array_of, object_of
from app.domain.message import ImagePart, Message, TextPart, ToolCallPart, ToolReturnPart
from app.domain.tool import Tool
from app.engine.context.prompt import (
    ARCHIVAL_BEGINS,
    MEMORY_BEGINS,
    MEMORY_ENDS,
    RULES_BEGIN,
    compile_archival,
    compile_block,
    compile_form,
    compile_rules,
)
from app.engine.context.window import MESSAGE_OVERHEAD, TokenLedger, tool_text

_STAMP = re.compile(r"^\[\w+, \d{4}-\d\d-\d\d \d\d:\d\d\]\n")
"""The date that stands before what a person said, where it is told."""
LABEL = 120
"""Characters of a message's beginning, by which it is listed."""


@dataclass(frozen=True)
class Scale:
    """Counts calibrated tokens."""

    ledger: TokenLedger
    factor: float = 1.0

    def text(self, text: str) -> int:
        return self.of(self.ledger.text(text))

    def of(self, tokens: int) -> int:
        return round(tokens * self.factor)


def fixed_parts(
    agent: Agent, blocks: Iterable[Block], tools: Iterable[Tool], scale: Scale, rules: str = "", archived: int = 0
) -> list[ContextPart]:
    """All that is not said: instructions, form, rules, tools, blocks. `rules`: of calls in JSON text. `archived`: how
    many passages it is told of.
    """
    system = agent.system.strip()
    parts = [_part("system", "system", "", system, scale.of(scale.ledger.text(system) + MESSAGE_OVERHEAD))]
    told_of_rules = (("form", compile_form(agent)), ("order", compile_rules(agent)), ("rules", rules.strip()))
    for key, text in told_of_rules:
        if text:
            parts.append(_part("tool_rules", key, "", text, scale.text(text)))
    parts += (
        _part("tools", f"tool:{tool.name}", tool.name, tool_text(tool), scale.of(scale.ledger.tool(tool)))
        for tool in tools
    )
    told = compile_archival(agent, archived)
    if told:
        parts.append(_part("memory", "archival", "", told, scale.text(told)))
    shown = [_of_block(block, scale) for block in blocks]
    if shown:
        around = scale.text(f"{MEMORY_BEGINS}\n{MEMORY_ENDS}")
        parts.append(_part("memory", "memory", "", MEMORY_BEGINS, around))
    return parts + shown


def message_parts(messages: Iterable[Message], scale: Scale) -> list[ContextPart]:
    """What was said, as it is sent (`app.engine.context.window.visible`)."""
    parts: list[ContextPart] = []
    known: set[str] = set()
    for message in messages:
        repeated = message.id in known  # a return that was never recorded has the id of its call
        known.add(message.id)
        text = message_text(message)
        tokens = scale.text(text) if repeated else scale.of(scale.ledger.message(message))
        key = f"message:{message.id}" + (":return" if repeated else "")
        kind: PartKind = "summary" if message.role == "summary" else "messages"
        parts.append(
            ContextPart.model_construct(
                kind=kind,
                key=key,
                label=beginning(text),
                text=text,
                tokens=tokens,
                block_id=None,
                message_id=message.id,
                run_id=message.run_id,
                role=message.role,
                at=message.created_at,
            )
        )
    return parts


def message_text(message: Message) -> str:
    """A message in words: what it says, calls and returns; thoughts are not sent."""
    return "\n".join(filter(None, (_words(part) for part in message.parts)))


def beginning(text: str) -> str:
    """The first words of a text, on one line."""
    words = " ".join(_STAMP.sub("", text[: LABEL * 4]).split())
    return words if len(words) <= LABEL else words[: LABEL - 1] + "…"


def outlined(parts: Iterable[ContextPart], leaving: frozenset[str] = frozenset()) -> tuple[RequestPart, ...]:
    """The parts without their texts. `leaving`: ids of the messages that leave the window next."""
    return tuple(
        RequestPart.model_construct(
            key=part.key,
            kind=part.kind,
            label=part.label,
            tokens=part.tokens,
            chars=len(part.text),
            block_id=part.block_id,
            message_id=part.message_id,
            run_id=part.run_id,
            role=part.role,
            at=part.at,
            leaves=part.message_id in leaving,
        )
        for part in parts
    )


def sent_parts(body: JsonObject, blocks: Sequence[Block], scale: Scale) -> list[ContextPart]:
    """The parts of a request by its own bytes, as a model server got them: nothing is taken from what is stored today.

    `blocks`: those that its system prompt showed; one that does not stand there word for word stays a part of it.
    """
    parts: list[ContextPart] = []
    messages = [object_of(message) for message in array_of(body.get("messages"))]
    if messages and messages[0].get("role") == "system":
        parts += _of_system(_content(messages.pop(0).get("content")), blocks, scale)
    for tool in array_of(body.get("tools")):
        function = object_of(object_of(tool).get("function"))
        text, name = _json(function), str(function.get("name", ""))
        parts.insert(1 + sum(part.kind == "tools" for part in parts), _part("tools", f"tool:{name}", name, text, 0))
    parts += (_of_sent(number, message) for number, message in enumerate(messages))
    return [part.model_copy(update={"tokens": scale.text(part.text)}) for part in parts]


def _of_system(text: str, blocks: Sequence[Block], scale: Scale) -> list[ContextPart]:
    found: list[ContextPart] = []
    before, opened, memory = text.partition(MEMORY_BEGINS)
    before, marked, archival = before.partition(ARCHIVAL_BEGINS)
    before, ruled, order = before.partition(RULES_BEGIN)
    if ruled:
        found.append(_part("tool_rules", "order", "", (ruled + order).strip(), 0))
    if marked:
        found.append(_part("memory", "archival", "", (marked + archival).strip(), 0))
    if opened:
        found.append(_part("memory", "memory", "", MEMORY_BEGINS, 0))
    rest = memory
    for block in blocks if opened else ():
        shown = compile_block(block)
        if shown in rest:
            rest = rest.replace(shown, "", 1)
            found.append(_of_block(block, scale))
    left = rest.replace(MEMORY_ENDS, "").strip()
    if left:
        found.append(_part("memory", "memory:rest", "", left, 0))
    return [_part("system", "system", "", before.strip(), 0), *found]


def _of_sent(number: int, message: JsonObject) -> ContextPart:
    calls = [object_of(object_of(call).get("function")) for call in array_of(message.get("tool_calls"))]
    said = [_content(message.get("content")), *(f"{call.get('name')} {_json(call.get('arguments'))}" for call in calls)]
    text = "\n".join(filter(None, said))
    part = _part("messages", f"message:{number}", beginning(text), text, 0)
    return part.model_copy(update={"role": str(message.get("role", ""))})


def _content(content: Any) -> str:
    """A message's content: a text, or a list of texts and images."""
    if isinstance(content, str):
        return content
    return "\n".join(str(one.get("text", "(an image)")) for one in map(object_of, array_of(content)))


def _json(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _of_block(block: Block, scale: Scale) -> ContextPart:
    text = compile_block(block)
    part = _part("memory", f"block:{block.id}", block.label, text, scale.text(text))
    return part.model_copy(update={"block_id": block.id})


def _part(kind: PartKind, key: str, label: str, text: str, tokens: int) -> ContextPart:
    return ContextPart(kind=kind, key=key, label=label, text=text, tokens=tokens)


def _words(part: object) -> str:
    match part:
        case TextPart():
            return part.text
        case ToolCallPart():
            return f"{part.name} {part.arguments}"
        case ToolReturnPart():
            return part.text
        case ImagePart():
            return "(an image)"
        case _:
            return ""
