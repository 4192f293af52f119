"""The runner of tools that work with what the engine has stored."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from app.domain.tool import Tool
from app.ports.storage import Storage
from app.ports.tools import OnOutput, ToolContext, ToolOutcome

StoredTool = Callable[[Storage, str, dict[str, Any]], Awaitable[ToolOutcome]]
"""Takes the storage, the id of the agent that calls, and the arguments."""


class StoredTools:
    """Runs the tools it is given, by the names under which they are seeded."""

    def __init__(self, storage: Storage, tools: Mapping[str, StoredTool]) -> None:
        self._storage = storage
        self._tools = dict(tools)

    async def run(
        self, tool: Tool, arguments: dict[str, Any], context: ToolContext, on_output: OnOutput
    ) -> ToolOutcome:
        found = self._tools.get(tool.name)
        if found is None:
            return cannot_run(tool)
        return await found(self._storage, context.agent_id, arguments)


def cannot_run(tool: Tool) -> ToolOutcome:
    """What the model is told of a tool that this version cannot run."""
    return ToolOutcome(ok=False, text=f'The tool "{tool.name}" cannot be run in this version of Lares.')
