"""Agents with their attached blocks and tools."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database import links, mapping
from app.adapters.database.known_rows import NOTHING_KNOWN, NothingKnown
from app.adapters.database.paging import Orders, contains, page_of, tagged_with
from app.adapters.database.prepared import Bound, Prepared, Row
from app.adapters.database.repositories.tools import SqlTools
from app.adapters.database.rows import add, all_rows, first_row, missing, scalar, update
from app.adapters.database.tables import (
    agent_blocks,
    agent_identities,
    agent_tools,
    agents,
    blocks,
    identities,
    tagged,
    tools,
)
from app.domain.agent import Agent, DeletedAgent
from app.domain.base import Micros
from app.domain.error import NotFound
from app.domain.page import ALL_AGENTS, OLDEST_FIRST, AgentFilter, Order, PageRequest
from app.ports.storage import AgentEmbedder

_LIVE = sa.select(agents).where(agents.c.deleted_at.is_(None)).order_by(agents.c.seq)
_LISTED = sa.and_(agents.c.deleted_at.is_(None), agents.c.hidden.is_(sa.false()))
_ORDERS: Orders = {
    "created_at": (agents.c.seq,),
    "updated_at": (agents.c.updated_at, agents.c.seq),
    "last_run_completion": (agents.c.last_run_at, agents.c.seq),
    "activity": (agents.c.pinned, agents.c.active_at, agents.c.seq),
}
_DELETED: Orders = {"deleted_at": (agents.c.deleted_at, agents.c.seq)}
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
_blocks_of_some = Prepared(_BLOCK_LINKS.where(agent_blocks.c.agent_id.in_(sa.bindparam("agents", expanding=True))))
_tools_of_some = Prepared(_TOOL_LINKS.where(agent_tools.c.agent_id.in_(sa.bindparam("agents", expanding=True))))
_holders = Prepared(
    sa.select(agent_blocks.c.block_id.label("held"), agents.c.id)
    .join(agents, agents.c.seq == agent_blocks.c.agent_seq)
    .where(agent_blocks.c.block_id.in_(sa.bindparam("blocks", expanding=True)), agents.c.deleted_at.is_(None))
    .order_by(agent_blocks.c.block_id, agent_blocks.c.agent_seq)
)
_connected = Prepared(
    sa.select(agent_identities.c.identity_id.label("held"), agents.c.id)
    .join(agents, agents.c.seq == agent_identities.c.agent_seq)
    .where(agent_identities.c.identity_id.in_(sa.bindparam("identities", expanding=True)))
    .order_by(agent_identities.c.identity_id, agent_identities.c.agent_seq)
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
_seq = Prepared(sa.select(agents.c.seq).where(agents.c.id == sa.bindparam("agent")))
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

    def list(self, wanted: AgentFilter = ALL_AGENTS, page: PageRequest = OLDEST_FIRST) -> tuple[Agent, ...]:
        found, along = _found(self.db, wanted, page.order)
        return self._filled(page_of(self.db, found, agents, _ORDERS, page, along))

    def count(self, wanted: AgentFilter = ALL_AGENTS) -> int:
        found, _ = _found(self.db, wanted)
        return scalar(self.db, found.with_only_columns(sa.func.count(), maintain_column_froms=True))

    def embedders(self, agent_id: str | None = None) -> tuple[AgentEmbedder, ...]:
        found = sa.select(agents.c.seq, agents.c.id, agents.c.extras).where(agents.c.deleted_at.is_(None))
        if agent_id is not None:
            found = found.where(agents.c.id == agent_id)
        return tuple(
            AgentEmbedder(row["seq"], row["id"], mapping.from_json(row["extras"]).get("embedding"))
            for row in all_rows(self.db, found)
        )

    def add(self, agent: Agent) -> None:
        add(self.db, agents, {**mapping.agent_values(agent), "active_at": agent.created_at})
        self._changed(agent.id)
        self._link_blocks(agent.id, (), _once(agent.block_ids))
        self._link_tools(agent.id, (), _once(agent.tool_names))
        if agent.tags or agent.extras.identity_ids:
            self._index(agent)

    def save(self, agent: Agent) -> None:
        known: Agent | None = self.known.find("agent", agent.id)
        before = self._linked(agent.id)
        update(self.db, agents, agent.id, mapping.agent_values(agent))
        self._changed(agent.id)
        self._link_blocks(agent.id, before[0], _once(agent.block_ids))
        self._link_tools(agent.id, before[1], _once(agent.tool_names))
        self._index(agent, known)

    def delete(self, agent_id: str, at: Micros) -> None:
        update(self.db, agents, agent_id, {"deleted_at": at})
        self._changed(agent_id)
        links.tag(self.db, "agent", agent_id, ())
        links.connect(self.db, agent_id, ())

    def deleted(self, page: PageRequest) -> tuple[DeletedAgent, ...]:
        rows = page_of(self.db, sa.select(agents).where(agents.c.deleted_at.is_not(None)), agents, _DELETED, page)
        pairs = zip(self._filled(rows), rows, strict=True)
        return tuple(DeletedAgent(agent=agent, at=row["deleted_at"]) for agent, row in pairs)

    def find_deleted(self, agent_id: str) -> Agent | None:
        found = sa.select(agents).where(agents.c.id == agent_id, agents.c.deleted_at.is_not(None))
        return next(iter(self._filled(all_rows(self.db, found))), None)

    def undelete(self, agent_id: str) -> None:
        update(self.db, agents, agent_id, {"deleted_at": None})
        self._changed(agent_id)
        self._index(self.get(agent_id))

    def holding(self, block_id: str) -> tuple[str, ...]:
        return self.holders((block_id,)).get(block_id, ())

    def holders(self, block_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        return _grouped(_holders.all(self.db, {"blocks": block_ids}))

    def connected(self, identity_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        return _grouped(_connected.all(self.db, {"identities": identity_ids}))

    def largest_window(self, model: str) -> int | None:
        largest = self.known.recall("largest windows", "", lambda: dict[str, int | None]())
        if model not in largest:
            largest[model] = scalar(self.db, _largest, {"model": model})
        return largest[model]

    def _filled(self, rows: Sequence[Row]) -> tuple[Agent, ...]:
        these = {"agents": [row["id"] for row in rows]}
        held, used = _links(self.db, _blocks_of_some, these), _links(self.db, _tools_of_some, these)
        return tuple(
            mapping.agent_of(row, tuple(held.get(row["id"], ())), tuple(used.get(row["id"], ()))) for row in rows
        )

    def _changed(self, agent_id: str) -> None:
        self.known.forget("agent", agent_id)
        self.known.forget("holding blocks", agent_id)
        self.known.forget("largest windows", "")

    def _index(self, agent: Agent, before: Agent | None = None) -> None:
        """What lists find it by. `before`: as it was, where that is known."""
        if before is None or before.tags != agent.tags:
            links.tag(self.db, "agent", agent.id, agent.tags)
        if before is None or before.extras.identity_ids != agent.extras.identity_ids:
            links.connect(self.db, agent.id, agent.extras.identity_ids)

    def _link_blocks(self, agent_id: str, now: tuple[str, ...], block_ids: tuple[str, ...]) -> None:
        if now == block_ids:
            return
        _unlink.run_many(self.db, [{"agent": agent_id, "block": one} for one in _once((*now, *block_ids))])
        for block_id in block_ids:
            if _block.scalar(self.db, {"block": block_id}) is None:
                raise missing("block", block_id)
        seq = _seq.scalar(self.db, {"agent": agent_id})
        own = {"agent_id": agent_id, "agent_seq": seq}
        add(self.db, agent_blocks, *({**own, "block_id": i, "position": at} for at, i in enumerate(block_ids)))

    def _link_tools(self, agent_id: str, now: tuple[str, ...], names: tuple[str, ...]) -> None:
        if now == names:
            return
        if now:
            _unlink_tools.run(self.db, {"agent": agent_id})
        ids = {tool.name: tool.id for tool in SqlTools(self.db, self.known).by_names(names)}
        for name in names:
            if name not in ids:
                raise NotFound(f"There is no tool named {name}.", details={"kind": "tool", "name": name})
        own = [{"agent_id": agent_id, "tool_id": ids[name], "position": at} for at, name in enumerate(names)]
        add(self.db, agent_tools, *own)


def _once(ids: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ids))


def _weight(agent: Agent | None) -> int:
    return 0 if agent is None else len(agent.system) + len(str(agent.metadata)) + len(str(agent.extras))


def _links(db: Connection, statement: Prepared, values: Bound) -> dict[str, list[str]]:
    """What is linked to each agent, in order."""
    found: dict[str, list[str]] = {}
    for row in statement.all(db, values):
        found.setdefault(row["agent_id"], []).append(row["linked"])
    return found


def _grouped(rows: Sequence[Row]) -> dict[str, tuple[str, ...]]:
    """Ids of agents by what they hold."""
    held: dict[str, list[str]] = {}
    for row in rows:
        held.setdefault(row["held"], []).append(row["id"])
    return {key: tuple(ids) for key, ids in held.items()}


def _found(
    db: Connection, wanted: AgentFilter, order: Order = "created_at"
) -> tuple[sa.Select[Any], sa.ColumnElement[int] | None]:
    """A list by creation that needs one link is read along that link: walking the agents would read those without."""
    found = sa.select(agents)
    if order == "created_at":
        for link, key, given in (
            (agent_blocks.c, agent_blocks.c.block_id, wanted.block_id),
            (agent_identities.c, agent_identities.c.identity_id, wanted.identity_id),
        ):
            if given is not None:
                along = found.join(link.agent_seq.table, link.agent_seq == agents.c.seq).where(key == given)
                return along.where(*_conditions(wanted)), link.agent_seq
        tag = links.rarest(db, "agent", wanted.tags, wanted.all_tags)
        if tag is not None:
            along = found.join(tagged, tagged.c.seq == agents.c.seq)
            along = along.where(tagged.c.kind == "agent", tagged.c.tag == tag)
            return along.where(*_conditions(wanted)), tagged.c.seq
    return found.where(*_conditions(wanted)), None


def _conditions(wanted: AgentFilter) -> list[sa.ColumnElement[bool]]:
    row = agents.c
    found = [_LISTED, *tagged_with(tagged, "agent", row.seq, wanted.tags, wanted.all_tags)]
    if wanted.ids is not None:
        found.append(row.id.in_(wanted.ids))
    if wanted.name is not None:
        found.append(row.name == wanted.name)
    if wanted.search is not None:
        found.append(contains(row.name, wanted.search))
    if wanted.last_stop_reason is not None:
        found.append(row.last_stop_reason == wanted.last_stop_reason)
    if wanted.block_id is not None:
        held = agent_blocks.alias()
        one = sa.select(held.c.block_id).where(held.c.agent_id == row.id, held.c.block_id == wanted.block_id)
        found.append(one.exists())
    if wanted.identity_id is not None or wanted.identifier_keys:
        own = agent_identities.alias()
        one = sa.select(own.c.identity_id).where(own.c.agent_seq == row.seq)
        if wanted.identity_id is not None:
            found.append(one.where(own.c.identity_id == wanted.identity_id).exists())
        if wanted.identifier_keys:
            known = sa.select(identities.c.id).where(
                identities.c.identifier_key.in_(wanted.identifier_keys), identities.c.deleted_at.is_(None)
            )
            found.append(one.where(own.c.identity_id.in_(known)).exists())
    return found
