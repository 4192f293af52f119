"""A proposal: an edit of memory that waits for a person's yes, for models that do not edit by themselves."""

from typing import Literal

from app.domain.base import Frozen, Micros

ProposalStatus = Literal["open", "accepted", "declined"]


class MemoryProposal(Frozen):
    """One line of a block exchanged for another, added or removed. Nothing changes before it is accepted."""

    id: str
    agent_id: str
    conversation_id: str
    run_id: str = ""
    """The reply after which it was made; empty where another program's assistant proposes it."""
    message_id: str = ""
    """The person's message that asks for it."""
    client: str = ""
    """The assistant that proposes it, by its name; empty: the memory helper does."""
    block_id: str
    label: str
    """The block's, when it was made."""
    old: str = ""
    """The line as it stood; empty: a line is added at the end."""
    new: str = ""
    """What it becomes; empty: the line goes."""
    status: ProposalStatus = "open"
    change_seq: int | None = None
    """The change in the history that accepting it made."""
    created_at: Micros

    def applied_to(self, value: str) -> str | None:
        """The block's text with the edit; None where the line is no longer there, or the new one already is."""
        lines = value.split("\n")
        if not self.old:
            return None if self.new in lines else "\n".join((*(lines if value else ()), self.new))
        if self.old not in lines:
            return None
        at = lines.index(self.old)
        return "\n".join((*lines[:at], *((self.new,) if self.new else ()), *lines[at + 1 :]))
