"""What the demo model sees: blocks, tools and the latest turn, read from the encoded request and nothing else."""

import json
import re
from dataclasses import dataclass
from typing import Any

from app.adapters.models.openai.encoding import EVENT_MARKER, SUMMARY_MARKER

_MEMORY = re.compile(r"<memory_blocks>(.*)</memory_blocks>", re.DOTALL)
_BLOCK = re.compile(r"^<([^<>\n/]+)>\n(?:(?!</\1>).)*?<value>\n?(.*?)\n?</value>\n</\1>", re.DOTALL | re.MULTILINE)
_STAMP = re.compile(r"^\[[^\]\n]*\d{4}-\d\d-\d\d[^\]\n]*\]\s*")
"""The date that a message carries after a pause."""


@dataclass(frozen=True)
class Return:
    """A tool's answer and the call it belongs to."""

    name: str
    arguments: dict[str, Any]
    text: str

    @property
    def failed(self) -> bool:
        return self.text.lower().startswith("error")


@dataclass(frozen=True)
class View:
    """One request as the demo understands it."""

    system: str
    blocks: dict[str, str]
    """Text of each block by label, in prompt order."""
    tools: dict[str, dict[str, Any]]
    """Argument schema of each tool by name."""
    said: str
    """What was said last, by the person or as an event."""
    is_event: bool
    returns: tuple[Return, ...]
    """Answers of the tools called since then."""


def view_of(body: bytes) -> View:
    request = json.loads(body)
    messages: list[dict[str, Any]] = request["messages"]
    system = next((str(message["content"]) for message in messages if message["role"] == "system"), "")
    spoken = [at for at, message in enumerate(messages) if message["role"] == "user" and not _is_summary(message)]
    last = spoken[-1] if spoken else -1
    said = _text(messages[last]) if spoken else ""
    tools = {tool["function"]["name"]: tool["function"]["parameters"] for tool in request.get("tools", ())}
    return View(
        system=system,
        blocks=blocks_of(system),
        tools=tools,
        said=_STAMP.sub("", said.removeprefix(EVENT_MARKER)),
        is_event=said.startswith(EVENT_MARKER),
        returns=_returns(messages[last + 1 :]),
    )


def blocks_of(system: str) -> dict[str, str]:
    memory = _MEMORY.search(system)
    return dict(_BLOCK.findall(memory[1])) if memory else {}


def _is_summary(message: dict[str, Any]) -> bool:
    return _text(message).startswith(SUMMARY_MARKER)


def _text(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content if part["type"] == "text")


def _returns(messages: list[dict[str, Any]]) -> tuple[Return, ...]:
    calls: dict[str, tuple[str, dict[str, Any]]] = {}
    found: list[Return] = []
    for message in messages:
        for call in message.get("tool_calls", ()):
            calls[call["id"]] = (call["function"]["name"], json.loads(call["function"]["arguments"] or "{}"))
        if message["role"] == "tool":
            name, arguments = calls.get(message["tool_call_id"], ("tool", {}))
            found.append(Return(name, arguments, _text(message)))
    return tuple(found)
