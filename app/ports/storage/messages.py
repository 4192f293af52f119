"""Messages, and which of them a model sees."""

from collections.abc import Sequence
from typing import Protocol

from app.domain.base import Micros
from app.domain.message import Member, Message


class MessageRepository(Protocol):
    def get(self, message_id: str) -> Message:
        """Raises `NotFound`."""
        ...

    def find_otid(self, agent_id: str, otid: str) -> Message | None:
        """The message that a client of this agent sent under its own id."""
        ...

    def append(self, conversation_id: str, message: Message) -> int:
        """Stores the message at the end of the conversation and in the search index. Returns its position.

        An `approval` message never enters the context window.
        """
        ...

    def put_at(self, conversation_id: str, position: int, message: Message) -> None:
        """Stores a new message and shows it in place of the one at this position, in this conversation alone."""
        ...

    def in_context(self, conversation_id: str) -> tuple[Member, ...]:
        """What the model sees, oldest first, but a summary before all else. Cost depends on the window alone."""
        ...

    def first_in_context(self, conversation_id: str) -> int | None:
        """The position of the oldest message that the model sees."""
        ...

    def leave_context(self, conversation_id: str, before_position: int, left_seq: int) -> int:
        """Takes all messages before a position, and a summary, out of the window. Returns how many left."""
        ...

    def reenter_context(self, conversation_id: str, left_seq: int, summary_position: int) -> int:
        """Undoes that: what left then is in the window again, the summary that came for it is not. Returns how many."""
        ...

    def reenter(self, conversation_id: str, position: int) -> None:
        """Shows the model the message at this position again."""
        ...

    def show_only(self, conversation_id: str, positions: Sequence[int]) -> None:
        """Takes all other messages of a conversation out of its window."""
        ...

    def position_of(self, conversation_id: str, message_id: str) -> int | None:
        """Where a conversation shows a message; None where it does not."""
        ...

    def last_until(self, conversation_id: str, at: Micros) -> int:
        """The position of the last message that had been said by then; 0 where nothing had."""
        ...

    def page(
        self, conversation_id: str, *, before: int | None = None, after: int | None = None, limit: int = 50
    ) -> tuple[Member, ...]:
        """Members before (or after) a position, oldest first inside the page; without either the newest."""
        ...

    def count(self, conversation_id: str) -> int:
        """How many messages a conversation shows, in its context window or not."""
        ...

    def last_of_agents(self, agent_ids: Sequence[str]) -> dict[str, Message]:
        """Newest user or assistant message with text of each of these agents, by agent id."""
        ...

    def of_run(self, run_id: str) -> tuple[Message, ...]:
        """The messages of a run, oldest first."""
        ...

    def run_ids(self, conversation_id: str, from_position: int) -> tuple[str, ...]:
        """The runs whose messages stand at a position or later."""
        ...
