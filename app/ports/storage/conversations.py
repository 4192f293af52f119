"""Conversations: threads, branches, and which messages they show."""

from collections.abc import Sequence
from typing import Protocol

from app.domain.base import Micros
from app.domain.conversation import Conversation, ConversationRow, DeletedConversation
from app.domain.page import ConversationFilter, PageRequest


class ConversationRepository(Protocol):
    def get(self, conversation_id: str) -> Conversation:
        """Raises `NotFound`, for a deleted one too."""
        ...

    def default_of(self, agent_id: str) -> Conversation:
        """The agent's default thread (a root row). Raises `NotFound` for an agent that is gone."""
        ...

    def list(self, wanted: ConversationFilter, page: PageRequest) -> tuple[Conversation, ...]:
        """Threads without their branches. Orders: created_at, last_message_at, last_run_completion."""
        ...

    def waiting(self, agent_ids: Sequence[str] | None = None) -> tuple[Conversation, ...]:
        """Threads and branches whose newest message waits for an answer, of living agents; None: of all of them."""
        ...

    def described(self, threads: Sequence[Conversation]) -> tuple[ConversationRow, ...]:
        """These threads with what a list says of each, in the same order. Cost does not depend on their length."""
        ...

    def of_thread(self, root_id: str) -> tuple[Conversation, ...]:
        """A thread and its branches, oldest first."""
        ...

    def add(self, conversation: Conversation) -> None:
        """Stores a new thread, or a branch where it has a root."""
        ...

    def save(self, conversation: Conversation) -> None:
        """Writes all fields as given."""
        ...

    def delete(self, conversation_id: str, at: Micros) -> None:
        """Soft; a thread takes its branches with it."""
        ...

    def deleted(self, page: PageRequest) -> tuple[DeletedConversation, ...]:
        """Threads of living agents that can be brought back. Order: deleted_at."""
        ...

    def undelete(self, conversation_id: str) -> None:
        """A deleted thread with its branches."""
        ...

    def last_said(self, conversation_ids: Sequence[str]) -> dict[str, Micros]:
        """When the last message came of what each shows, by its id; those without messages are missing."""
        ...

    def copy_without(self, source_id: str, target_id: str, first: int, count: int) -> None:
        """Copies all membership rows as they are now but `count` from position `first` on; later ones move up."""
        ...

    def copy_members(self, source_id: str, target_id: str, before_position: int) -> int:
        """Copies the membership rows before a position (messages themselves are shared). Returns how many."""
        ...
