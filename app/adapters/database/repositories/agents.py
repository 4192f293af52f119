"""Agents with their attached blocks and tools."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database import mapping
from app.adapters.database.known_rows import NOTHING_KNOWN, NothingKnown
from app.adapters.database.prepared import Bound, Prepared, Row
from app.adapters.database.repositories.tools import SqlTools
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
_block = Prepared(sa.select(blocks.c.id).where(blocks.c.id == sa.bindparam("block")))
_unlink = Prepared(
    agent_blocks.delete().where(
        agent_blocks.c.agent_id == sa.bindparam("agent"), agent_blocks.c.block_id == sa.bindparam("block")
    )
)
_unlink_tools = Prepared(agent_tools.delete().where(agent_tools.c.agent_id == sa.bindparam("agent")))
_largest = Prepared(
    sa.select(sa.func.max(agents.c.context_window)).where(
        agents.c.model == sa.bindparam("model"), agents.c.deleted_at.is_(None)
    )
)


@dataclass(frozen=True)
class SqlAgents:
    db: Connection
    known: NothingKnown = NOTHING_KNOWN

    def get(self, agent_id: str) -> Agent:
        agent = self.find(agent_id)
        if agent is None:
            raise missing("agent", agent_id)
        return agent

    def find(self, agent_id: str) -> Agent | None:
        return self.known.recall("agent", agent_id, lambda: self._read(agent_id), _weight)

    def _read(self, agent_id: str) -> Agent | None:
        row = first_row(self.db, _agent, {"agent": agent_id})
        return None if row is None else mapping.agent_of(row, *self._linked(agent_id))

    def _linked(self, agent_id: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Its blocks and its tools, whether or not it is deleted."""
        known: Agent | None = self.known.find("agent", agent_id)
        if known is not None:
            return known.block_ids, known.tool_names
        own = {"agent": agent_id}
        held, used = _links(self.db, _blocks_of, own), _links(self.db, _tools_of, own)
        return tuple(held.get(agent_id, ())), tuple(used.get(agent_id, ()))

    def list(self) -> tuple[Agent, ...]:
        return self._filled(all_rows(self.db, _LIVE))

    def add(self, agent: Agent) -> None:
        add(self.db, agents, mapping.agent_values(agent))
        self._changed(agent.id)
        self._link_blocks(agent.id, (), _once(agent.block_ids))
        self._link_tools(agent.id, (), _once(agent.tool_names))

    def save(self, agent: Agent) -> None:
        before = self._linked(agent.id)
        update(self.db, agents, agent.id, mapping.agent_values(agent))
        self._changed(agent.id)
        self._link_blocks(agent.id, before[0], _once(agent.block_ids))
        self._link_tools(agent.id, before[1], _once(agent.tool_names))

    def delete(self, agent_id: str, at: Micros) -> None:
        update(self.db, agents, agent_id, {"deleted_at": at})
        self._changed(agent_id)

    def deleted(self) -> tuple[DeletedAgent, ...]:
        found = sa.select(agents).where(agents.c.deleted_at.is_not(None)).order_by(agents.c.deleted_at.desc())
        rows = all_rows(self.db, found)
        pairs = zip(self._filled(rows), rows, strict=True)
        return tuple(DeletedAgent(agent=agent, at=row["deleted_at"]) for agent, row in pairs)

    def undelete(self, agent_id: str) -> None:
        update(self.db, agents, agent_id, {"deleted_at": None})
        self._changed(agent_id)

    def holding(self, block_id: str) -> tuple[str, ...]:
        found = (
            sa.select(agents.c.id)
            .join(agent_blocks, agent_blocks.c.agent_id == agents.c.id)
            .where(agent_blocks.c.block_id == block_id, agents.c.deleted_at.is_(None))
            .order_by(agents.c.seq)
        )
        return tuple(self.db.execute(found).scalars())

    def largest_window(self, model: str) -> int | None:
        largest = self.known.recall("largest windows", "", lambda: dict[str, int | None]())
        if model not in largest:
            largest[model] = scalar(self.db, _largest, {"model": model})
        return largest[model]

    def _filled(self, rows: Sequence[Row]) -> tuple[Agent, ...]:
        ids = [row["id"] for row in rows]
        held = _links(self.db, _BLOCK_LINKS.where(agent_blocks.c.agent_id.in_(ids)))
        used = _links(self.db, _TOOL_LINKS.where(agent_tools.c.agent_id.in_(ids)))
        return tuple(
            mapping.agent_of(row, tuple(held.get(row["id"], ())), tuple(used.get(row["id"], ()))) for row in rows
        )

    def _changed(self, agent_id: str) -> None:
        self.known.forget("agent", agent_id)
        self.known.forget("holding blocks", agent_id)
        self.known.forget("largest windows", "")

    def _link_blocks(self, agent_id: str, now: tuple[str, ...], block_ids: tuple[str, ...]) -> None:
        if now == block_ids:
            return
        _unlink.run_many(self.db, [{"agent": agent_id, "block": one} for one in _once((*now, *block_ids))])
        for block_id in block_ids:
            if _block.scalar(self.db, {"block": block_id}) is None:
                raise missing("block", block_id)
        links = [{"agent_id": agent_id, "block_id": i, "position": at} for at, i in enumerate(block_ids)]
        add(self.db, agent_blocks, *links)

    def _link_tools(self, agent_id: str, now: tuple[str, ...], names: tuple[str, ...]) -> None:
        if now == names:
            return
        if now:
            _unlink_tools.run(self.db, {"agent": agent_id})
        ids = {tool.name: tool.id for tool in SqlTools(self.db, self.known).by_names(names)}
        for name in names:
            if name not in ids:
                raise NotFound(f"There is no tool named {name}.", details={"kind": "tool", "name": name})
        links = [{"agent_id": agent_id, "tool_id": ids[name], "position": at} for at, name in enumerate(names)]
        add(self.db, agent_tools, *links)


def _once(ids: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ids))


def _weight(agent: Agent | None) -> int:
    return 0 if agent is None else len(agent.system) + len(str(agent.metadata)) + len(str(agent.extras))


def _links(db: Connection, statement: sa.Select | Prepared, values: Bound = None) -> dict[str, list[str]]:
    """What is linked to each agent, in order."""
    links: dict[str, list[str]] = {}
    for row in all_rows(db, statement, values):
        links.setdefault(row["agent_id"], []).append(row["linked"])
    return links
