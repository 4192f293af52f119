"""Built-in tools that agents may be given although this version cannot run them yet: a call says so to the model."""

from typing import Any

from app.domain.base import Micros
from app.domain.tool import Tool, ToolType
from app.ports.system import IdFactory

NOTICE = "Not available in this version of Lares: a call returns an error."

_TEXT = {"type": "string"}
_SPECS: tuple[tuple[str, ToolType, str, dict[str, str]], ...] = (
    ("send_message", "letta_core", "Send a message to the person.", {"message": "Text of the message."}),
    (
        "archival_memory_insert",
        "letta_core",
        "Store a passage in archival memory.",
        {"content": "Text of the passage."},
    ),
    ("archival_memory_search", "letta_core", "Search archival memory by meaning.", {"query": "What to look for."}),
    ("memory", "letta_memory_core", "Create, edit, rename or delete memory blocks.", {"command": "What to do."}),
    (
        "memory_apply_patch",
        "letta_memory_core",
        "Apply a patch to a memory block.",
        {"label": "Label of the memory block.", "patch": "A unified diff."},
    ),
    ("memory_finish_edits", "letta_sleeptime_core", "End the editing of memory.", {}),
    ("open_files", "letta_files_core", "Open files and show parts of them.", {"file_name": "Name of the file."}),
    ("grep_files", "letta_files_core", "Search files by a pattern.", {"pattern": "A regular expression."}),
    ("semantic_search_files", "letta_files_core", "Search files by meaning.", {"query": "What to look for."}),
    (
        "run_code",
        "letta_builtin",
        "Run a program in a sandbox.",
        {"code": "The program.", "language": "python, js, ts, r or java."},
    ),
    ("run_code_with_tools", "letta_builtin", "Run Python that may call tools.", {"code": "The program."}),
    ("web_search", "letta_builtin", "Search the web.", {"query": "What to look for."}),
    ("fetch_webpage", "letta_builtin", "Read a web page.", {"url": "Address of the page."}),
    (
        "send_message_to_agent_and_wait_for_reply",
        "letta_multi_agent_core",
        "Send a message to another agent and wait for its reply.",
        {"message": "Text of the message.", "other_agent_id": "Id of the agent."},
    ),
    (
        "send_message_to_agents_matching_tags",
        "letta_multi_agent_core",
        "Send a message to all agents with these tags.",
        {"message": "Text of the message.", "match_all": "Tags that all must have."},
    ),
    (
        "send_message_to_agent_async",
        "letta_multi_agent_core",
        "Send a message to another agent without waiting.",
        {"message": "Text of the message.", "other_agent_id": "Id of the agent."},
    ),
)


def later_tools(ids: IdFactory, now: Micros) -> tuple[Tool, ...]:
    """Their rows. They are marked repeatable, since a call has no effect."""
    return tuple(
        Tool(
            id=ids.new("tool"),
            name=name,
            tool_type=tool_type,
            description=f"{description} {NOTICE}",
            parameters=_parameters(arguments),
            idempotent=True,
            created_at=now,
            updated_at=now,
        )
        for name, tool_type, description, arguments in _SPECS
    )


def _parameters(arguments: dict[str, str]) -> dict[str, Any]:
    properties = {name: {**_TEXT, "description": text} for name, text in arguments.items()}
    return {"type": "object", "properties": properties, "required": list(arguments)}
