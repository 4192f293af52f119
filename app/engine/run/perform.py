"""The effects of a run: calling the model and running tools. The only part that waits and is ever cancelled."""

from app.domain.message import ToolReturnPart
from app.domain.tool import Tool
from app.engine.deps import EngineDeps
from app.engine.emitter import Emitter
from app.engine.model_call.call import ModelCall, PartialOutcome, progress
from app.engine.reply import Call
from app.engine.run.apply import STOPPED_AT_WORK, known_return, tool_error
from app.engine.run.stored_state import read_state
from app.engine.state import CallModel, MakeRoom, Outcome, RoomMade, RunState, RunTools, ToolsReturned
from app.engine.tools.router import run_tool, runs_in_transaction, starts_unnoticed
from app.ports.storage import Repositories


async def perform(
    action: CallModel | RunTools | MakeRoom,
    state: RunState,
    ports: EngineDeps,
    emitter: Emitter,
    partial: PartialOutcome,
) -> Outcome:
    """Carries an action out. What models and tools do wrong comes back as an outcome; a store that fails raises."""
    match action:
        case CallModel():
            return await ModelCall(action, state, ports, emitter, partial).make()
        case RunTools():
            return await _run_tools(action, state, ports, emitter, partial)
        case MakeRoom():
            return RoomMade()


async def _run_tools(
    action: RunTools, state: RunState, ports: EngineDeps, emitter: Emitter, partial: PartialOutcome
) -> Outcome:
    returns: dict[str, ToolReturnPart] = {}
    partial.returns = returns
    tools = await ports.storage.read(lambda repos: _tools_of(repos, state.agent_id))
    for call in state.calls_of(action):
        if call.problem:
            returns[call.tool_call_id] = tool_error(call, call.problem)
            continue
        if call.result:
            returns[call.tool_call_id] = known_return(call)
            continue
        tool = tools.get(call.name)
        if tool is None:
            names = ", ".join(tools) or "none"
            returns[call.tool_call_id] = tool_error(call, f'There is no tool "{call.name}". Your tools are: {names}.')
            continue
        if runs_in_transaction(tool):
            continue
        if starts_unnoticed(tool):
            await _note_start(call, state, ports)
        emitter.progress(progress(state, "tool", call.name, ports))
        returns[call.tool_call_id] = tool_error(call, STOPPED_AT_WORK)  # what a stop finds
        returns[call.tool_call_id] = await run_tool(tool, call, call.parsed, state, ports)
    return ToolsReturned(returns)


def _tools_of(repos: Repositories, agent_id: str) -> dict[str, Tool]:
    return {tool.name: tool for tool in repos.tools.by_names(repos.agents.get(agent_id).tool_names)}


async def _note_start(call: Call, state: RunState, ports: EngineDeps) -> None:
    """Records that a tool begins, so that a crash cannot make it run twice."""

    def work(repos: Repositories) -> None:
        stored = read_state(repos.runs.state(state.run_id))
        assert stored is not None
        calls = tuple(
            c.model_copy(update={"status": "started"}) if c.tool_call_id == call.tool_call_id else c
            for c in stored.calls
        )
        after = stored.model_copy(update={"calls": calls})
        repos.runs.save(repos.runs.get(state.run_id), after.model_dump_json())

    await ports.storage.write(work)
