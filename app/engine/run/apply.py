"""Pure: how an outcome changes the state of a run, and the message and step row that come of it."""

from dataclasses import replace
from typing import assert_never

from app.domain.base import Micros
from app.domain.message import ToolCallPart
from app.domain.run import Usage
from app.engine.repairs.policy import Circumstances, Reading, read_reply
from app.engine.reply import Call
from app.engine.run.decide import gives_up
from app.engine.run.rows import Applied, Note, heard, message_row, model_call, said, step_row, tool_message
from app.engine.run.rules import joined, made_of
from app.engine.run.stopped import broken_off, stopped
from app.engine.state import (
    BrokenOff,
    CallModel,
    Cancelled,
    Compacted,
    Learnt,
    ModelFailed,
    ModelReplied,
    Newest,
    Outcome,
    RunState,
    RunTools,
    ToolsReturned,
    WindowFull,
)
from app.engine.tools.send_message import spoken

_ONE_CALL = "Not carried out: make one call at a time, and the next one when the first has returned."
_LOST = "No result was recorded for this call."


def apply(state: RunState, outcome: Outcome, now: Micros) -> Applied:
    """Folds an outcome into the state. `state.intent` is the action that had this outcome."""
    match outcome:
        case ModelReplied():
            return _replied(state, outcome, now)
        case ModelFailed():
            return _failed(state, outcome, now)
        case WindowFull():
            full = {
                "newest": "window_full",
                "leave_before": outcome.leave_before,
                "free": outcome.free,
                "learnt": outcome.learnt,
            }
            return Applied(state.model_copy(update=full))
        case Compacted():
            return Applied(_compacted(state, outcome))
        case ToolsReturned():
            action = state.intent
            assert isinstance(action, RunTools)
            judged = _judged(state, action, outcome)
            return _remembered(state, tool_message(judged, action, outcome.returns, _LOST, now), action)
        case Cancelled():
            return stopped(state, outcome, now)
        case BrokenOff():
            return broken_off(state, outcome, now)
        case _:
            assert_never(outcome)


def _compacted(state: RunState, outcome: Compacted) -> RunState:
    usage = state.usage
    for asked in outcome.asked:
        usage = usage.plus((asked.reply.usage or Usage()).model_copy(update={"steps": 0, "context_tokens": None}))
    failed = outcome.failure is not None
    newest: Newest = "model_failed" if failed else "open"
    known = {"newest": newest, "failure": outcome.failure} if failed else {"newest": newest}
    return state.model_copy(update={**known, "leave_before": None, "usage": usage})


def _replied(state: RunState, outcome: ModelReplied, now: Micros) -> Applied:
    action = model_call(state)
    reading = read_reply(outcome.reply, _around(state, action, outcome))
    text, calls, spoke = spoken(reading.text, reading.calls)
    calls = _first_only(calls) if outcome.one_call else calls
    step = step_row(state, action, outcome.exchange, outcome.reply, "completed", reading.repairs)
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
            "answered": False,
            "pressed": 0 if calls else state.pressed + _was_pressed(action),
            "learnt": Learnt(),
        }
    )
    parts = (*said(text, reading.reasoning), *(_part(call) for call in calls))
    kept = reading.reprompt is None or gives_up(after)
    note: Note = "not_finished" if reading.cut or reading.reprompt is not None else ""
    message = message_row(state, action, parts, now, note) if parts and kept else None
    return Applied(after, message, step, outcome.exchange)


def _was_pressed(action: CallModel) -> bool:
    return action.reprompt is not None and action.reprompt.reason == "rule"


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


def _failed(state: RunState, outcome: ModelFailed, now: Micros) -> Applied:
    action = model_call(state)
    step = step_row(state, action, outcome.exchange, outcome.reply, "failed")
    after = state.model_copy(
        update={
            "step_no": state.step_no + 1,
            "step_id": action.step_id,
            "usage": state.usage.plus(step.usage),
            "newest": "model_failed",
            "failure": outcome.failure,
        }
    )
    said = heard(outcome.reply)
    return Applied(
        after, message_row(state, action, said, now, "not_finished") if said else None, step, outcome.exchange
    )


def _judged(state: RunState, action: RunTools, outcome: ToolsReturned) -> RunState:
    """A reply whose calls were refused, and that did nothing else and said nothing, was no use."""
    calls = state.calls_of(action)
    refused = outcome.refused | {call.tool_call_id for call in calls if call.failed or call.ruled}
    done = any(part.status == "success" for part in outcome.returns.values())
    if not refused or done or state.spoke:
        return state
    problem = state.last_problem or ("ruled" if any(call.ruled for call in calls) else "refused")
    return state.model_copy(update={"bad_replies": state.bad_before + 1, "last_problem": problem})


def _remembered(state: RunState, applied: Applied, action: RunTools) -> Applied:
    """With the history that the rules go by."""
    assert applied.message is not None
    calls = state.calls_of(action)
    made = made_of(calls, applied.message.tool_returns, state.step_no)
    denied = (call.name for call in calls if call.status == "denied")
    update = {"made": joined(state.made, made), "denied": (*state.denied, *denied)}
    return replace(applied, state=applied.state.model_copy(update=update))


def _part(call: Call) -> ToolCallPart:
    return ToolCallPart(tool_call_id=call.tool_call_id, name=call.name, arguments=call.arguments)
