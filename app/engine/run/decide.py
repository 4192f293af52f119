"""Pure: what a run does next, given its state. Nothing else ends a run."""

from dataclasses import dataclass

from app.domain.run import Failure, StopReason
from app.engine.repairs.policy import MOST_REPAIRS
from app.engine.repairs.reprompt import Reprompt, reprompt_for, reprompt_to_call
from app.engine.run.ending_sentences import CUT, all_steps_used, ending, never_called
from app.engine.run.policy import Policy
from app.engine.run.rules import judge
from app.engine.state import Action, CallModel, Compact, Finish, Newest, RunState, RunTools

LEAST_ROUNDS = 3
"""With fewer steps a run needs each of them for its tools."""


@dataclass(frozen=True)
class FreshIds:
    """Ids that the next action may use; made outside, so that deciding stays pure."""

    step_id: str
    message_id: str


def decided(state: RunState, policy: Policy, fresh: FreshIds) -> RunState:
    """The state with its open calls judged by the rules, and its next intent."""
    if state.calls and state.newest not in _ENDS:
        turn = policy.turn(state)
        calls = judge(state.calls, turn, policy.client, policy.changed, asks=not state.answered)
        state = state.model_copy(update={"calls": calls})
    return state.model_copy(update={"intent": decide(state, policy, fresh)})


def decide(state: RunState, policy: Policy, fresh: FreshIds) -> Action:
    """The next action. Calling it twice with the same arguments gives the same action."""
    ended = _ENDS.get(state.newest)
    if ended is not None:
        return Finish(stop_reason=_reason(ended, state.failure), failure=state.failure)
    if state.newest == "window_full" and state.leave_before is not None:
        border, free = state.leave_before, state.free
        return Compact(step_id=fresh.step_id, message_id=fresh.message_id, leave_before=border, free=free)
    if any(call.status == "awaiting_approval" for call in state.calls):
        return Finish(stop_reason="requires_approval")
    if state.calls:
        call_ids = tuple(call.tool_call_id for call in state.calls)
        return RunTools(step_id=state.step_id, message_id=fresh.message_id, call_ids=call_ids)
    turn = policy.turn(state)
    if state.newest == "open" and turn.ends(state.step_no):
        return Finish(stop_reason="tool_rule")
    if state.last_problem is not None and gives_up(state):
        reason, failure = ending(state.last_problem)
        return Finish(stop_reason=reason, failure=failure)
    missing = turn.missing
    done = state.newest == "answered" or state.spoke
    if done and not missing:
        return Finish(stop_reason="end_turn")
    if done and (state.pressed >= MOST_REPAIRS or not turn.allowed):
        return Finish(stop_reason="no_tool_call", failure=never_called(missing[0]))
    if state.newest == "cut":
        return Finish(stop_reason="max_tokens_exceeded", failure=CUT)
    if state.step_no >= policy.max_steps:
        return Finish(stop_reason="max_steps", failure=all_steps_used(policy.max_steps))
    if done:
        reprompt = reprompt_to_call(missing[0])
    else:
        reprompt = state.reprompt or (None if missing else _last_words(state, policy))
    return CallModel(step_id=fresh.step_id, message_id=fresh.message_id, reprompt=reprompt, learnt=state.learnt)


def gives_up(state: RunState) -> bool:
    """Whether the model had its chances: what it sent last is then kept as it is, and a person is told."""
    return state.give_up or state.bad_replies > MOST_REPAIRS


def _reason(usual: StopReason, failure: Failure | None) -> StopReason:
    overflow = failure is not None and failure.code == "context_window_overflow"
    return "context_window_overflow_in_system_prompt" if overflow else usual


def _last_words(state: RunState, policy: Policy) -> Reprompt | None:
    """A run that only calls tools is asked for an answer while it still has a step."""
    last = policy.max_steps >= LEAST_ROUNDS and state.step_no == policy.max_steps - 1
    return reprompt_for("rounds", 0) if last else None


_ENDS: dict[Newest, StopReason] = {"model_failed": "llm_api_error", "broken_off": "error", "cancelled": "cancelled"}
"""What ends a run whatever else is open. Where it had calls, they are answered already."""
