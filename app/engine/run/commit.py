"""The transaction of a step: outcome, memory changes, messages, events and the next intent are stored together."""

from dataclasses import dataclass

from app.domain.base import Micros
from app.domain.event import Changed, RunEvent
from app.domain.history import Actor, MemoryEvent, Origin
from app.domain.message import Message, ToolReturnPart
from app.domain.run import STOP_REASONS, Run
from app.domain.tool import ALSO_MEMORY
from app.domain.wire_message import Payload, objects_of
from app.engine.context.quoting import sources_in
from app.engine.deps import EngineDeps
from app.engine.emitter import Emitter
from app.engine.memory.archive_changes import ArchiveChanges
from app.engine.memory.archive_tools import insert_passage
from app.engine.memory.block_edits import MemoryResult
from app.engine.memory.changes import Changes
from app.engine.memory.editing import edit_blocks
from app.engine.reply import Call
from app.engine.run.apply import apply
from app.engine.run.approvals import ENDED_STATE, ask, waits
from app.engine.run.closing_events import closing_payloads
from app.engine.run.decide import FreshIds, decided
from app.engine.run.perform import sort_out
from app.engine.run.policy import read_policy
from app.engine.run.read_ahead import ReadAhead, read_ahead, tools_of
from app.engine.run.rows import asked_row, summary_row
from app.engine.run.rules import as_judged
from app.engine.state import Compact, Compacted, Finish, ModelReplied, Outcome, RunState, RunTools, ToolsReturned
from app.ports.storage import Repositories


@dataclass(frozen=True)
class Stored:
    state: RunState
    """With its next intent."""
    events: tuple[RunEvent, ...]
    ahead: ReadAhead
    """What the intent needs."""


async def commit(state: RunState, outcome: Outcome, deps: EngineDeps, emitter: Emitter) -> Stored:
    """Stores what an outcome means, and what the run does next. One transaction, never half done."""
    fresh = FreshIds(deps.ids.new("step"), deps.ids.new("message"))
    async with emitter.batch() as batch:
        stored = await deps.storage.write(
            lambda repos: _Commit(repos, deps, emitter, batch).store(state, outcome, fresh)
        )
    emitter.publish(stored.events)
    return stored


