"""Tools, found by their names."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database import mapping
from app.adapters.database.known_rows import NOTHING_KNOWN, NothingKnown
from app.adapters.database.rows import all_rows, first_row
from app.adapters.database.tables import tools
from app.domain.error import Conflict
from app.domain.tool import Tool

_named = sa.select(tools).where(tools.c.name.in_(sa.bindparam("names", expanding=True)))


@dataclass(frozen=True)
class SqlTools:
    db: Connection
    known: NothingKnown = NOTHING_KNOWN

    def list(self) -> tuple[Tool, ...]:
        return tuple(mapping.tool_of(row) for row in all_rows(self.db, sa.select(tools).order_by(tools.c.seq)))

    def by_names(self, names: tuple[str, ...]) -> tuple[Tool, ...]:
        found: dict[str, Tool] = {name: tool for name in names if (tool := self.known.find("tool", name)) is not None}
        unknown = [name for name in names if name not in found]
        if unknown:
            for row in all_rows(self.db, _named, {"names": unknown}):
                found[row["name"]] = tool = mapping.tool_of(row)
                self.known.keep("tool", tool.name, tool, len(tool.source_code or "") + len(row["parameters"]))
        return tuple(found[name] for name in names if name in found)

    def upsert(self, tool: Tool) -> Tool:
        self.known.forget("tool", tool.name)
        row = first_row(self.db, sa.select(tools).where(tools.c.name == tool.name))
        if row is not None and mapping.tool_of(row).built_in and not tool.built_in:
            raise Conflict(
                f"“{tool.name}” is the name of a tool that comes with Lares.",
                code="name_taken",
                hint="Choose another name for yours.",
            )
        if row is None:
            self.db.execute(tools.insert(), mapping.tool_values(tool))
            return tool
        stored = tool.model_copy(update={"id": row["id"], "created_at": row["created_at"]})
        self.db.execute(tools.update().where(tools.c.id == stored.id), mapping.tool_values(stored))
        return stored
