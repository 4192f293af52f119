"""Pure: how an outcome changes the state of a run, and the message and step row that come of it."""

from dataclasses import dataclass
from typing import Literal, assert_never

from app.domain.base import Micros
from app.domain.message import Message, Part, ReasoningPart, TextPart, ToolCallPart, ToolReturnPart
from app.domain.run import Repair, Step, Usage
from app.engine.repairs.loops import WINDOW, CallMemo
from app.engine.repairs.policy import Circumstances, Reading, read_reply, read_words
from app.engine.reply import Call, Reply
from app.engine.run.decide import gives_up
from app.engine.state import (
    BrokenOff,
    CallModel,
    Cancelled,
    Exchange,
    Learnt,
    ModelFailed,
    ModelReplied,
    Newest,
    Outcome,
    RoomMade,
    RunState,
    RunTools,
    ToolsReturned,
    WindowFull,
)
from app.engine.tools.send_message import half_spoken, spoken

Note = Literal["", "stopped", "not_finished", "edited"]


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
        case WindowFull():
            full = {"newest": "window_full", "room": outcome.room, "learnt": outcome.learnt}
            return Applied(state.model_copy(update=full))
        case RoomMade():
            return Applied(state.model_copy(update={"newest": "open", "room": None}))
        case ToolsReturned():
            action = state.intent
            assert isinstance(action, RunTools)
            return _answered(_judged(state, action, outcome), action, outcome.returns, _LOST, now)
        case Cancelled():
            return _stopped(state.model_copy(update={"newest": "cancelled"}), outcome, _STOPPED, now)
        case BrokenOff():
            broken = {"newest": "broken_off", "failure": outcome.failure}
            return _stopped(state.model_copy(update=broken), outcome, _INTERRUPTED, now)
        case _:
            assert_never(outcome)


def _replied(state: RunState, outcome: ModelReplied, now: Micros) -> Applied:
    action = _model_call(state)
    reading = read_reply(outcome.reply, _around(state, action, outcome))
    text, calls, spoke = spoken(reading.text, reading.calls)
    calls = _first_only(calls) if outcome.one_call else calls
    step = _step(state, action, outcome.exchange, outcome.reply, "completed", reading.repairs)
    after = state.model_copy(
        update={
            "step_no": state.step_no + 1,
            "step_id": action.step_id,
            "calls": calls,
            "spoke": spoke,
            "bad_replies": 0 if reading.problem is None else state.bad_replies + 1,
            "bad_before": state.bad_replies,
            "last_problem": reading.problem,
            "give_up": reading.give_up,
            "reprompt": reading.reprompt,
            "usage": state.usage.plus(step.usage),
            "newest": _newest(reading, calls),
            "learnt": Learnt(),
        }
    )
    parts = (*_said(text, reading.reasoning), *(_part(call) for call in calls))
    kept = reading.reprompt is None or gives_up(after)
    note: Note = "not_finished" if reading.cut or reading.reprompt is not None else ""
    message = _message(state, action, parts, now, note) if parts and kept else None
    return Applied(after, message, step, outcome.exchange)


def _around(state: RunState, action: CallModel, outcome: ModelReplied) -> Circumstances:
    return Circumstances(
        tools=outcome.tools,
        bad_replies=state.bad_replies,
        recent=state.recent,
        asked=action.reprompt,
        constrained=outcome.constrained,
        in_form=outcome.in_form,
        before=outcome.before,
        ids=f"call_{action.message_id.partition('-')[2][:8]}",
    )


def _first_only(calls: tuple[Call, ...]) -> tuple[Call, ...]:
    return (*calls[:1], *(call.model_copy(update={"problem": call.problem or _ONE_CALL}) for call in calls[1:]))


def _newest(reading: Reading, calls: tuple[Call, ...]) -> Newest:
    if calls or reading.reprompt is not None:
        return "open"
    return "cut" if reading.cut else "answered"


def _said(text: str, reasoning: str) -> tuple[Part, ...]:
    thoughts = (ReasoningPart(text=reasoning),) if reasoning.strip() else ()
    return (*thoughts, TextPart(text=text)) if text.strip() else thoughts


def _heard(reply: Reply) -> tuple[Part, ...]:
    """The words of a reply that was stopped or broke off."""
    text, reasoning = read_words(reply)
    return _said("\n\n".join(words for words in (text, half_spoken(reply.calls)) if words.strip()), reasoning)


