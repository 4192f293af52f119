"""Agents with their attached blocks and tools."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database import mapping
from app.adapters.database.prepared import Bound, Prepared, Row
from app.adapters.database.rows import add, all_rows, first_row, missing, scalar, update
from app.adapters.database.tables import agent_blocks, agent_tools, agents, blocks, tools
from app.domain.agent import Agent, DeletedAgent
from app.domain.base import Micros
from app.domain.error import NotFound

_LIVE = sa.select(agents).where(agents.c.deleted_at.is_(None)).order_by(agents.c.seq)
_BLOCK_LINKS = (
    sa.select(agent_blocks.c.agent_id, agent_blocks.c.block_id.label("linked"))
    .join(blocks, blocks.c.id == agent_blocks.c.block_id)
    .where(blocks.c.deleted_at.is_(None))
    .order_by(agent_blocks.c.position, blocks.c.seq)
)
_TOOL_LINKS = (
    sa.select(agent_tools.c.agent_id, tools.c.name.label("linked"))
    .join(tools, tools.c.id == agent_tools.c.tool_id)
    .order_by(agent_tools.c.position)
)
_agent = Prepared(_LIVE.where(agents.c.id == sa.bindparam("agent")))
_blocks_of = Prepared(_BLOCK_LINKS.where(agent_blocks.c.agent_id == sa.bindparam("agent")))
_tools_of = Prepared(_TOOL_LINKS.where(agent_tools.c.agent_id == sa.bindparam("agent")))
_largest = Prepared(
    sa.select(sa.func.max(agents.c.context_window)).where(
        agents.c.model == sa.bindparam("model"), agents.c.deleted_at.is_(None)
    )
)


@dataclass(frozen=True)
class SqlAgents:
    db: Connection

    def get(self, agent_id: str) -> Agent:
        agent = self.find(agent_id)
        if agent is None:
            raise missing("agent", agent_id)
        return agent

    def find(self, agent_id: str) -> Agent | None:
        own = {"agent": agent_id}
        row = first_row(self.db, _agent, own)
        if row is None:
            return None
        held, used = _links(self.db, _blocks_of, own), _links(self.db, _tools_of, own)
        return mapping.agent_of(row, tuple(held.get(agent_id, ())), tuple(used.get(agent_id, ())))

    def list(self) -> tuple[Agent, ...]:
        return self._filled(all_rows(self.db, _LIVE))

    def add(self, agent: Agent) -> None:
        add(self.db, agents, mapping.agent_values(agent))
        self._link(agent)

    def save(self, agent: Agent) -> None:
        update(self.db, agents, agent.id, mapping.agent_values(agent))
        self._link(agent)

    def delete(self, agent_id: str, at: Micros) -> None:
        update(self.db, agents, agent_id, {"deleted_at": at})

    def deleted(self) -> tuple[DeletedAgent, ...]:
        found = sa.select(agents).where(agents.c.deleted_at.is_not(None)).order_by(agents.c.deleted_at.desc())
        rows = all_rows(self.db, found)
        pairs = zip(self._filled(rows), rows, strict=True)
        return tuple(DeletedAgent(agent=agent, at=row["deleted_at"]) for agent, row in pairs)

    def undelete(self, agent_id: str) -> None:
        update(self.db, agents, agent_id, {"deleted_at": None})

    def holding(self, block_id: str) -> tuple[str, ...]:
        found = (
            sa.select(agents.c.id)
            .join(agent_blocks, agent_blocks.c.agent_id == agents.c.id)
            .where(agent_blocks.c.block_id == block_id, agents.c.deleted_at.is_(None))
            .order_by(agents.c.seq)
        )
        return tuple(self.db.execute(found).scalars())

    def largest_window(self, model: str) -> int | None:
        return scalar(self.db, _largest, {"model": model})

    def _filled(self, rows: Sequence[Row]) -> tuple[Agent, ...]:
        ids = [row["id"] for row in rows]
        held = _links(self.db, _BLOCK_LINKS.where(agent_blocks.c.agent_id.in_(ids)))
        used = _links(self.db, _TOOL_LINKS.where(agent_tools.c.agent_id.in_(ids)))
        return tuple(
            mapping.agent_of(row, tuple(held.get(row["id"], ())), tuple(used.get(row["id"], ()))) for row in rows
        )

    def _link(self, agent: Agent) -> None:
        self._link_blocks(agent.id, tuple(dict.fromkeys(agent.block_ids)))
        self._link_tools(agent.id, tuple(dict.fromkeys(agent.tool_names)))

    def _link_blocks(self, agent_id: str, block_ids: tuple[str, ...]) -> None:
        now = _links(self.db, _blocks_of, {"agent": agent_id}).get(agent_id, [])
        if tuple(now) == block_ids:
            return
        of_this = agent_blocks.c.agent_id == agent_id
        self.db.execute(agent_blocks.delete().where(of_this, agent_blocks.c.block_id.in_((*now, *block_ids))))
        known = set(self.db.execute(sa.select(blocks.c.id).where(blocks.c.id.in_(block_ids))).scalars())
        for block_id in block_ids:
            if block_id not in known:
                raise missing("block", block_id)
        links = [{"agent_id": agent_id, "block_id": i, "position": at} for at, i in enumerate(block_ids)]
        add(self.db, agent_blocks, *links)

    def _link_tools(self, agent_id: str, names: tuple[str, ...]) -> None:
        now = _links(self.db, _tools_of, {"agent": agent_id}).get(agent_id, [])
        if tuple(now) == names:
            return
        self.db.execute(agent_tools.delete().where(agent_tools.c.agent_id == agent_id))
        found = sa.select(tools.c.name, tools.c.id).where(tools.c.name.in_(names))
        ids = {row.name: row.id for row in self.db.execute(found)}
        for name in names:
            if name not in ids:
                raise NotFound(f"There is no tool named {name}.", details={"kind": "tool", "name": name})
        links = [{"agent_id": agent_id, "tool_id": ids[name], "position": at} for at, name in enumerate(names)]
        add(self.db, agent_tools, *links)


def _links(db: Connection, statement: sa.Select | Prepared, values: Bound = None) -> dict[str, list[str]]:
    """What is linked to each agent, in order."""
    links: dict[str, list[str]] = {}
    for row in all_rows(db, statement, values):
        links.setdefault(row["agent_id"], []).append(row["linked"])
    return links
