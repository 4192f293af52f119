"""Edits of memory that wait for a person's yes."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database import mapping
from app.adapters.database.prepared import Prepared
from app.adapters.database.rows import add, all_rows, first_row, missing, update
from app.adapters.database.tables import proposals
from app.domain.proposal import MemoryProposal

_open_in = Prepared(
    sa.select(proposals)
    .where(proposals.c.conversation_id == sa.bindparam("conversation"), proposals.c.status == "open")
    .order_by(proposals.c.seq)
)


@dataclass(frozen=True)
class SqlProposals:
    db: Connection

    def get(self, proposal_id: str) -> MemoryProposal:
        row = first_row(self.db, sa.select(proposals).where(proposals.c.id == proposal_id))
        if row is None:
            raise missing("proposal", proposal_id)
        return mapping.proposal_of(row)

    def add(self, proposal: MemoryProposal) -> None:
        add(self.db, proposals, mapping.proposal_values(proposal))

    def save(self, proposal: MemoryProposal) -> None:
        update(self.db, proposals, proposal.id, mapping.proposal_values(proposal))

    def open_in(self, conversation_id: str) -> tuple[MemoryProposal, ...]:
        rows = all_rows(self.db, _open_in, {"conversation": conversation_id})
        return tuple(mapping.proposal_of(row) for row in rows)
