"""Edits of memory that wait for a person's yes."""

from typing import Protocol

from app.domain.proposal import MemoryProposal


class ProposalRepository(Protocol):
    def get(self, proposal_id: str) -> MemoryProposal:
        """Raises `NotFound`."""
        ...

    def add(self, proposal: MemoryProposal) -> None:
        """Stores a new one."""
        ...

    def save(self, proposal: MemoryProposal) -> None:
        """Writes all fields as given."""
        ...

    def open_in(self, conversation_id: str) -> tuple[MemoryProposal, ...]:
        """Those of a conversation that nobody has answered, oldest first."""
        ...
