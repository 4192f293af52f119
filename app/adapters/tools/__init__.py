"""Tools that reach outside memory. None are built in yet, so a call to one says so."""

from typing import Any

from app.domain.tool import Tool
from app.ports.tools import ToolContext, ToolOutcome


class NoTools:
    """The tool runner of an engine without outside tools."""

    async def run(self, tool: Tool, arguments: dict[str, Any], context: ToolContext) -> ToolOutcome:
        return ToolOutcome(ok=False, text=f'The tool "{tool.name}" cannot be run in this version of Lares.')