class _Commit:
    """One transaction's work; lives on the writer thread."""

    def __init__(self, repos: Repositories, deps: EngineDeps, emitter: Emitter, batch: tuple[RunEvent, ...]) -> None:
        self._repos = repos
        self._deps = deps
        self._emitter = emitter
        self._now: Micros = deps.clock.now()
        self._already = batch
        self._events: list[RunEvent] = []

    def store(self, state: RunState, outcome: Outcome, fresh: FreshIds) -> Stored:
        after = self._fold(state, outcome, fresh)
        if isinstance(outcome, ModelReplied) and isinstance(after.intent, RunTools):
            after = self._answered_at_once(after, after.intent)
        return self._save(after)

    def _answered_at_once(self, state: RunState, action: RunTools) -> RunState:
        """Where nothing needs to be run, as with memory tools, the calls are answered with the reply that made them."""
        returns, to_run = sort_out(state.calls_of(action), tools_of(self._repos, state))
        if to_run:
            return state
        ids = self._deps.ids
        return self._fold(state, ToolsReturned(returns), FreshIds(ids.new("step"), ids.new("message")))

    def _fold(self, state: RunState, outcome: Outcome, fresh: FreshIds) -> RunState:
        """Stores what an outcome brought; the state with what is done next."""
        changes: tuple[MemoryEvent, ...] = ()
        if isinstance(outcome, ToolsReturned):
            outcome, changes = self._evaluate_memory_tools(state, outcome)
        if isinstance(outcome, Compacted):
            self._compact(state, outcome)
        applied = apply(state, outcome, self._now)
        after = decided(applied.state, read_policy(self._repos, applied.state), fresh)
        if applied.step is not None and applied.exchange is not None:
            self._repos.runs.add_step(applied.step, applied.exchange.request_parts, applied.exchange.reply)
        if applied.message is not None:
            self._append(applied.state, as_judged(applied.message, after.calls), changes)
            if waits(after):
                after = after.model_copy(update={"request_id": applied.message.id})
        return after

    def _save(self, state: RunState) -> Stored:
        run = self._repos.runs.get(state.run_id).model_copy(update={"usage": state.usage, "status": "running"})
        if isinstance(state.intent, Finish):
            run = self._finished(run, state.intent)
            for payload in closing_payloads(run.id, state.intent.stop_reason, state.intent.failure, run.usage):
                self._event(state, payload)
        if waits(state):
            ask(self._repos, state)
        # Of a run that has ended nobody asks its state any more, which holds what its calls said.
        self._repos.runs.save(run, state.model_dump_json() if run.active or waits(state) else ENDED_STATE)
        self._repos.runs.add_events((*self._already, *self._events))
        self._repos.changed(
            Changed(kind="run", ids=(run.id,), agent_id=run.agent_id, conversation_id=run.conversation_id)
        )
        return Stored(state, tuple(self._events), read_ahead(self._repos, state))

    def _compact(self, state: RunState, outcome: Compacted) -> None:
        action, place = state.intent, state.conversation_id
        assert isinstance(action, Compact)
        for asked in outcome.asked:
            self._repos.runs.add_step(asked_row(state, asked), asked.exchange.request_parts, asked.exchange.reply)
        if outcome.failure is not None:
            return
        message = summary_row(state, action, outcome, self._now)
        changes = Changes(self._repos, self._deps.ids, self._now, self._origin(state))
        position = changes.compact(self._repos.conversations.get(place), action.leave_before, message, outcome.summary)
        if message is not None:
            for payload in objects_of(message):
                self._event(state, payload, message, position)

    def _finished(self, run: Run, end: Finish) -> Run:
        return run.model_copy(
            update={
                "status": STOP_REASONS[end.stop_reason].status,
                "stop_reason": end.stop_reason,
                "failure": end.failure,
                "completed_at": self._now,
            }
        )

    def _append(self, state: RunState, message: Message, changes: tuple[MemoryEvent, ...]) -> None:
        position = self._repos.messages.append(state.conversation_id, message)
        for payload in objects_of(message):
            self._event(state, payload, message, position, changes)

    def _event(
        self,
        state: RunState,
        payload: Payload,
        message: Message | None = None,
        position: int | None = None,
        changes: tuple[MemoryEvent, ...] = (),
    ) -> None:
        self._events.append(  # of parts that were checked when they were made
            RunEvent.model_construct(
                run_id=state.run_id,
                seq_id=self._emitter.next_seq(),
                step_id=state.step_id or None,
                step_no=state.step_no,
                whole=True,
                payload=payload,
                message=message,
                position=position,
                changes=changes,
            )
        )

    def _evaluate_memory_tools(
        self, state: RunState, outcome: ToolsReturned
    ) -> tuple[ToolsReturned, tuple[MemoryEvent, ...]]:
        action = state.intent
        assert isinstance(action, RunTools)
        returns = dict(outcome.returns)
        calls = state.calls_of(action)
        names = tuple(call.name for call in calls)
        tools = {tool.name: tool for tool in self._repos.tools.by_names(names)}
        before = self._repos.history.last_seq()
        refused: set[str] = set()
        for call in calls:
            tool = tools.get(call.name)
            if call.tool_call_id in returns or tool is None or not tool.edits_memory:
                continue
            returns[call.tool_call_id] = answer = self._memory_tool(call, state)
            if answer.status == "error":
                refused.add(call.tool_call_id)
        changed = self._repos.history.last_seq() > before
        events = self._repos.history.of_runs((state.run_id,)) if changed else ()
        return ToolsReturned(returns, frozenset(refused)), tuple(event for event in events if event.seq > before)

    def _memory_tool(self, call: Call, state: RunState) -> ToolReturnPart:
        begun = self._deps.clock.ticks()
        changes = Changes(self._repos, self._deps.ids, self._now, self._origin(state, call))
        if call.name in ALSO_MEMORY:
            result = insert_passage(ArchiveChanges(changes), state.agent_id, call.parsed)
        else:
            result = edit_blocks(changes, state.agent_id, call.name, call.parsed)
        return _memory_return(call, result, (self._deps.clock.ticks() - begun) // 1000)

    def _origin(self, state: RunState, call: Call | None = None) -> Origin:
        agent = self._repos.agents.get(state.agent_id)
        kind = "sleep-time" if agent.agent_type == "sleeptime_agent" else "agent"
        return Origin(
            actor=Actor(kind=kind, name=agent.name),
            run_id=state.run_id,
            step_id=state.step_id,
            tool_call_id=call.tool_call_id if call is not None else None,
            tool_name=call.name if call is not None else None,
            message_id=state.cause_id,
            sources=self._sources(state),
        )

    def _sources(self, state: RunState) -> tuple[str, ...]:
        """Whose text the run has read: what stands in the window, and what it read itself that has left it."""
        messages = self._repos.messages
        shown = (member.message for member in messages.in_context(state.conversation_id))
        return sources_in((*shown, *messages.of_run(state.run_id)))


def _memory_return(call: Call, result: MemoryResult, duration_ms: int) -> ToolReturnPart:
    return ToolReturnPart(
        tool_call_id=call.tool_call_id,
        name=call.name,
        status="success" if result.ok else "error",
        text=result.text,
        duration_ms=duration_ms,
        approximate=result.approximate,
    )
