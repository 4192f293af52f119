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


_TEXTS: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
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
        "memory",
        "letta_memory_core",
        "Create, edit, rename or delete your memory blocks, by their labels. What you create stays in your context.",
        _object(
            {
                "command": {
                    **_text(
                        "create (path, file_text, description), str_replace (path, old_string, new_string), insert "
                        "(path, insert_line, insert_text), delete (path), rename (old_path, new_path; or path and "
                        "description), view (path, or none for a list)."
                    ),
                    "enum": ["create", "str_replace", "insert", "delete", "rename", "view"],
                },
                "path": _text("Label of the memory block."),
                "file_text": _text("Text of a new block."),
                "description": _text("What the block is for."),
                "old_string": _text("Text as it stands in the block now, enough of it to be unique."),
                "new_string": _text("Text to put in its place; empty to remove it."),
                "insert_line": {
                    "type": "integer",
                    "description": "Line after which to insert: 0 is the beginning, -1 (the default) the end.",
                },
                "insert_text": _text("Text to insert."),
                "old_path": _text("The block's present label."),
                "new_path": _text("Its new label."),
            },
            ["command"],
        ),
    ),
    (
        "memory_apply_patch",
        "letta_memory_core",
        "Change one memory block by a unified diff, or several by a patch with lines like *** Update Block: plans, "
        "*** Add Block: ideas, *** Delete Block: old and *** Move to: new.",
        _object(
            {
                "label": _text("Label of the memory block, where the patch names none."),
                "patch": _text("Lines that stay begin with a blank, lines to remove with -, lines to add with +."),
            },
            ["label", "patch"],
        ),
    ),
    (
        "memory_finish_edits",
        "letta_sleeptime_core",
        "Say that you have finished editing memory.",
        _object({}, []),
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
    (
        "archival_memory_insert",
        "letta_core",
        "Store a passage in archival memory, which is searched and does not fill your context: a fact, an event or a "
        "note that will matter later but need not be at hand now. Write it so that it can be understood alone.",
        _object(
            {
                "content": _text("Text of the passage, one thing in a sentence or two, with names and full dates."),
                "tags": {**_TEXTS, "description": "A few words to find it by, like house or invoices."},
            },
            ["content"],
        ),
    ),
    (
        "archival_memory_search",
        "letta_core",
        "Search archival memory for what was stored there, by meaning and by words.",
        _object(
            {
                "query": _text("What to look for, as a question or in a few words."),
                "tags": {**_TEXTS, "description": "Only passages with these tags."},
                "tag_match_mode": {
                    **_text("any (the default): one of the tags is enough. all: it must have all of them."),
                    "enum": ["any", "all"],
                },
                "top_k": {"type": "integer", "description": "How many at most (default 5)."},
                "start_datetime": _text("Only what was stored from this time on, like 2026-03-01."),
                "end_datetime": _text("Only what was stored up to this time."),
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
