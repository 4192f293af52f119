"""Blocks; which agents hold them is the agents' matter."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database import links, mapping
from app.adapters.database.known_rows import NOTHING_KNOWN, NothingKnown
from app.adapters.database.paging import Orders, contains, page_of, tagged_with
from app.adapters.database.prepared import Prepared
from app.adapters.database.rows import add, all_rows, first_row, missing, scalar, update
from app.adapters.database.tables import agent_blocks, agents, blocks, identities, tagged
from app.domain.base import Micros
from app.domain.block import Block
from app.domain.page import ALL_BLOCKS, OLDEST_FIRST, BlockFilter, PageRequest

_LIVE = sa.select(blocks).where(blocks.c.deleted_at.is_(None))
_one = Prepared(_LIVE.where(blocks.c.id == sa.bindparam("block")))
_some = Prepared(_LIVE.where(blocks.c.id.in_(sa.bindparam("ids", expanding=True))))
_of_agent = Prepared(
    _LIVE.join(agent_blocks, agent_blocks.c.block_id == blocks.c.id)
    .where(agent_blocks.c.agent_id == sa.bindparam("agent"))
    .order_by(agent_blocks.c.position, blocks.c.seq)
)

_ORDERS: Orders = {"created_at": (blocks.c.seq,)}


@dataclass(frozen=True)
class SqlBlocks:
    db: Connection
    known: NothingKnown = NOTHING_KNOWN

    def get(self, block_id: str) -> Block:
        block = self.find(block_id)
        if block is None:
            raise missing("block", block_id)
        return block

    def find(self, block_id: str) -> Block | None:
        return self.known.recall("block", block_id, lambda: self._read(block_id), _weight)

    def _read(self, block_id: str) -> Block | None:
        row = first_row(self.db, _one, {"block": block_id})
        return None if row is None else mapping.block_of(row)

    def of_agent(self, agent_id: str) -> tuple[Block, ...]:
        held: tuple[str, ...] | None = self.known.find("holding blocks", agent_id)
        if held is not None:
            return tuple(block for one in held if (block := self.find(one)) is not None)
        found = tuple(mapping.block_of(row) for row in all_rows(self.db, _of_agent, {"agent": agent_id}))
        self.known.keep("holding blocks", agent_id, tuple(block.id for block in found))
        for block in found:
            self.known.keep("block", block.id, block, _weight(block))
        return found

    def many(self, block_ids: Sequence[str]) -> tuple[Block, ...]:
        return tuple(mapping.block_of(row) for row in _some.all(self.db, {"ids": block_ids}))

    def list(self, wanted: BlockFilter = ALL_BLOCKS, page: PageRequest = OLDEST_FIRST) -> tuple[Block, ...]:
        found, along = self._found(wanted)
        return tuple(mapping.block_of(row) for row in page_of(self.db, found, blocks, _ORDERS, page, along))

    def count(self, wanted: BlockFilter = ALL_BLOCKS) -> int:
        found, _ = self._found(wanted)
        return scalar(self.db, found.with_only_columns(sa.func.count(), maintain_column_froms=True))

    def add(self, block: Block) -> None:
        add(self.db, blocks, mapping.block_values(block))
        self.known.forget("block", block.id)
        if block.tags:
            links.tag(self.db, "block", block.id, block.tags)

    def save(self, block: Block) -> None:
        before: Block | None = self.known.find("block", block.id)
        update(self.db, blocks, block.id, mapping.block_values(block))
        self.known.forget("block", block.id)
        if before is None or before.tags != block.tags:
            links.tag(self.db, "block", block.id, block.tags)

    def delete(self, block_id: str, at: Micros) -> None:
        update(self.db, blocks, block_id, {"deleted_at": at})
        self.known.forget_all()  # all agents that hold it
        links.tag(self.db, "block", block_id, ())

    def undelete(self, block_id: str) -> None:
        update(self.db, blocks, block_id, {"deleted_at": None})
        self.known.forget_all()
        links.tag(self.db, "block", block_id, self.get(block_id).tags)

    def _found(self, wanted: BlockFilter) -> tuple[sa.Select[Any], sa.ColumnElement[int] | None]:
        """A list that needs a tag is read along it: walking the blocks would read those without."""
        found = sa.select(blocks).where(*self._conditions(wanted))
        tag = links.rarest(self.db, "block", wanted.tags, wanted.all_tags)
        if tag is None:
            return found, None
        along = found.join(tagged, tagged.c.seq == blocks.c.seq)
        along = along.where(tagged.c.kind == "block", tagged.c.tag == tag)
        return along, tagged.c.seq

    def _conditions(self, wanted: BlockFilter) -> Sequence[sa.ColumnElement[bool]]:
        row = blocks.c
        found = [row.deleted_at.is_(None), *tagged_with(tagged, "block", row.seq, wanted.tags, wanted.all_tags)]
        if wanted.ids is not None:
            found.append(row.id.in_(wanted.ids))
        if wanted.hidden is not None:
            found.append(row.hidden.is_(wanted.hidden))
        if wanted.label is not None:
            found.append(row.label == wanted.label)
        for column, part in (
            (row.label, wanted.label_search),
            (row.description, wanted.description_search),
            (row.value, wanted.value_search),
        ):
            if part is not None:
                found.append(contains(column, part))
        if wanted.agent_id is not None:
            held = sa.select(agent_blocks.c.block_id).where(agent_blocks.c.agent_id == wanted.agent_id)
            found.append(row.id.in_(held))
        if wanted.identity_id is not None or wanted.identifier_keys:
            found.append(row.id.in_(self._of_identities(wanted)))
        return [*found, *_held(wanted), *_of_people(wanted)]

    def _of_identities(self, wanted: BlockFilter) -> set[str]:
        known = identities.c
        meant = sa.or_(known.id == wanted.identity_id, known.identifier_key.in_(wanted.identifier_keys))
        listed = self.db.execute(sa.select(known.block_ids).where(known.deleted_at.is_(None), meant)).scalars()
        return {block_id for text in listed for block_id in mapping.from_json(text)}


def _held(wanted: BlockFilter) -> list[sa.ColumnElement[bool]]:
    """Conditions on the number of agents that hold a block."""
    link = agent_blocks.alias()
    holders = (
        sa.select(sa.func.count())
        .select_from(link)
        .join(agents, agents.c.seq == link.c.agent_seq)
        .where(link.c.block_id == blocks.c.id, agents.c.deleted_at.is_(None))
        .correlate(blocks)
        .scalar_subquery()
    )
    found: list[sa.ColumnElement[bool]] = []
    if wanted.more_holders_than is not None:
        found.append(holders > wanted.more_holders_than)
    if wanted.fewer_holders_than is not None:
        found.append(holders < wanted.fewer_holders_than)
    if wanted.holders:
        found.append(holders.in_(wanted.holders))
    return found


def _of_people(wanted: BlockFilter) -> list[sa.ColumnElement[bool]]:
    """Conditions on who holds a block."""
    link = agent_blocks.alias()
    held = sa.select(link.c.block_id).where(link.c.block_id == blocks.c.id).correlate(blocks)
    living = held.join(agents, agents.c.seq == link.c.agent_seq).where(agents.c.deleted_at.is_(None))
    found: list[sa.ColumnElement[bool]] = []
    if wanted.search is not None:
        part = wanted.search
        named = living.where(contains(agents.c.name, part)).exists()
        found.append(sa.or_(contains(blocks.c.label, part), contains(blocks.c.value, part), named))
    if wanted.shareable_with is not None:
        found.append(~held.where(link.c.agent_id == wanted.shareable_with).exists())
        found.append(sa.or_(living.exists(), ~held.exists()))
    return found


def _weight(block: Block | None) -> int:
    return 0 if block is None else len(block.value) + len(block.description) + len(str(block.metadata))
