"""Pure: models without tool calls of their own speak JSON instead: {"tool": ..., "args": ...} or {"say": ...}."""

import json
import re
from typing import Any

from app.domain.agent import schema_of
from app.domain.block import Block
from app.domain.message import Message, Part, TextPart, ToolCallPart, ToolReturnPart
from app.domain.tool import Tool
from app.engine.context.prompt import compile_memory
from app.engine.repairs.call_shapes import WrittenCall, shaped_calls
from app.engine.repairs.echo import SAMPLE
from app.engine.repairs.json_repair import Unreadable, as_object, canonical, read_object
from app.engine.repairs.schema import schema_line
from app.ports.models import ChatRequest

_SPEAK = f'To speak to the person: {{"say": "{SAMPLE}"}}'
_SPEAK_JSON = 'To speak to the person: {"say": {...}}, with the JSON object that is asked for in it'
_RULES = """

You answer with one JSON object and nothing else.
"""
_CALL = """
To call a tool: {"tool": "its name", "args": {...}}
You get the tool's result before you go on. Your tools:
"""
_SAY = re.compile(r'\s*\{\s*"say"\s*:\s*"')
_SAY_OBJECT = re.compile(r'\s*\{\s*"say"\s*:\s*(?=\{)')
_ACT = re.compile(r'\s*\{\s*"tool"\s*:')
_PLAIN = re.compile(r'[^"\\]+')
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


def constrain(request: ChatRequest, blocks: tuple[Block, ...] = (), *, only_words: bool = False) -> ChatRequest:
    """The same request for a model that cannot call tools: they are told in the prompt, calls become JSON text.

    `blocks`: those of its system prompt. They come last, because they change more often than rules and tools.
    `only_words`: the answer is to call no tool; the prompt stays as it is.
    """
    tools = "\n".join(told_tool(tool) for tool in request.tools)
    memory = compile_memory(blocks)
    memory = memory if request.system.endswith(memory) else ""
    form = request.response_format
    rules = request.system.removesuffix(memory).rstrip() + told_rules(form) + tools
    labels = tuple(block.label for block in blocks if not block.read_only)
    return request.model_copy(
        update={
            "system": f"{rules}\n\n{memory}" if memory else rules,
            "tools": (),
            "messages": tuple(_plain(message, form is not None) for message in request.messages),
            "answer_schema": answer_schema(() if only_words else request.tools, labels, form),
            "reasoning": "off",
        }
    )


def told_rules(form: dict[str, Any] | None) -> str:
    """What such a model is told of how it answers, before its tools. `form`: that its words must have, if any."""
    return _RULES + (_SPEAK if form is None else _SPEAK_JSON) + _CALL


def told_tool(tool: Tool) -> str:
    """A tool as such a model reads it."""
    return f"- {schema_line(tool)}: {tool.description}"


def answer_schema(
    tools: tuple[Tool, ...], labels: tuple[str, ...] = (), form: dict[str, Any] | None = None
) -> dict[str, Any]:
    """What the server shall force each answer into: words, or a call of one of the tools.

    `labels`: of the blocks that can be edited; a memory tool can name no other. `form`: of the words, if they are to
    be JSON themselves.
    """
    words: dict[str, Any] = {"type": "string"} if form is None else schema_of(form)
    # References begin at the root of a schema.
    shared = {name: words[name] for name in ("$defs", "definitions") if name in words}
    say = _closed({"say": {name: value for name, value in words.items() if name not in shared}}, ["say"])
    calls = [
        _closed({"tool": {"enum": [tool.name]}, "args": _arguments(tool, labels)}, ["tool", "args"]) for tool in tools
    ]
    return {"anyOf": [say, *calls], **shared}


