"""Tools, found by their names."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database import mapping
from app.adapters.database.known_rows import NOTHING_KNOWN, NothingKnown
from app.adapters.database.paging import Orders, contains, page_of
from app.adapters.database.prepared import Prepared
from app.adapters.database.rows import first_row, insert, missing, scalar, update
from app.adapters.database.tables import agent_tools, agents, tools
from app.domain.error import Conflict
from app.domain.page import ALL_TOOLS, OLDEST_FIRST, PageRequest, ToolFilter
from app.domain.tool import Tool

_named = Prepared(sa.select(tools).where(tools.c.name.in_(sa.bindparam("names", expanding=True))))
_of_name = Prepared(sa.select(tools).where(tools.c.name == sa.bindparam("name")))
_ORDERS: Orders = {"created_at": (tools.c.seq,)}


@dataclass(frozen=True)
class SqlTools:
    db: Connection
    known: NothingKnown = NOTHING_KNOWN

    def get(self, tool_id: str) -> Tool:
        row = first_row(self.db, sa.select(tools).where(tools.c.id == tool_id))
        if row is None:
            raise missing("tool", tool_id)
        return mapping.tool_of(row)

    def list(self, wanted: ToolFilter = ALL_TOOLS, page: PageRequest = OLDEST_FIRST) -> tuple[Tool, ...]:
        rows = page_of(self.db, _found(wanted), tools, _ORDERS, page)
        return tuple(mapping.tool_of(row) for row in rows)

    def count(self, wanted: ToolFilter = ALL_TOOLS) -> int:
        return scalar(self.db, _found(wanted).with_only_columns(sa.func.count(), maintain_column_froms=True))

    def by_names(self, names: tuple[str, ...]) -> tuple[Tool, ...]:
        found: dict[str, Tool] = {name: tool for name in names if (tool := self.known.find("tool", name)) is not None}
        unknown = [name for name in names if name not in found]
        if unknown:
            for row in _named.all(self.db, {"names": unknown}):
                found[row["name"]] = tool = mapping.tool_of(row)
                self.known.keep("tool", tool.name, tool, len(tool.source_code or "") + len(row["parameters"]))
        return tuple(found[name] for name in names if name in found)

    def upsert(self, tool: Tool) -> Tool:
        self.known.forget("tool", tool.name)
        row = first_row(self.db, _of_name, {"name": tool.name})
        known = mapping.tool_of(row) if row is not None else None
        if known is not None and known.built_in and not tool.built_in:
            raise Conflict(
                f"“{tool.name}” is the name of a tool that comes with Lares.",
                code="name_taken",
                hint="Choose another name for yours.",
            )
        if known is not None and known.tool_type == "external_mcp" != tool.tool_type:
            raise Conflict(
                f"“{tool.name}” is the name of a tool of an MCP server.",
                code="name_taken",
                hint="Choose another name for yours.",
            )
        if known is None:
            insert(self.db, tools, mapping.tool_values(tool))
            return tool
        stored = tool.model_copy(update={"id": known.id, "created_at": known.created_at})
        update(self.db, tools, stored.id, mapping.tool_values(stored))
        return stored

    def users(self, tool_id: str) -> tuple[str, ...]:
        rows = self.db.execute(sa.select(agent_tools.c.agent_id).where(agent_tools.c.tool_id == tool_id))
        return tuple(rows.scalars())

    def use(self) -> dict[str, int]:
        of_tool = agent_tools.c.tool_id
        kept = sa.select(of_tool, sa.func.count()).join(agents, agents.c.id == agent_tools.c.agent_id)
        rows = self.db.execute(kept.where(agents.c.deleted_at.is_(None)).group_by(of_tool))
        return {row[0]: row[1] for row in rows}

    def delete(self, tool_id: str) -> None:
        tool = self.get(tool_id)
        self.known.forget("tool", tool.name)
        self.db.execute(agent_tools.delete().where(agent_tools.c.tool_id == tool_id))
        self.db.execute(tools.delete().where(tools.c.id == tool_id))


def _found(wanted: ToolFilter) -> sa.Select[Any]:
    found, row = sa.select(tools), tools.c
    if wanted.ids:
        found = found.where(row.id.in_(wanted.ids))
    if wanted.names:
        found = found.where(row.name.in_(wanted.names))
    if wanted.search is not None:
        found = found.where(sa.or_(contains(row.name, wanted.search), contains(row.description, wanted.search)))
    if wanted.types:
        found = found.where(row.tool_type.in_(wanted.types))
    if wanted.without_types:
        found = found.where(row.tool_type.not_in(wanted.without_types))
    if wanted.built_in:
        found = found.where(row.tool_type.startswith("letta_", autoescape=True))
    if wanted.agent_id is not None:
        link = agent_tools.c
        found = found.where(row.id.in_(sa.select(link.tool_id).where(link.agent_id == wanted.agent_id)))
    return found
