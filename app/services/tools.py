"""Tools: what agents can be given."""

from app.domain.tool import Tool
from app.engine.deps import EngineDeps


class Tools:
    def __init__(self, ports: EngineDeps) -> None:
        self._ports = ports

    async def list(self) -> tuple[Tool, ...]:
        return await self._ports.storage.read(lambda repos: repos.tools.list())
