"""Agents with what is attached to them."""

from typing import Protocol

from app.domain.agent import Agent, DeletedAgent
from app.domain.base import Micros


class AgentRepository(Protocol):
    """Attached blocks and tools are stored in link tables and filled into `block_ids` and `tool_names` on reading."""

    def get(self, agent_id: str) -> Agent: ...
    def find(self, agent_id: str) -> Agent | None: ...
    def list(self) -> tuple[Agent, ...]:
        """All that are not deleted, oldest first."""
        ...

    def add(self, agent: Agent) -> None: ...
    def save(self, agent: Agent) -> None:
        """Writes all fields and both link tables as given."""
        ...

    def delete(self, agent_id: str, at: Micros) -> None:
        """Soft: the row stays 30 days and can be brought back by `undelete`."""
        ...

    def deleted(self) -> tuple[DeletedAgent, ...]:
        """Those that can be brought back, last deleted first."""
        ...

    def undelete(self, agent_id: str) -> None: ...
    def holding(self, block_id: str) -> tuple[str, ...]:
        """Ids of the agents to which a block is attached."""
        ...

    def largest_window(self, model: str) -> int | None:
        """The largest context size of the agents on a model, by its handle; None when there are none."""
        ...
