"""Conversations: threads, branches, and which messages they show."""

from typing import Protocol

from app.domain.base import Micros
from app.domain.conversation import Conversation, DeletedConversation


class ConversationRepository(Protocol):
    def get(self, conversation_id: str) -> Conversation: ...
    def default_of(self, agent_id: str) -> Conversation:
        """The agent's default thread (a root row)."""
        ...

    def of_agent(self, agent_id: str) -> tuple[Conversation, ...]:
        """Threads and branches, oldest first."""
        ...

    def of_thread(self, root_id: str) -> tuple[Conversation, ...]:
        """A thread and its branches, oldest first."""
        ...

    def add(self, conversation: Conversation) -> None: ...
    def save(self, conversation: Conversation) -> None: ...
    def delete(self, conversation_id: str, at: Micros) -> None:
        """Soft; a thread takes its branches with it."""
        ...

    def deleted(self) -> tuple[DeletedConversation, ...]:
        """Threads of living agents that can be brought back, last deleted first."""
        ...

    def undelete(self, conversation_id: str) -> None: ...
    def copy_members(self, source_id: str, target_id: str, before_position: int) -> int:
        """Copies the membership rows before a position (messages themselves are shared). Returns how many."""
        ...
