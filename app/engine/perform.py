"""The effects of a run: calling the model and running tools. The only part that waits and is ever cancelled."""

import asyncio
import contextlib
from dataclasses import dataclass, field, replace
from typing import Any

from app.domain.error import AppError, ModelError
from app.domain.event import Progress
from app.domain.message import ToolReturnPart
from app.domain.run import Failure
from app.engine.apply import known_return, tool_error
from app.engine.bundle import EnginePorts
from app.engine.emitter import Emitter
from app.engine.listening import Listening
from app.engine.repairs.again import TOLD, Again
from app.engine.repairs.asking import Offered, asked_again, offer
from app.engine.retries import REFUSALS, Retries, Sent
from app.engine.state import (
    Call,
    CallModel,
    Cancelled,
    Exchange,
    ModelFailed,
    ModelReplied,
    Outcome,
    RunState,
    RunTools,
    ToolsReturned,
)
from app.engine.tools.dispatch import run_tool, runs_in_transaction, starts_unnoticed
from app.engine.view import AgentView, read_view
from app.ports.models import WireRequest


@dataclass
class Attempt:
    """What a perform has brought so far; read when it is cancelled."""

    listening: Listening | None = None
    exchange: Exchange | None = None
    sent: Sent = field(default_factory=Sent)
    returns: dict[str, ToolReturnPart] | None = None

    def cancelled(self, now: int) -> Cancelled:
        if self.listening is None or self.exchange is None:
            return Cancelled(returns=self.returns or {})
        exchange = _ended(self.exchange, self.listening, now)
        return Cancelled(self.listening.reply, exchange)


async def perform(
    action: CallModel | RunTools, state: RunState, ports: EnginePorts, emitter: Emitter, attempt: Attempt
) -> Outcome:
    """Carries an action out. Expected failures come back as outcomes, never as exceptions."""
    match action:
        case CallModel():
            return await _call_model(action, state, ports, emitter, attempt)
        case RunTools():
            return await _run_tools(action, state, ports, emitter, attempt)


async def _call_model(
    action: CallModel, state: RunState, ports: EnginePorts, emitter: Emitter, attempt: Attempt
) -> Outcome:
    retries = Retries(ports.clock.now())
    if action.again is not None and action.again.reason in TOLD:
        emitter.progress(_progress(state, "retrying", TOLD[action.again.reason], ports))
    while True:
        listening = Listening(action, state.run_id, state.step_no + 1, emitter, ports.clock)
        attempt.listening = listening
        try:
            view, wire, offered = await _prepare(state, action, ports, attempt, retries)
            if offered.constrained:
                listening.expect_json()
            await _listen(view, wire, listening, emitter, ports)
            exchange = _ended(attempt.exchange or Exchange(view.agent.model), listening, ports.clock.now())
            return ModelReplied(listening.reply, exchange, offered.tools, offered.constrained)
        except AppError as error:
            silent = listening.first_token_at is None
            pause = retries.pause(error, ports.clock.now(), attempt.sent) if silent else None
            if pause is None:
                return _failure(error, state, attempt, listening, ports.clock.now())
            emitter.progress(_progress(state, "retrying", error.message, ports))
            await asyncio.sleep(pause)


async def _prepare(
    state: RunState, action: CallModel, ports: EnginePorts, attempt: Attempt, retries: Retries
) -> tuple[AgentView, WireRequest, Offered]:
    """Reads the view, makes it fit, and encodes it."""
    view, tokens = await _fitting_view(state, action.again, ports, retries)
    model = ports.catalog.chat(view.provider)
    request = await asyncio.to_thread(view.request)
    offered = offer(await model.prepare(request), action.again)
    wire = await asyncio.to_thread(model.encode, offered.request)
    attempt.sent = Sent(round(tokens * view.factor), view.earlier_images(state.cause_id))
    attempt.exchange = Exchange(
        model=view.agent.model,
        request_parts=wire.parts,
        estimated_tokens=tokens,
        memory_seq=view.memory_seq,
        window_first=view.members[0].position if view.members else None,
        window_last=view.members[-1].position if view.members else None,
        agent_version=view.agent.version,
        sent_at=ports.clock.now(),
    )
    return view, wire, offered


async def _fitting_view(
    state: RunState, again: Again | None, ports: EnginePorts, retries: Retries
) -> tuple[AgentView, int]:
    """The view and its estimated tokens. Counting happens in a thread: a long text takes a while."""
    view = await ports.storage.read(lambda repos: read_view(repos, state.agent_id, state.conversation_id))
    if again is not None:
        view = replace(view, agent=asked_again(view.agent, again))
    if retries.without_images:
        view = view.without_earlier_images(state.cause_id)
    if retries.served is not None:
        view = _narrowed(view, retries.served)
    fit = await asyncio.to_thread(view.fit, ports.ledger)
    if fit.overflow:
        needed = round(fit.tokens * view.factor)
        raise ModelError(
            f"Instructions, tools, blocks and the newest message need about {needed:,} of "
            f"{view.agent.context_window:,} tokens, which leaves too little room for the reply. Your message is kept.",
            code="context_window_overflow",
            hint="Enlarge the context size, detach tools, or shorten blocks or the message.",
        )
    if fit.leave_before is None:
        return view, fit.tokens
    leave, left_at = fit.leave_before, view.members[-1].position + 1
    await ports.storage.write(lambda repos: repos.messages.leave_context(state.conversation_id, leave, left_at))
    kept = tuple(member for member in view.members if member.position >= leave)
    return replace(view, members=kept), fit.tokens


