"""Pure: how an outcome changes the state of a run, and the message and step row that come of it."""

import json
import re
from dataclasses import dataclass
from typing import Any, Literal, assert_never

from app.domain.base import Micros
from app.domain.message import Message, Part, ToolCallPart, ToolReturnPart
from app.domain.run import Failure, Step, Usage
from app.engine.state import (
    BrokenOff,
    Call,
    CallModel,
    Cancelled,
    Exchange,
    Finish,
    ModelFailed,
    ModelReplied,
    Outcome,
    RawCall,
    Reply,
    RunState,
    RunTools,
    ToolsReturned,
)

Note = Literal["", "stopped", "not_finished", "edited"]

MAX_NAME = 64
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_-]")
"""OpenAI's service refuses a history with other names of tools, so it would refuse every later message too."""


@dataclass(frozen=True)
class Applied:
    """The new state (its intent not yet decided) and the rows to store with it."""

    state: RunState
    message: Message | None = None
    step: Step | None = None
    exchange: Exchange | None = None
    """The bytes that belong to `step`."""


def apply(state: RunState, outcome: Outcome, now: Micros) -> Applied:
    """Folds an outcome into the state. `state.intent` is the action that had this outcome."""
    match outcome:
        case ModelReplied():
            return _replied(state, outcome, now)
        case ModelFailed():
            return _failed(state, outcome, now)
        case ToolsReturned():
            action = state.intent
            assert isinstance(action, RunTools)
            return _answered(state, action, outcome.returns, _LOST, now)
        case Cancelled():
            return _cancelled(state, outcome, now)
        case BrokenOff():
            return _broken_off(state, outcome.failure, now)
        case _:
            assert_never(outcome)


def _replied(state: RunState, outcome: ModelReplied, now: Micros) -> Applied:
    action = _model_call(state)
    reply = outcome.reply
    calls = tuple(_call(raw, cut=reply.finish == "length") for raw in reply.calls)
    step = _step(state, action, outcome.exchange, reply, "completed")
    cut_text = reply.finish == "length" and not calls
    usage = state.usage.plus(step.usage)
    after = state.model_copy(
        update={
            "step_no": state.step_no + 1,
            "step_id": action.step_id,
            "calls": calls,
            "broken_calls": state.broken_calls + 1 if any(call.problem for call in calls) else 0,
            "empty_replies": state.empty_replies + 1 if reply.empty else 0,
            "usage": usage,
            "end": _end_of_reply(reply, cut_text, calls),
        }
    )
    parts = (*reply.said, *(_part(call) for call in calls))
    message = _message(state, action, parts, now, "not_finished" if cut_text else "") if parts else None
    return Applied(after, message, step, outcome.exchange)


def _end_of_reply(reply: Reply, cut_text: bool, calls: tuple[Call, ...]) -> Finish | None:
    if calls or reply.empty:
        return None
    if cut_text:
        return Finish(stop_reason="max_tokens_exceeded", failure=_CUT)
    return Finish(stop_reason="end_turn")


def _failed(state: RunState, outcome: ModelFailed, now: Micros) -> Applied:
    action = _model_call(state)
    step = _step(state, action, outcome.exchange, outcome.reply, "failed")
    end = Finish(stop_reason=outcome.stop_reason, failure=outcome.failure)
    after = state.model_copy(
        update={
            "step_no": state.step_no + 1,
            "step_id": action.step_id,
            "usage": state.usage.plus(step.usage),
            "end": end,
        }
    )
    said = outcome.reply.said
    return Applied(after, _message(state, action, said, now, "not_finished") if said else None, step, outcome.exchange)


def _cancelled(state: RunState, outcome: Cancelled, now: Micros) -> Applied:
    ended = state.model_copy(update={"end": Finish(stop_reason="cancelled")})
    action = state.intent
    if isinstance(action, RunTools):
        return _answered(ended, action, outcome.returns, _STOPPED, now)
    if not isinstance(action, CallModel) or outcome.exchange is None:
        return Applied(ended)
    step = _step(state, action, outcome.exchange, outcome.reply, "cancelled")
    after = ended.model_copy(
        update={"step_no": state.step_no + 1, "step_id": action.step_id, "usage": state.usage.plus(step.usage)}
    )
    said = outcome.reply.said
    return Applied(after, _message(state, action, said, now, "stopped") if said else None, step, outcome.exchange)


