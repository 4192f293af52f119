"""Blocks; which agents hold them is the agents' matter."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database import mapping
from app.adapters.database.known_rows import NOTHING_KNOWN, NothingKnown
from app.adapters.database.prepared import Prepared
from app.adapters.database.rows import add, all_rows, first_row, missing, update
from app.adapters.database.tables import agent_blocks, blocks
from app.domain.base import Micros
from app.domain.block import Block

_LIVE = sa.select(blocks).where(blocks.c.deleted_at.is_(None))
_one = Prepared(_LIVE.where(blocks.c.id == sa.bindparam("block")))
_of_agent = Prepared(
    _LIVE.join(agent_blocks, agent_blocks.c.block_id == blocks.c.id)
    .where(agent_blocks.c.agent_id == sa.bindparam("agent"))
    .order_by(agent_blocks.c.position, blocks.c.seq)
)


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

    def list(self) -> tuple[Block, ...]:
        return tuple(mapping.block_of(row) for row in all_rows(self.db, _LIVE.order_by(blocks.c.seq)))

    def add(self, block: Block) -> None:
        add(self.db, blocks, mapping.block_values(block))
        self.known.forget("block", block.id)

    def save(self, block: Block) -> None:
        update(self.db, blocks, block.id, mapping.block_values(block))
        self.known.forget("block", block.id)

    def delete(self, block_id: str, at: Micros) -> None:
        update(self.db, blocks, block_id, {"deleted_at": at})
        self.known.forget_all()  # all agents that hold it

    def undelete(self, block_id: str) -> None:
        update(self.db, blocks, block_id, {"deleted_at": None})
        self.known.forget_all()


def _weight(block: Block | None) -> int:
    return 0 if block is None else len(block.value) + len(block.description) + len(str(block.metadata))
