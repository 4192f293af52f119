"""How tests start the scripted MCP server."""

import sys
from pathlib import Path

from app.domain.mcp import McpDraft
from app.ports.mcp import McpTarget

SCRIPT = Path(__file__).with_name("mcp_server.py")


def words(mode: str = "good", *more: str) -> tuple[str, ...]:
    """The arguments for Python. Nothing but the standard library is loaded, so it starts in some milliseconds."""
    return ("-I", "-S", "-B", str(SCRIPT), mode, *more)


def target(mode: str = "good", *more: str, start_seconds: float = 10.0) -> McpTarget:
    return McpTarget(transport="stdio", command=sys.executable, args=words(mode, *more), start_seconds=start_seconds)


def draft(name: str = "scripted", mode: str = "good", *more: str, **fields: object) -> McpDraft:
    given = {"name": name, "command": sys.executable, "args": words(mode, *more), "start_seconds": 10.0, **fields}
    return McpDraft.model_validate(given)