def _broken_off(state: RunState, failure: Failure, now: Micros) -> Applied:
    ended = state.model_copy(update={"end": Finish(stop_reason="error", failure=failure)})
    if isinstance(state.intent, RunTools):
        return _answered(ended, state.intent, {}, _INTERRUPTED, now)
    return Applied(ended)


def _answered(
    state: RunState, action: RunTools, returns: dict[str, ToolReturnPart], otherwise: str, now: Micros
) -> Applied:
    """Every call gets its return, so that none stays an orphan; `otherwise` is the text where there is none."""
    parts = tuple(
        returns.get(call.tool_call_id) or tool_error(call, call.problem or otherwise) for call in action.calls
    )
    message = Message(
        id=action.message_id,
        agent_id=state.agent_id,
        role="tool",
        parts=parts,
        run_id=state.run_id,
        step_id=action.step_id,
        created_at=now,
    )
    return Applied(state.model_copy(update={"calls": ()}), message)


def _model_call(state: RunState) -> CallModel:
    action = state.intent
    assert isinstance(action, CallModel)
    return action


def _call(raw: RawCall, *, cut: bool) -> Call:
    """A call in canonical form: whatever the model wrote, a server takes its name and its arguments back."""
    arguments, problem = _canonical(raw.arguments)
    if cut:
        arguments, problem = "{}", "The call was cut off because the reply grew too long. Write a shorter one."
    name = _NOT_IN_NAMES.sub("_", raw.name)[:MAX_NAME] or "unnamed"
    return Call(tool_call_id=raw.tool_call_id, name=name, arguments=arguments, problem=problem)


def _canonical(written: str) -> tuple[str, str]:
    """Arguments as JSON that every reader takes, or an empty object and what is wrong with them."""
    quoted = f"You wrote: {written[:300]}"
    try:
        loaded: Any = json.loads(written or "{}")
        # NaN and Infinity are read here but are no JSON: a server would refuse them in every later request.
        canonical = json.dumps(loaded, ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError) as error:
        return "{}", f"The arguments are not valid JSON ({error}). {quoted}"
    if not isinstance(loaded, dict):
        return "{}", f"The arguments must be a JSON object. {quoted}"
    return canonical, ""


def _part(call: Call) -> ToolCallPart:
    return ToolCallPart(tool_call_id=call.tool_call_id, name=call.name, arguments=call.arguments)


def tool_error(call: Call, text: str) -> ToolReturnPart:
    """A return that tells the model what went wrong."""
    return ToolReturnPart(tool_call_id=call.tool_call_id, name=call.name, status="error", text=text)


def _message(state: RunState, action: CallModel, parts: tuple[Part, ...], now: Micros, note: Note) -> Message:
    return Message(
        id=action.message_id,
        agent_id=state.agent_id,
        role="assistant",
        parts=parts,
        run_id=state.run_id,
        step_id=action.step_id,
        note=note,
        created_at=now,
    )


def _step(
    state: RunState,
    action: CallModel,
    exchange: Exchange,
    reply: Reply,
    status: Literal["completed", "failed", "cancelled"],
) -> Step:
    usage = (reply.usage or Usage()).model_copy(update={"steps": 1})
    return Step(
        id=action.step_id,
        run_id=state.run_id,
        agent_id=state.agent_id,
        step_no=state.step_no + 1,
        attempt=action.attempt,
        model=exchange.model,
        status=status,
        usage=usage,
        estimated_tokens=exchange.estimated_tokens,
        memory_seq=exchange.memory_seq,
        window_first=exchange.window_first,
        window_last=exchange.window_last,
        agent_version=exchange.agent_version,
        finish_reason=reply.finish,
        created_at=exchange.sent_at,
        first_token_at=exchange.first_token_at,
        completed_at=exchange.ended_at,
    )


_LOST = "No result was recorded for this call."
_STOPPED = "The person stopped the run, so this call was not carried out."
_INTERRUPTED = "Interrupted by a restart: this call was not carried out."
_CUT = Failure(
    code="max_tokens_exceeded",
    message="The reply grew longer than its limit and was cut. What was written is kept.",
    hint="Raise the output limit of this agent, or ask it to go on.",
)
