"""MCP servers; values of their variables and headers are elsewhere."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database import mapping
from app.adapters.database.rows import all_rows, first_row, insert, missing, update
from app.adapters.database.tables import mcp_servers
from app.domain.error import Conflict
from app.domain.mcp import McpServer


@dataclass(frozen=True)
class SqlMcpServers:
    db: Connection

    def list(self) -> tuple[McpServer, ...]:
        rows = all_rows(self.db, sa.select(mcp_servers).order_by(mcp_servers.c.seq))
        return tuple(mapping.mcp_server_of(row) for row in rows)

    def get(self, server_id: str) -> McpServer:
        row = first_row(self.db, sa.select(mcp_servers).where(mcp_servers.c.id == server_id))
        if row is None:
            raise missing("mcp_server", server_id)
        return mapping.mcp_server_of(row)

    def named(self, name: str) -> McpServer | None:
        row = first_row(self.db, sa.select(mcp_servers).where(mcp_servers.c.name == name))
        return None if row is None else mapping.mcp_server_of(row)

    def add(self, server: McpServer) -> None:
        self._claim(server)
        insert(self.db, mcp_servers, mapping.mcp_server_values(server))

    def save(self, server: McpServer) -> None:
        self._claim(server)
        update(self.db, mcp_servers, server.id, mapping.mcp_server_values(server))

    def delete(self, server_id: str) -> None:
        if not self.db.execute(mcp_servers.delete().where(mcp_servers.c.id == server_id)).rowcount:
            raise missing("mcp_server", server_id)

    def _claim(self, server: McpServer) -> None:
        holder = self.named(server.name)
        if holder is not None and holder.id != server.id:
            raise Conflict(
                f"An MCP server named “{server.name}” already exists.",
                code="name_taken",
                hint="Choose another name.",
                details={"name": server.name},
            )
