"""Pure: messages as the text that a summary is made of."""

import datetime
import json

from app.domain.json_value import object_of
from app.domain.message import ImagePart, Message, ReasoningPart, TextPart, ToolCallPart, ToolReturnPart
from app.engine.context.quoting import quoted

MOST_OF_ONE = 4_000
"""Characters of one message; of a longer one its beginning and its end are told."""
MOST_OF_RETURN = 800
"""Characters of what a tool returned: mostly data, of which the reply said what mattered."""
WHO = {"user": "User", "assistant": "Assistant", "system": "Event", "tool": "Tool", "summary": "Summary until then"}


def told(message: Message, zone: datetime.tzinfo | None = None) -> str:
    """One message as lines: when, who, what. Empty where it says nothing."""
    lines = [line for part in message.parts for line in _lines(part)]
    if not lines:
        return ""
    if message.role == "summary":
        return f"{WHO['summary']}: {' '.join(lines)}"
    at = datetime.datetime.fromtimestamp(message.created_at / 1_000_000, datetime.UTC).astimezone(zone)
    return f"[{at:%Y-%m-%d %H:%M}] {WHO[message.role]}: " + "\n".join(lines)


def one_line(message: Message, most: int) -> str:
    """Its beginning in one line; what was called or returned, where it says nothing."""
    spoken = " ".join(part.text for part in message.parts if isinstance(part, TextPart))
    lines = spoken if spoken.strip() else " ".join(line for part in message.parts for line in _lines(part))
    return " ".join(lines[: most * 4].split())[:most]


def shortened(text: str, most: int) -> str:
    """Its beginning and its end, where it is longer than `most` characters."""
    text = text.strip()
    if len(text) <= most:
        return text
    head = most * 2 // 3
    return f"{text[:head].rstrip()} […] {text[len(text) - (most - head) :].lstrip()}"


def _lines(part: object) -> list[str]:
    match part:
        case TextPart():
            text = shortened(part.text, MOST_OF_ONE)
            return [text] if text else []
        case ToolCallPart():
            return [f"(calls {part.name}: {shortened(_arguments(part.arguments), MOST_OF_RETURN)})"]
        case ToolReturnPart():
            failed = " failed" if part.status == "error" else ""
            text = shortened(part.text, MOST_OF_RETURN)
            return [f"({part.name}{failed}: {quoted(text, part.source) if part.source else text})"]
        case ImagePart():
            return ["(an image)"]
        case ReasoningPart():
            return []
        case _:
            return []


def _arguments(text: str) -> str:
    try:
        given = object_of(json.loads(text))
    except ValueError:
        return text
    return ", ".join(f"{name}: {value}" for name, value in given.items())
