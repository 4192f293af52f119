"""Tools that agents can have."""

from typing import Protocol

from app.domain.page import ALL_TOOLS, OLDEST_FIRST, PageRequest, ToolFilter
from app.domain.tool import Tool


class ToolRepository(Protocol):
    def get(self, tool_id: str) -> Tool:
        """Raises `NotFound`."""
        ...

    def list(self, wanted: ToolFilter = ALL_TOOLS, page: PageRequest = OLDEST_FIRST) -> tuple[Tool, ...]:
        """Order: created_at."""
        ...

    def count(self, wanted: ToolFilter = ALL_TOOLS) -> int:
        """How many `list` would give without a page."""
        ...

    def by_names(self, names: tuple[str, ...]) -> tuple[Tool, ...]:
        """In the order of `names`; unknown ones are left out."""
        ...

    def upsert(self, tool: Tool) -> Tool:
        """Adds it, or updates the row of that name and keeps its id."""
        ...

    def users(self, tool_id: str) -> tuple[str, ...]:
        """Ids of the agents that have it, deleted ones too."""
        ...

    def use(self) -> dict[str, int]:
        """How many agents that are not deleted have each tool, by its id; those that nobody has are left out."""
        ...

    def delete(self, tool_id: str) -> None:
        """Forgets it, and that deleted agents had it. Agents that are not deleted must have given it up before."""
        ...
