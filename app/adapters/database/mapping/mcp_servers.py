"""MCP servers. What they start is one text: it is agreed to as a whole."""

from app.adapters.database.mapping.values import Values, same
from app.adapters.database.prepared import Row
from app.domain.mcp import McpLaunch, McpServer

_SERVER = tuple(name for name in McpServer.model_fields if name != "launch")


def mcp_server_values(server: McpServer) -> Values:
    return {**{name: getattr(server, name) for name in _SERVER}, "launch": server.launch.model_dump_json()}


def mcp_server_of(row: Row) -> McpServer:
    return McpServer(**same(row, *_SERVER), launch=McpLaunch.model_validate_json(row["launch"]))
