"""The runner of tools that MCP servers offer. What they answer is a stranger's word, and goes to the model as such."""

from collections.abc import Awaitable, Callable
from typing import Any

from app.domain.error import AppError
from app.domain.mcp import McpAnswer, McpOrigin
from app.domain.source import mcp_source
from app.domain.tool import Tool
from app.engine.mcp.plain import plain
from app.engine.tools.stored import cannot_run
from app.ports.tools import OnOutput, ToolContext, ToolOutcome

QUOTES_THEM = ("mcp_refused", "mcp_exited", "mcp_garbage")
"""Errors whose sentences repeat what a server wrote."""
CallServer = Callable[[str, str, dict[str, Any]], Awaitable[McpAnswer]]
"""Takes the server's id, the tool's name there and the arguments; raises `AppError` with a sentence."""


class McpTools:
    def __init__(self, call: CallServer) -> None:
        self._call = call

    async def run(
        self, tool: Tool, arguments: dict[str, Any], context: ToolContext, on_output: OnOutput
    ) -> ToolOutcome:
        origin = McpOrigin.of(tool)
        if origin is None or origin.missing:
            return cannot_run(tool)
        if origin.changed is not None:
            return ToolOutcome(ok=False, text=changed_since(tool, origin))
        try:
            answer = await self._call(origin.server_id, origin.tool_name, arguments)
        except AppError as error:
            said = f"The MCP server “{origin.server_name}” did not run it. {error.message} {error.hint}"
            theirs = mcp_source(origin.server_name) if error.code in QUOTES_THEM else ""
            return ToolOutcome(ok=False, text=plain(said, tool.return_char_limit), source=theirs)
        text = plain(answer.text, tool.return_char_limit + 1)
        return ToolOutcome(ok=answer.ok, text=text, source=mcp_source(origin.server_name))


def changed_since(tool: Tool, origin: McpOrigin) -> str:
    """What whoever calls it is told."""
    return (
        f"The MCP server “{origin.server_name}” has changed what it says of “{tool.name}”, so Lares does not run it. "
        "Ask the person to look at the change in Tools and allow it there."
    )
