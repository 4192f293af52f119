"""Built-in tools that agents and agent files may name although this version cannot run them yet.

Names, types and arguments are those of the Letta V1 tools. No model is told of them (`Tool.set_up`).
"""

from typing import Any

from app.domain.base import Micros
from app.domain.tool import Tool, ToolType
from app.ports.system import IdFactory

Schema = dict[str, Any]
_TEXTS: Schema = {"type": "array", "items": {"type": "string"}}
_WHOLE: Schema = {"type": "integer"}
_YES: Schema = {"type": "boolean"}


def _text(description: str) -> Schema:
    return {"type": "string", "description": description}


_TO_ONE: Schema = {"message": _text("Text of the message."), "other_agent_id": _text("Id of the agent.")}
_FILE_REQUEST: Schema = {
    "type": "object",
    "properties": {
        "file_name": _text("Name of the file."),
        "offset": {**_WHOLE, "description": "First line, counted from 0."},
        "length": {**_WHOLE, "description": "How many lines."},
    },
    "required": ["file_name"],
}
_SPECS: tuple[tuple[str, ToolType, str, Schema, tuple[str, ...]], ...] = (
    (
        "open_files",
        "letta_files_core",
        "Open files and show parts of them.",
        {
            "file_requests": {"type": "array", "items": _FILE_REQUEST, "description": "Which files, which lines."},
            "close_all_others": {**_YES, "description": "Close all other files."},
        },
        ("file_requests",),
    ),
    (
        "grep_files",
        "letta_files_core",
        "Search files by a pattern.",
        {
            "pattern": _text("A regular expression."),
            "include": _text("Only files whose names fit this pattern."),
            "context_lines": {**_WHOLE, "description": "Lines around each hit (default 1)."},
            "offset": {**_WHOLE, "description": "Hits to skip."},
        },
        ("pattern",),
    ),
    (
        "semantic_search_files",
        "letta_files_core",
        "Search files by meaning.",
        {"query": _text("What to look for."), "limit": {**_WHOLE, "description": "How many hits (default 5)."}},
        ("query",),
    ),
    (
        "send_message_to_agent_and_wait_for_reply",
        "letta_multi_agent_core",
        "Send a message to another agent and wait for its reply.",
        _TO_ONE,
        ("message", "other_agent_id"),
    ),
    (
        "send_message_to_agents_matching_tags",
        "letta_multi_agent_core",
        "Send a message to all agents with these tags.",
        {
            "message": _text("Text of the message."),
            "match_all": {**_TEXTS, "description": "Tags that all must have."},
            "match_some": {**_TEXTS, "description": "Tags of which they must have one."},
        },
        ("message", "match_all", "match_some"),
    ),
    (
        "send_message_to_agent_async",
        "letta_multi_agent_core",
        "Send a message to another agent without waiting.",
        _TO_ONE,
        ("message", "other_agent_id"),
    ),
)


def later_tools(ids: IdFactory, now: Micros) -> tuple[Tool, ...]:
    """Their rows. They are marked repeatable, since a call has no effect."""
    return tuple(
        Tool(
            id=ids.new("tool"),
            name=name,
            tool_type=tool_type,
            description=description,
            parameters={"type": "object", "properties": properties, "required": list(required)},
            idempotent=True,
            created_at=now,
            updated_at=now,
        )
        for name, tool_type, description, properties, required in _SPECS
    )