def _closed(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _arguments(tool: Tool, labels: tuple[str, ...]) -> dict[str, Any]:
    """The tool's schema with the labels that exist, unless it refers to what a grammar cannot follow."""
    if '"$ref"' in json.dumps(tool.parameters):
        return {"type": "object"}
    properties: dict[str, Any] = tool.parameters.get("properties", {})
    if not (labels and tool.edits_memory and "label" in properties):
        return tool.parameters
    return {**tool.parameters, "properties": {**properties, "label": {"type": "string", "enum": list(labels)}}}


def _plain(message: Message, in_form: bool = False) -> Message:
    """A message as a model without tools reads it. `in_form`: its answers were JSON."""
    if message.role == "tool":
        return message.model_copy(update={"role": "user", "parts": tuple(map(_returned, message.tool_returns))})
    if message.role != "assistant":
        return message
    parts: list[Part] = []
    for part in message.parts:
        match part:
            case ToolCallPart():
                action = {"tool": part.name, "args": json.loads(part.arguments)}
                parts.append(TextPart(text=canonical(action)))
            case TextPart() if not message.tool_calls:
                said = _object(part.text) if in_form else None
                parts.append(TextPart(text=canonical({"say": part.text if said is None else said})))
            case _:
                pass
    return message.model_copy(update={"parts": tuple(parts)})


def _object(text: str) -> dict[str, Any] | None:
    try:
        return as_object(read_object(text).value)
    except Unreadable:
        return None


def _returned(part: ToolReturnPart) -> TextPart:
    word = "Error from" if part.status == "error" else "Result of"
    return TextPart(text=f"[{word} {part.name}]\n{part.text}")


def read_action(text: str) -> tuple[str, list[WrittenCall]] | None:
    """Words and calls of an answer in that form; None when it is something else."""
    value = _object(text) or {}
    said = value.get("say")
    if isinstance(said, dict):
        said = canonical(said)
    calls = shaped_calls(value) or []
    if not isinstance(said, str) and not calls:
        return None
    return (said if isinstance(said, str) else ""), calls


def words_so_far(text: str) -> str:
    """The words of an answer that broke off; half a call has none. Text in another form as it stands."""
    if _ACT.match(text):
        return ""
    return SayReader().feed(text) if _SAY.match(text) or _SAY_OBJECT.match(text) else text


class _ObjectReader:
    """Passes a streaming JSON object on, up to its end."""

    def __init__(self) -> None:
        self._depth = 0
        self._quoted = self._escaped = False
        self.done = False

    def feed(self, text: str) -> str:
        for place, letter in enumerate(text):
            if self._escaped:
                self._escaped = False
            elif letter == '"':
                self._quoted = not self._quoted
            elif self._quoted:
                self._escaped = letter == "\\"
            elif letter in "{[":
                self._depth += 1
            elif letter in "}]":
                self._depth -= 1
                self.done = not self._depth
            if self.done:
                return text[: place + 1]
        return text


class SayReader:
    """Gives the words out of a streaming {"say": "..."}, so that people never see the JSON around them; or the whole
    of an object that stands in their place.

    `opening`: what stands before the words, if it is other JSON.
    """

    def __init__(self, opening: re.Pattern[str] = _SAY) -> None:
        self._opening = opening
        self._rest = ""
        self._speaking = False
        self._done = False
        self._object: _ObjectReader | None = None

    def feed(self, text: str) -> str:
        if self._done:
            return ""
        if self._object is not None:
            return self._of_object(text)
        self._rest += text
        if not self._speaking:
            opening = self._opening.match(self._rest)
            if opening is None and (before := _SAY_OBJECT.match(self._rest)):
                self._object = _ObjectReader()
                return self._of_object(self._rest[before.end() :])
            if opening is None:
                self._done = len(self._rest.lstrip()) > 60
                return ""
            self._speaking = True
            self._rest = self._rest[opening.end() :]
        return self._words()

    def _of_object(self, text: str) -> str:
        assert self._object is not None
        piece = self._object.feed(text)
        self._done = self._object.done
        return piece

    def _words(self) -> str:
        words: list[str] = []
        at, text = 0, self._rest
        while at < len(text):
            if plain := _PLAIN.match(text, at):
                words.append(plain[0])
                at = plain.end()
            elif text[at] == '"':
                self._done = True
                break
            else:
                size = 6 if text[at + 1 : at + 2] == "u" else 2
                if at + size > len(text) or (size == 6 and _half(text[at : at + 6]) and at + 12 > len(text)):
                    break
                size = 12 if size == 6 and _half(text[at : at + 6]) else size
                words.append(_unescaped(text[at : at + size]))
                at += size
        self._rest = text[at:]
        return "".join(words)


def _half(escape: str) -> bool:
    return escape[2:4].lower() in ("d8", "d9", "da", "db")


def _unescaped(escape: str) -> str:
    try:
        return str(json.loads(f'"{escape}"'))
    except ValueError:
        return _ESCAPES.get(escape[1:2], escape[1:])
