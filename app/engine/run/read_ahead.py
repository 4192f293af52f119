"""What the next action needs, read in the transaction that stores it: as fresh as reading it after, without waiting."""

from dataclasses import dataclass

from app.domain.error import ModelError, NotFound
from app.domain.tool import Tool
from app.engine.model_call.call import CallPlan, read_plan
from app.engine.state import CallModel, RunState, RunTools
from app.ports.storage import Repositories


@dataclass(frozen=True)
class ReadAhead:
    plan: CallPlan | None = None
    """For `CallModel`; None: it is read when the call is made."""
    tools: dict[str, Tool] | None = None
    """For `RunTools`: the agent's, by name."""


NOTHING_READ = ReadAhead()


def read_ahead(repos: Repositories, state: RunState) -> ReadAhead:
    """For the intent of a state. What is missing is left to the action itself, which makes an outcome of it."""
    try:
        match state.intent:
            case CallModel():
                return ReadAhead(plan=read_plan(repos, state))
            case RunTools():
                return ReadAhead(tools=tools_of(repos, state))
            case _:
                return NOTHING_READ
    except (ModelError, NotFound):
        return NOTHING_READ


def tools_of(repos: Repositories, state: RunState) -> dict[str, Tool]:
    """The tools that a run may use, by name."""
    own = repos.tools.by_names(repos.agents.get(state.agent_id).tool_names)
    return {tool.name: tool for tool in own if tool.within_memory or not state.memory_only}
