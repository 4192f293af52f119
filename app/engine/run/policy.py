"""What a run is held to: the door by which limits and rules come into `decide`."""

from dataclasses import dataclass

from app.engine.state import RunState
from app.ports.storage import Repositories


@dataclass(frozen=True)
class Policy:
    """As it stands in the transaction that decides, so that a change of settings holds from the next step on."""

    max_steps: int
    """Model calls of one run."""


def read_policy(repos: Repositories, state: RunState) -> Policy:
    """Reads it where the decision is stored. A limit that was asked for with the run goes before the agent's."""
    if state.max_steps is not None:
        return Policy(state.max_steps)
    agent = repos.agents.find(state.agent_id)
    return Policy(agent.max_steps if agent is not None else 0)
