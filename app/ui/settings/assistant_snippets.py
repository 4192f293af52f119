"""What is pasted into another program's settings so that it finds the memory of agents here: one text for each."""

import json
from collections.abc import Sequence

from app.domain.json_value import JsonObject

PROGRAMS = (
    ("claude", "Claude Desktop"),
    ("cursor", "Cursor"),
    ("vscode", "VS Code"),
    ("http", "HTTP"),
)
"""Key, and the name for people."""
FILES = {
    "claude": "claude_desktop_config.json",
    "cursor": "~/.cursor/mcp.json",
    "vscode": ".vscode/mcp.json",
}
"""Where each keeps it; programs that are spoken with over HTTP have no file in common."""
TOKEN = "LARES_MCP_TOKEN"
"""The variable in which `lares mcp` finds its token."""


def config_for(program: str, command: Sequence[str], url: str, token: str) -> str:
    """JSON, ready to paste. `url`: for programs that are spoken with over HTTP."""
    started: JsonObject = {"command": command[0], "args": [*command[1:]], "env": {TOKEN: token}}
    reached: JsonObject = {"url": url, "headers": {"Authorization": f"Bearer {token}"}}
    told: JsonObject = {
        "vscode": {"servers": {"lares": {"type": "stdio", **started}}},
        "http": {"mcpServers": {"lares": reached}},
    }.get(program, {"mcpServers": {"lares": started}})
    return json.dumps(told, indent=2, ensure_ascii=False)