def _narrowed(view: AgentView, served: int) -> AgentView:
    """The same view for a server whose window is smaller than the agent's."""
    settings = view.agent.settings
    reply = min(settings.max_output_tokens, max(256, served // 4))
    agent = view.agent.model_copy(
        update={"context_window": served, "settings": settings.model_copy(update={"max_output_tokens": reply})}
    )
    # The server just told us that we estimate too low; its own numbers come with its next real count.
    return replace(view, agent=agent, factor=view.factor * 1.15)


async def _listen(
    view: AgentView, wire: WireRequest, listening: Listening, emitter: Emitter, ports: EnginePorts
) -> None:
    stream = ports.catalog.chat(view.provider).stream(wire)
    async with contextlib.aclosing(stream) as deltas:
        async for delta in deltas:
            listening.hear(delta)
            if emitter.due:
                await emitter.flush()
            if listening.repeats:
                break
    listening.close()


def _failure(error: AppError, state: RunState, attempt: Attempt, listening: Listening, now: int) -> ModelFailed:
    reply = listening.reply
    words = len(reply.text.split())
    message = error.message
    if words:
        message = f"{message} The {words} words it had written are kept."
    details: dict[str, str | int | float | bool | None] = {
        key: value for key, value in error.details.items() if isinstance(value, str | int | float)
    }
    hint = f"{error.hint} {_WAY_OUT}" if error.code in REFUSALS else error.hint
    failure = Failure(code=error.code, message=message, hint=hint, details=details)
    reason = "llm_api_error" if isinstance(error, ModelError) else "error"
    if error.code == "context_window_overflow":
        reason = "context_window_overflow_in_system_prompt"
    exchange = _ended(attempt.exchange or Exchange(model="", sent_at=now), listening, now)
    return ModelFailed(failure, reason, reply, exchange)


def _ended(exchange: Exchange, listening: Listening, now: int) -> Exchange:
    return replace(exchange, reply=listening.raw, first_token_at=listening.first_token_at, ended_at=now)


def _progress(state: RunState, phase: Any, text: str, ports: EnginePorts) -> Progress:
    return Progress(
        run_id=state.run_id,
        agent_id=state.agent_id,
        conversation_id=state.conversation_id,
        phase=phase,
        text=text,
        at=ports.clock.now(),
    )


async def _run_tools(
    action: RunTools, state: RunState, ports: EnginePorts, emitter: Emitter, attempt: Attempt
) -> Outcome:
    returns: dict[str, ToolReturnPart] = {}
    attempt.returns = returns
    attached = await ports.storage.read(lambda repos: repos.agents.get(state.agent_id).tool_names)
    tools = {tool.name: tool for tool in await ports.storage.read(lambda repos: repos.tools.by_names(attached))}
    for call in action.calls:
        if call.problem:
            returns[call.tool_call_id] = tool_error(call, call.problem)
            continue
        if call.result:
            returns[call.tool_call_id] = known_return(call)
            continue
        tool = tools.get(call.name)
        if tool is None:
            names = ", ".join(attached) or "none"
            returns[call.tool_call_id] = tool_error(call, f'There is no tool "{call.name}". Your tools are: {names}.')
            continue
        if runs_in_transaction(tool):
            continue
        if starts_unnoticed(tool):
            await _note_start(call, state, ports)
        emitter.progress(_progress(state, "tool", call.name, ports))
        returns[call.tool_call_id] = await run_tool(tool, call, call.parsed, state, ports)
    return ToolsReturned(returns)


async def _note_start(call: Call, state: RunState, ports: EnginePorts) -> None:
    """Records that a tool begins, so that a crash cannot make it run twice."""

    def work(repos: Any) -> None:
        stored = RunState.model_validate_json(repos.runs.state(state.run_id))
        assert isinstance(stored.intent, RunTools)
        calls = tuple(
            c.model_copy(update={"status": "started"}) if c.tool_call_id == call.tool_call_id else c
            for c in stored.intent.calls
        )
        intent = stored.intent.model_copy(update={"calls": calls})
        after = stored.model_copy(update={"intent": intent, "calls": calls})
        repos.runs.save(repos.runs.get(state.run_id), after.model_dump_json())

    await ports.storage.write(work)


_WAY_OUT = "If every message fails, empty the conversation's context window; its messages stay."
"""Whatever it is in the history that a server cannot take: an agent is never stuck with it."""
