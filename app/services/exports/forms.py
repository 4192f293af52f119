"""The two forms of an exported conversation, page by page. Pure: text from messages."""

import datetime
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.agent import Agent
from app.domain.base import Micros
from app.domain.conversation import Conversation
from app.domain.message import ApprovalPart, ImagePart, Message, ReasoningPart, TextPart, ToolCallPart, ToolReturnPart
from app.domain.wire_message import iso, objects_of

JSON_FORM = "lares-conversation"
JSON_VERSION = 1
_TICKS = re.compile(r"`{3,}")


@dataclass
class MarkdownForm:
    """For people: who said what and when, tool calls as code, thoughts as quotes. Images are named."""

    agent: Agent
    conversation: Conversation
    title: str
    _day: str = ""

    def head(self) -> str:
        return f"# {self.title}\n\n{self.agent.name} · {self.agent.model}\n"

    def page(self, messages: Sequence[Message]) -> str:
        return "".join(self._message(message) for message in messages)

    def foot(self) -> str:
        return ""

    def _message(self, message: Message) -> str:
        then = _local(message.created_at)
        pieces = [piece for part in message.parts if (piece := _part(part))]
        if message.note == "stopped":
            pieces.append("*Stopped here.*")
        elif message.note == "not_finished":
            pieces.append("*Not finished.*")
        if not pieces:
            return ""
        day, said = f"{then.day} {then:%B %Y}", ""
        if day != self._day:
            self._day = day
            said = f"\n## {day}\n"
        return f"{said}\n**{self._speaker(message)}** · {then:%H:%M}\n\n" + "\n\n".join(pieces) + "\n"

    def _speaker(self, message: Message) -> str:
        known = {"user": "You", "assistant": self.agent.name, "tool": "Tool", "summary": "Summary", "system": "System"}
        return message.name or known.get(message.role, "You")


def _part(part: object) -> str:
    match part:
        case TextPart(text=text):
            return text.strip("\n")
        case ReasoningPart(text=text):
            return "\n".join(f"> {line}".rstrip() for line in text.strip().split("\n")) if text.strip() else ""
        case ImagePart(media_type=kind, width=width, height=height):
            return f"*(Image, {kind}, {width} × {height})*"
        case ToolCallPart(name=name, arguments=arguments):
            return f"Called `{name}`\n\n{_fenced(arguments, 'json')}"
        case ToolReturnPart(name=name, status=status, text=text):
            word = "returned" if status == "success" else "failed"
            return f"`{name}` {word}\n\n{_fenced(text)}"
        case ApprovalPart(approve=approve, reason=reason):
            return "*Approved.*" if approve else f"*Refused.* {reason}".strip()
        case _:
            return ""


def _fenced(text: str, language: str = "") -> str:
    """Code whose fence is longer than every fence in it."""
    longest = max((len(found) for found in _TICKS.findall(text)), default=2)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


@dataclass
class JsonForm:
    """For programs: one object whose messages are those of the local API."""

    agent: Agent
    conversation: Conversation
    title: str
    _begun: bool = False

    def head(self) -> str:
        about = {
            "format": JSON_FORM,
            "version": JSON_VERSION,
            "agent": {"id": self.agent.id, "name": self.agent.name, "model": self.agent.model},
            "conversation": {
                "id": self.conversation.id,
                "title": self.title,
                "created_at": iso(self.conversation.created_at),
            },
        }
        return json.dumps(about, ensure_ascii=False, indent=2)[:-2] + ',\n  "messages": ['

    def page(self, messages: Sequence[Message]) -> str:
        lines: list[str] = []
        for message in messages:
            for told in objects_of(message):
                lines.append(f"{',' if self._begun else ''}\n    {told.model_dump_json(exclude_none=True)}")
                self._begun = True
        return "".join(lines)

    def foot(self) -> str:
        return f"{chr(10) if self._begun else ''}{'  ' if self._begun else ''}]\n}}\n"


def _local(at: Micros) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(at / 1e6).astimezone()
