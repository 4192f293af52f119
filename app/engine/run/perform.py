"""The effects of a run: calling the model and running tools. The only part that waits and is ever cancelled."""

import asyncio
from collections.abc import Coroutine, Iterable, Iterator
from functools import partial
from itertools import groupby
from typing import Any

from app.domain.message import ToolReturnPart
from app.domain.model import ModelHandle
from app.domain.tool import Tool
from app.engine.compaction.compactor import with_request
from app.engine.deps import EngineDeps
from app.engine.emitter import Emitter
from app.engine.model_call.call import ModelCall, PartialOutcome, Phase, progress
from app.engine.model_call.snapshot import read_view
from app.engine.model_call.summary_call import LEAST_SUMMARY, SummaryCalls, SummaryPlan, read_summary_plan
from app.engine.reply import Call
from app.engine.run.read_ahead import NOTHING_READ, ReadAhead, tools_of
from app.engine.run.rows import known_return, tool_error
from app.engine.run.stopped import STOPPED_AT_WORK
from app.engine.run.stored_state import read_state
from app.engine.state import CallModel, Compact, Compacted, Outcome, RunState, RunTools, ToolsReturned
from app.engine.tools.router import run_tool
from app.ports.storage import Repositories
from app.ports.tools import ToolContext


async def perform(
    action: CallModel | RunTools | Compact,
    state: RunState,
    deps: EngineDeps,
    emitter: Emitter,
    partial: PartialOutcome,
    ahead: ReadAhead = NOTHING_READ,
) -> Outcome:
    """Carries an action out. What models and tools do wrong comes back as an outcome; a store that fails raises.

    `ahead`: what was read of late for this very action.
    """
    match action:
        case CallModel():
            return await ModelCall(action, state, deps, emitter, partial, ahead.plan).make()
        case RunTools():
            return await _run_tools(action, state, deps, emitter, partial, ahead.tools)
        case Compact():
            return await _compact(action, state, deps, emitter)


async def _compact(action: Compact, state: RunState, deps: EngineDeps, emitter: Emitter) -> Outcome:
    def read(repos: Repositories) -> tuple[SummaryPlan, str]:
        view = read_view(repos, state.agent_id, state.conversation_id, state)
        stays = {m.message.id for m in view.members if m.position >= action.leave_before}
        # It may have left already, so that only a summary, which is now summed up itself, has its words.
        gone = state.cause_id is not None and state.cause_id not in stays
        asked_for = repos.messages.get(state.cause_id).text if gone and state.cause_id else ""
        return read_summary_plan(repos, view, action.leave_before, action.free, deps), asked_for

    plan, asked_for = await deps.storage.read(read)
    if not plan.leaving or plan.room < LEAST_SUMMARY:
        return Compacted()

    def tell(phase: Phase, words: str) -> None:
        emitter.progress(progress(state, phase, words, deps))

    calls = SummaryCalls(plan, deps, partial(tell, "waiting"), partial(tell, "sent"))
    summary = await calls.compactor().summary(plan.leaving)
    own_server = plan.provider.name == ModelHandle.parse(plan.agent.model).provider
    if calls.unreachable is not None and own_server:
        return Compacted(asked=tuple(calls.asked), failure=calls.unreachable)
    return Compacted(with_request(summary, asked_for), tuple(calls.asked))


async def _run_tools(
    action: RunTools,
    state: RunState,
    deps: EngineDeps,
    emitter: Emitter,
    partial: PartialOutcome,
    tools: dict[str, Tool] | None,
) -> Outcome:
    """In the order of the calls; neighbours that are parallel safe run together."""
    if tools is None:
        tools = await deps.storage.read(lambda repos: tools_of(repos, state))
    returns, to_run = sort_out(state.calls_of(action), tools)
    partial.returns = returns
    for together in _batches(to_run):
        await _all([_run(tool, call, returns, state, deps, emitter) for tool, call in together])
    return ToolsReturned(returns)


def sort_out(
    calls: Iterable[Call], tools: dict[str, Tool]
) -> tuple[dict[str, ToolReturnPart], list[tuple[Tool, Call]]]:
    """The returns that are known without doing anything, and what must be run. Memory tools are in neither: they act
    in the commit.
    """
    returns: dict[str, ToolReturnPart] = {}
    to_run: list[tuple[Tool, Call]] = []
    for call in calls:
        tool = tools.get(call.name)
        if call.problem:
            returns[call.tool_call_id] = tool_error(call, call.problem)
        elif call.result or call.given is not None:
            returns[call.tool_call_id] = known_return(call)
        elif tool is None:
            names = ", ".join(tools) or "none"
            returns[call.tool_call_id] = tool_error(call, f'There is no tool "{call.name}". Your tools are: {names}.')
        elif not tool.edits_memory:
            to_run.append((tool, call))
    return returns, to_run


def _batches(to_run: list[tuple[Tool, Call]]) -> Iterator[list[tuple[Tool, Call]]]:
    """What runs at the same time."""
    for parallel, neighbours in groupby(to_run, lambda one: one[0].parallel_safe):
        if parallel:
            yield list(neighbours)
        else:
            yield from ([one] for one in neighbours)


async def _all(work: list[Coroutine[Any, Any, None]]) -> None:
    """Waiting for all; the first that raises, or a cancellation, stops the others before it goes on."""
    try:
        async with asyncio.TaskGroup() as group:
            for one in work:
                group.create_task(one)
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None


async def _run(
    tool: Tool,
    call: Call,
    returns: dict[str, ToolReturnPart],
    state: RunState,
    deps: EngineDeps,
    emitter: Emitter,
) -> None:
    if not tool.idempotent:
        await _note_start(call, state, deps)
    emitter.progress(progress(state, "tool", call.name, deps))
    context = ToolContext(
        agent_id=state.agent_id,
        conversation_id=state.conversation_id,
        run_id=state.run_id,
        step_id=state.step_id,
        tool_call_id=call.tool_call_id,
    )
    printed: list[str] = []
    try:
        returns[call.tool_call_id] = await run_tool(tool, call, context, deps.tools, deps.clock, printed.append)
    except BaseException:  # what a stop finds
        stopped = tool_error(call, STOPPED_AT_WORK)
        returns[call.tool_call_id] = stopped.model_copy(update={"stdout": ("".join(printed),) if printed else ()})
        raise


async def _note_start(call: Call, state: RunState, deps: EngineDeps) -> None:
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

    await deps.storage.write(work)
