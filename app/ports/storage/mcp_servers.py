"""MCP servers."""

from typing import Protocol

from app.domain.mcp import McpServer


class McpServerRepository(Protocol):
    def list(self) -> tuple[McpServer, ...]:
        """All of them, in the order in which they were added."""
        ...

    def get(self, server_id: str) -> McpServer:
        """Raises `NotFound`."""
        ...

    def named(self, name: str) -> McpServer | None:
        """No two have one name."""
        ...

    def add(self, server: McpServer) -> None:
        """Raises `Conflict` (code `name_taken`)."""
        ...

    def save(self, server: McpServer) -> None:
        """Writes all fields as given."""
        ...

    def delete(self, server_id: str) -> None:
        """For good; its secrets stay in the secret store, its tools where they are."""
        ...
