"""Edits of memory that wait for a person's yes."""

from app.adapters.database.mapping.values import Values, same
from app.adapters.database.prepared import Row
from app.domain.proposal import MemoryProposal

_PROPOSAL = tuple(MemoryProposal.model_fields)


def proposal_values(proposal: MemoryProposal) -> Values:
    return {name: getattr(proposal, name) for name in _PROPOSAL}


def proposal_of(row: Row) -> MemoryProposal:
    return MemoryProposal(**same(row, *_PROPOSAL))
