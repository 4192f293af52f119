"""The built-in tools as the model sees them: names, descriptions and argument schemas.

Names and arguments are those of the Letta V1 tools, so that agents and agent files made for it go on working.
"""

from typing import Any

from app.domain.base import Micros
from app.domain.tool import Tool, ToolType
from app.ports.system import IdFactory

DEFAULT_TOOLS = ("memory_insert", "memory_replace", "memory_rethink", "conversation_search")
"""Attached to a new agent when it names none."""


def _text(description: str) -> dict[str, Any]:
    return {"type": "string", "description": description}


def _object(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required}


_LABEL = _text("Label of the memory block.")

_SPECS: tuple[tuple[str, ToolType, str, dict[str, Any]], ...] = (
    (
        "send_message",
        "letta_core",
        "Say something to the person. Your turn ends with it.",
        _object({"message": _text("What to say.")}, ["message"]),
    ),
    (
        "memory_insert",
        "letta_sleeptime_core",
        "Insert new text into a memory block, for a fact that is not there yet.",
        _object(
            {
                "label": _LABEL,
                "new_string": _text("Text to insert, without line numbers."),
                "insert_line": {
                    "type": "integer",
                    "description": "Line after which to insert: 0 is the beginning, -1 (the default) the end.",
                },
            },
            ["label", "new_string"],
        ),
    ),
    (
        "memory_replace",
        "letta_sleeptime_core",
        "Replace a piece of text in a memory block, to correct or update a fact. The old text must occur exactly once.",
        _object(
            {
                "label": _LABEL,
                "old_string": _text("Text as it stands in the block now, enough of it to be unique."),
                "new_string": _text("Text to put in its place; empty to remove it."),
            },
            ["label", "old_string", "new_string"],
        ),
    ),
    (
        "memory_rethink",
        "letta_sleeptime_core",
        "Rewrite a whole memory block, to reorganise or condense it. Everything you leave out is gone from the block.",
        _object({"label": _LABEL, "new_memory": _text("The complete new text of the block.")}, ["label", "new_memory"]),
    ),
    (
        "core_memory_append",
        "letta_memory_core",
        "Append text to the end of a memory block.",
        _object({"label": _LABEL, "content": _text("Text to append.")}, ["label", "content"]),
    ),
    (
        "core_memory_replace",
        "letta_memory_core",
        "Replace text in a memory block. The old text must occur exactly once.",
        _object(
            {
                "label": _LABEL,
                "old_content": _text("Text as it stands in the block now."),
                "new_content": _text("Text to put in its place; empty to remove it."),
            },
            ["label", "old_content", "new_content"],
        ),
    ),
    (
        "conversation_search",
        "letta_core",
        "Search all earlier messages with this person, also those that no longer fit your context.",
        _object(
            {
                "query": _text("Words to look for."),
                "roles": {
                    "type": "array",
                    "items": {"type": "string", "enum": ["user", "assistant", "tool"]},
                    "description": "Only messages of these roles.",
                },
                "limit": {"type": "integer", "description": "How many at most (default 10)."},
                "start_date": _text("Only from this date on, YYYY-MM-DD."),
                "end_date": _text("Only up to this date, YYYY-MM-DD."),
            },
            ["query"],
        ),
    ),
)


def builtin_tools(ids: IdFactory, now: Micros) -> tuple[Tool, ...]:
    """All built-in tools as rows; storing them keeps the ids of those that exist."""
    return tuple(
        Tool(
            id=ids.new("tool"),
            name=name,
            tool_type=tool_type,
            description=description,
            parameters=parameters,
            idempotent=True,
            created_at=now,
            updated_at=now,
        )
        for name, tool_type, description, parameters in _SPECS
    )
