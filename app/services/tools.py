"""Tools: what agents can be given."""

from app.domain.page import ALL_TOOLS, OLDEST_FIRST, PageRequest, ToolFilter
from app.domain.tool import Tool
from app.engine.deps import EngineDeps


class Tools:
    def __init__(self, deps: EngineDeps) -> None:
        self._deps = deps

    async def list(self, wanted: ToolFilter = ALL_TOOLS, page: PageRequest = OLDEST_FIRST) -> tuple[Tool, ...]:
        """A page of tools. Raises `NotFound` for a cursor that was never a tool."""
        return await self._deps.storage.read(lambda repos: repos.tools.list(wanted, page))

    async def count(self, wanted: ToolFilter = ALL_TOOLS) -> int:
        return await self._deps.storage.read(lambda repos: repos.tools.count(wanted))

    async def get(self, tool_id: str) -> Tool:
        """Raises `NotFound`."""
        return await self._deps.storage.read(lambda repos: repos.tools.get(tool_id))
