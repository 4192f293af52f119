"""Blocks; which agents hold them is the agents' matter."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database import mapping
from app.adapters.database.prepared import Prepared
from app.adapters.database.rows import add, all_rows, first_row, missing, update
from app.adapters.database.tables import agent_blocks, blocks
from app.domain.base import Micros
from app.domain.block import Block

_LIVE = sa.select(blocks).where(blocks.c.deleted_at.is_(None))
_of_agent = Prepared(
    _LIVE.join(agent_blocks, agent_blocks.c.block_id == blocks.c.id)
    .where(agent_blocks.c.agent_id == sa.bindparam("agent"))
    .order_by(agent_blocks.c.position, blocks.c.seq)
)


@dataclass(frozen=True)
class SqlBlocks:
    db: Connection

    def get(self, block_id: str) -> Block:
        block = self.find(block_id)
        if block is None:
            raise missing("block", block_id)
        return block

    def find(self, block_id: str) -> Block | None:
        row = first_row(self.db, _LIVE.where(blocks.c.id == block_id))
        return None if row is None else mapping.block_of(row)

    def of_agent(self, agent_id: str) -> tuple[Block, ...]:
        return tuple(mapping.block_of(row) for row in all_rows(self.db, _of_agent, {"agent": agent_id}))

    def list(self) -> tuple[Block, ...]:
        return tuple(mapping.block_of(row) for row in all_rows(self.db, _LIVE.order_by(blocks.c.seq)))

    def add(self, block: Block) -> None:
        add(self.db, blocks, mapping.block_values(block))

    def save(self, block: Block) -> None:
        update(self.db, blocks, block.id, mapping.block_values(block))

    def delete(self, block_id: str, at: Micros) -> None:
        update(self.db, blocks, block_id, {"deleted_at": at})

    def undelete(self, block_id: str) -> None:
        update(self.db, blocks, block_id, {"deleted_at": None})
