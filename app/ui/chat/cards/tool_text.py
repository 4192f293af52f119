"""Plain words for tool calls: what was done, to what, and how it went."""

import json
from typing import Any

from PySide6.QtCore import QCoreApplication

from app.domain.json_value import object_of
from app.ui.chat.transcript.row import ToolUse
from app.ui.state.change_text import told

MEMORY = frozenset(
    {
        "memory_replace",
        "memory_insert",
        "memory_rethink",
        "core_memory_append",
        "core_memory_replace",
        "memory",
        "memory_apply_patch",
    }
)


def sentence(use: ToolUse) -> str:
    """What the call does or did."""
    tr = QCoreApplication.translate
    running = use.state in ("writing", "running")
    done = {
        "memory_replace": tr("Tool", "Changed memory"),
        "core_memory_replace": tr("Tool", "Changed memory"),
        "memory_insert": tr("Tool", "Added to memory"),
        "core_memory_append": tr("Tool", "Added to memory"),
        "memory_rethink": tr("Tool", "Rewrote memory"),
        "memory": tr("Tool", "Changed memory"),
        "memory_apply_patch": tr("Tool", "Changed memory"),
        "memory_finish_edits": tr("Tool", "Finished editing memory"),
        "conversation_search": tr("Tool", "Searched earlier messages"),
        "archival_memory_insert": tr("Tool", "Stored a passage"),
        "archival_memory_search": tr("Tool", "Searched the archive"),
        "run_code": tr("Tool", "Ran a program"),
        "run_code_with_tools": tr("Tool", "Ran a program"),
        "fetch_webpage": tr("Tool", "Read a web page"),
        "web_search": tr("Tool", "Searched the web"),
    }
    doing = {
        "memory_replace": tr("Tool", "Changing memory"),
        "core_memory_replace": tr("Tool", "Changing memory"),
        "memory_insert": tr("Tool", "Adding to memory"),
        "core_memory_append": tr("Tool", "Adding to memory"),
        "memory_rethink": tr("Tool", "Rewriting memory"),
        "memory": tr("Tool", "Changing memory"),
        "memory_apply_patch": tr("Tool", "Changing memory"),
        "memory_finish_edits": tr("Tool", "Finishing the edits"),
        "conversation_search": tr("Tool", "Searching earlier messages"),
        "archival_memory_insert": tr("Tool", "Storing a passage"),
        "archival_memory_search": tr("Tool", "Searching the archive"),
        "run_code": tr("Tool", "Running a program"),
        "run_code_with_tools": tr("Tool", "Running a program"),
        "fetch_webpage": tr("Tool", "Reading a web page"),
        "web_search": tr("Tool", "Searching the web"),
    }
    if use.state == "failed" and use.name in MEMORY:
        return tr("Tool", "Could not change memory")
    if use.state == "interrupted":
        return tr("Tool", "Interrupted")
    if use.state == "waiting":
        return tr("Tool", "Waits for an answer")
    known = doing if running else done
    return known.get(use.name, tr("Tool", "Using a tool") if running else tr("Tool", "Used a tool"))


def target(use: ToolUse) -> str:
    """What the call is about, for the badge."""
    if use.changes:
        labels = dict.fromkeys(change.label for change in told(use.changes))
        return ", ".join(labels)
    found = arguments(use.arguments)
    label = found.get("label") or found.get("block_label") or found.get("path")
    return str(label) if label and use.name in MEMORY else ""


def icon(use: ToolUse) -> tuple[str, str]:
    """Icon and its colour."""
    if use.state == "waiting":
        return "lock", "warn"
    if use.name in MEMORY:
        return "memory", "accent"
    if use.name == "archival_memory_insert":
        return "archive", "accent"
    return ("search" if "search" in use.name else "tool"), "teal"


def arguments(text: str) -> dict[str, Any]:
    """The arguments as an object; empty while they cannot be read."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return object_of(found)


def argument_rows(text: str) -> list[tuple[str, str]]:
    """Name and value of each argument, as text."""
    found = arguments(text)
    if not found and text.strip() not in ("", "{}"):
        return [("", text)]
    return [
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for name, value in found.items()
    ]


def duration(milliseconds: int) -> str:
    """`38 ms`, `1.2 s`, `2 min 5 s`."""
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    seconds = milliseconds / 1000
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds) // 60} min {int(seconds) % 60} s"
