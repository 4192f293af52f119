"""Agents with what is attached to them."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from app.domain.agent import Agent, DeletedAgent
from app.domain.base import Micros
from app.domain.page import ALL_AGENTS, OLDEST_FIRST, AgentFilter, PageRequest


class AgentEmbedder(NamedTuple):
    """The embedder for what is said to an agent."""

    seq: int
    agent_id: str
    handle: str | None
    """None: it asked for none, so it has the usual one."""


class AgentRepository(Protocol):
    """Attached blocks and tools are stored in link tables and filled into `block_ids` and `tool_names` on reading."""

    def get(self, agent_id: str) -> Agent:
        """Raises `NotFound`, for a deleted one too."""
        ...

    def find(self, agent_id: str) -> Agent | None:
        """None where `get` raises."""
        ...

    def list(self, wanted: AgentFilter = ALL_AGENTS, page: PageRequest = OLDEST_FIRST) -> tuple[Agent, ...]:
        """Of those that are not deleted. Orders: created_at, updated_at, last_run_completion, activity."""
        ...

    def count(self, wanted: AgentFilter = ALL_AGENTS) -> int:
        """How many `list` would give without a page."""
        ...

    def embedders(self, agent_id: str | None = None) -> tuple[AgentEmbedder, ...]:
        """Which embedder each agent that is not deleted has asked for; `agent_id`: of this one alone."""
        ...

    def add(self, agent: Agent) -> None:
        """Stores a new one with both link tables."""
        ...

    def save(self, agent: Agent) -> None:
        """Writes all fields and both link tables as given."""
        ...

    def delete(self, agent_id: str, at: Micros) -> None:
        """Soft: the row stays 30 days and can be brought back by `undelete`."""
        ...

    def deleted(self, page: PageRequest) -> tuple[DeletedAgent, ...]:
        """Those that can be brought back. Order: deleted_at."""
        ...

    def find_deleted(self, agent_id: str) -> Agent | None:
        """One that can be brought back; None where it is not deleted or does not exist."""
        ...

    def undelete(self, agent_id: str) -> None:
        """Makes a deleted one what it was; raises `NotFound` when it is no longer kept."""
        ...

    def holding(self, block_id: str) -> tuple[str, ...]:
        """Ids of the agents to which a block is attached."""
        ...

    def holders(self, block_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The same of several blocks, by block id; those that no agent holds are missing."""
        ...

    def connected(self, identity_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Ids of the agents connected with each identity, by its id; identities without agents are missing."""
        ...

    def largest_window(self, model: str) -> int | None:
        """The largest context size of the agents on a model, by its handle; None when there are none."""
        ...
