"""Settings that mean something to the engine or to every client (window sizes are the window's own matter)."""

from typing import Any

from app.domain.event import Changed
from app.engine.deps import EngineDeps
from app.ports.storage import Repositories


class Settings:
    def __init__(self, deps: EngineDeps) -> None:
        self._deps = deps

    async def get(self, key: str) -> Any:
        """The value, or None."""
        setting = await self._deps.storage.read(lambda repos: repos.settings.get(key))
        return None if setting is None else setting.value

    async def all(self) -> dict[str, Any]:
        rows = await self._deps.storage.read(lambda repos: repos.settings.list())
        return {row.key: row.value for row in rows}

    async def set(self, key: str, value: Any) -> None:
        """Stores a JSON value."""

        def work(repos: Repositories) -> None:
            repos.settings.set(key, value)
            repos.changed(Changed(kind="setting", ids=(key,)))

        await self._deps.storage.write(work)
