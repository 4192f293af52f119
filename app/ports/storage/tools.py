"""Tools that agents can have."""

from typing import Protocol

from app.domain.tool import Tool


class ToolRepository(Protocol):
    def list(self) -> tuple[Tool, ...]: ...
    def by_names(self, names: tuple[str, ...]) -> tuple[Tool, ...]:
        """In the order of `names`; unknown ones are left out."""
        ...

    def upsert(self, tool: Tool) -> Tool:
        """Adds it, or updates the row of that name and keeps its id."""
        ...
