"""Reading long lists by pages, and the few rows that only programs write. Synchronous: inside a transaction."""

from typing import Protocol

from app.domain.base import Micros
from app.domain.identity import Identity
from app.domain.message import Message
from app.domain.page import (
    ALL_IDENTITIES,
    OLDEST_FIRST,
    IdentityFilter,
    MessageFilter,
    PageRequest,
    RunFilter,
    StepFilter,
)
from app.domain.run import Run, Step
from app.domain.turn import RunRequest, StepFeedback


class Pages(Protocol):
    """A cursor that names no row raises `NotFound`. Cost depends on the page, not on the length of the list."""

    def tags(self, search: str, page: PageRequest) -> tuple[str, ...]:
        """Every tag of agents and blocks once, by the alphabet; cursors are tags. `search`: a part, in any case."""
        ...

    def runs(self, wanted: RunFilter, page: PageRequest) -> tuple[Run, ...]:
        """Without those that are no longer listed. Order: created_at."""
        ...

    def steps(self, wanted: StepFilter, page: PageRequest) -> tuple[Step, ...]:
        """Without those of runs that are no longer listed. Order: created_at."""
        ...

    def messages(self, wanted: MessageFilter, page: PageRequest) -> tuple[Message, ...]:
        """Order: created_at."""
        ...

    def last_runs(self, agent_ids: tuple[str, ...]) -> dict[str, Run]:
        """The newest ended run of each agent, by agent id."""
        ...

    def in_context_ids(self, conversation_ids: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        """Ids of the messages in the context window of each conversation, oldest first."""
        ...

    def default_threads(self, agent_ids: tuple[str, ...]) -> dict[str, tuple[str, str]]:
        """The default thread of each agent and the conversation that it shows, by agent id."""
        ...

    def threads(self, conversation_ids: tuple[str, ...]) -> dict[str, str | None]:
        """The thread that each conversation belongs to; None for an agent's default thread."""
        ...


class IdentityRepository(Protocol):
    def get(self, identity_id: str) -> Identity:
        """Raises `NotFound`, for a deleted one too."""
        ...

    def keyed(self, identifier_key: str) -> Identity | None:
        """The one with this key."""
        ...

    def list(self, wanted: IdentityFilter = ALL_IDENTITIES, page: PageRequest = OLDEST_FIRST) -> tuple[Identity, ...]:
        """Of those that are not deleted. Order: created_at."""
        ...

    def count(self, wanted: IdentityFilter = ALL_IDENTITIES) -> int:
        """How many `list` would give without a page."""
        ...

    def add(self, identity: Identity) -> None:
        """Raises `Conflict` (`name_taken`) when the key is taken."""
        ...

    def save(self, identity: Identity) -> None:
        """Writes all fields as given."""
        ...

    def delete(self, identity_id: str, at: Micros) -> None:
        """Soft: its key is free at once, and its id stays a cursor for 30 days."""
        ...


class RequestRepository(Protocol):
    def get(self, run_id: str) -> RunRequest | None:
        """What a program asked for with a run; None for runs that no program began."""
        ...

    def many(self, run_ids: tuple[str, ...]) -> dict[str, RunRequest]:
        """The same of several runs, by run id."""
        ...

    def put(self, request: RunRequest) -> None:
        """Stores it, in place of an earlier one of that run."""
        ...

    def to_call(self) -> tuple[RunRequest, ...]:
        """Those whose asker waits for word that was not sent yet."""
        ...

    def feedback(self, step_ids: tuple[str, ...]) -> dict[str, StepFeedback]:
        """By step id; steps without any are missing."""
        ...

    def put_feedback(self, feedback: StepFeedback) -> None:
        """Stores it, in place of an earlier one of that step."""
        ...