def _failed(state: RunState, outcome: ModelFailed, now: Micros) -> Applied:
    action = _model_call(state)
    step = _step(state, action, outcome.exchange, outcome.reply, "failed")
    after = state.model_copy(
        update={
            "step_no": state.step_no + 1,
            "step_id": action.step_id,
            "usage": state.usage.plus(step.usage),
            "newest": "model_failed",
            "failure": outcome.failure,
        }
    )
    said = _heard(outcome.reply)
    return Applied(after, _message(state, action, said, now, "not_finished") if said else None, step, outcome.exchange)


def _stopped(state: RunState, outcome: Cancelled | BrokenOff, otherwise: str, now: Micros) -> Applied:
    """Keeps what there was until then; `otherwise` is told of calls that brought nothing."""
    action = state.intent
    if isinstance(action, RunTools):
        return _answered(state, action, outcome.returns, otherwise, now)
    if not isinstance(action, CallModel) or outcome.exchange is None:
        return Applied(state)
    cancelled = isinstance(outcome, Cancelled)
    step = _step(state, action, outcome.exchange, outcome.reply, "cancelled" if cancelled else "failed")
    after = state.model_copy(
        update={"step_no": state.step_no + 1, "step_id": action.step_id, "usage": state.usage.plus(step.usage)}
    )
    said = _heard(outcome.reply)
    note: Note = "stopped" if cancelled else "not_finished"
    return Applied(after, _message(state, action, said, now, note) if said else None, step, outcome.exchange)


def _answered(
    state: RunState, action: RunTools, returns: dict[str, ToolReturnPart], otherwise: str, now: Micros
) -> Applied:
    """Every call gets its return, so that none stays an orphan; `otherwise` is the text where there is none."""
    calls = state.calls_of(action)
    parts = tuple(
        returns.get(call.tool_call_id)
        or tool_error(call, call.problem or (MAYBE_DONE if call.status == "started" else otherwise))
        for call in calls
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
    recent = (*state.recent, *_memos(state, calls, parts))[-WINDOW:]
    answered = frozenset(action.call_ids)
    still_open = tuple(call for call in state.calls if call.tool_call_id not in answered)
    return Applied(state.model_copy(update={"calls": still_open, "recent": recent}), message)


def _judged(state: RunState, action: RunTools, outcome: ToolsReturned) -> RunState:
    """A reply whose calls were refused, and that did nothing else and said nothing, was no use."""
    refused = outcome.refused | {call.tool_call_id for call in state.calls_of(action) if call.failed}
    done = any(part.status == "success" for part in outcome.returns.values())
    if not refused or done or state.spoke:
        return state
    problem = state.last_problem or "refused"
    return state.model_copy(update={"bad_replies": state.bad_before + 1, "last_problem": problem})


def _memos(state: RunState, calls: tuple[Call, ...], returns: tuple[ToolReturnPart, ...]) -> tuple[CallMemo, ...]:
    return tuple(
        CallMemo.of(
            call.name,
            call.arguments,
            part.text,
            answered=bool(call.result),
            failed=part.status == "error",
            step_no=state.step_no,
        )
        for call, part in zip(calls, returns, strict=True)
        if not call.problem
    )


def _model_call(state: RunState) -> CallModel:
    action = state.intent
    assert isinstance(action, CallModel)
    return action


def _part(call: Call) -> ToolCallPart:
    return ToolCallPart(tool_call_id=call.tool_call_id, name=call.name, arguments=call.arguments)


def tool_error(call: Call, text: str) -> ToolReturnPart:
    """A return that tells the model what went wrong."""
    return ToolReturnPart(tool_call_id=call.tool_call_id, name=call.name, status="error", text=text)


def known_return(call: Call) -> ToolReturnPart:
    """The return of a call whose result is known already."""
    return ToolReturnPart(
        tool_call_id=call.tool_call_id, name=call.name, status="error" if call.failed else "success", text=call.result
    )


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
    repairs: tuple[Repair, ...] = (),
) -> Step:
    counted = reply.usage or Usage()
    held = counted.prompt_tokens + counted.completion_tokens
    usage = counted.model_copy(update={"steps": 1, "context_tokens": held or None})
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
        repairs=repairs,
        truncated=exchange.truncated,
        created_at=exchange.sent_at,
        first_token_at=exchange.first_token_at,
        completed_at=exchange.ended_at,
    )


_ONE_CALL = "Not carried out: make one call at a time, and the next one when the first has returned."
_LOST = "No result was recorded for this call."
MAYBE_DONE = (
    "Interrupted by a restart: the tool had started, and whether it finished is unknown. Check before calling it again."
)
STOPPED_AT_WORK = (
    "The person stopped the run while this tool was at work; whether it finished is unknown. "
    "Check before calling it again."
)
_STOPPED = "The person stopped the run, so this call was not carried out."
_INTERRUPTED = "Interrupted by a restart: this call was not carried out."
