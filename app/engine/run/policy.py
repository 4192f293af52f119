"""What a run is held to: the door by which limits and rules come into `decide`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.tool_rule import Rules
from app.engine.run.changed_tools import changed_tools
from app.engine.run.rules import Turn
from app.engine.state import RunState
from app.ports.storage import Repositories


@dataclass(frozen=True)
class Policy:
    """As it stands in the transaction that decides, so that a change of settings holds from the next step on."""

    max_steps: int
    """Model calls of one run."""
    rules: Rules = ()
    """Of the agent's tools."""
    tools: tuple[str, ...] = ()
    """Names of the tools that it can be held to: its own that can run, and the asking program's."""
    client: frozenset[str] = frozenset()
    """Names of those that the asking program runs."""
    changed: Mapping[str, str] = field(default_factory=dict[str, str])
    """Tools among the newest calls that an MCP server has changed since a person agreed to them: the digests of the
    changes, by name."""

    def turn(self, state: RunState) -> Turn:
        """What the rules look at, at this point of a run."""
        return Turn(self.rules, self.tools, state.made, state.denied)


def read_policy(repos: Repositories, state: RunState) -> Policy:
    """Reads it where the decision is stored. A limit that was asked for with the run goes before the agent's."""
    agent = repos.agents.find(state.agent_id)
    if agent is None:
        return Policy(state.max_steps or 0)
    client = tuple(tool.name for tool in state.client_tools)
    known = repos.tools.by_names(agent.tool_names) if agent.tool_rules else ()
    own = tuple(tool.name for tool in known if tool.set_up and (tool.within_memory or not state.memory_only))
    names = () if state.answered else tuple(call.name for call in state.calls if call.status == "requested")
    return Policy(
        max_steps=agent.max_steps if state.max_steps is None else state.max_steps,
        rules=agent.tool_rules,
        tools=tuple(dict.fromkeys((*own, *client))),
        client=frozenset(client),
        changed=changed_tools(repos, names),
    )
