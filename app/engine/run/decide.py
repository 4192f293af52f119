"""Pure: what a run does next, given its state."""

from dataclasses import dataclass

from app.domain.run import Failure
from app.engine.repairs.again import Reprompt, ask_again
from app.engine.repairs.policy import MOST_REPAIRS
from app.engine.repairs.sentences import ending
from app.engine.state import Action, CallModel, Finish, RunState, RunTools

LEAST_ROUNDS = 3
"""With fewer steps a run needs each of them for its tools."""


@dataclass(frozen=True)
class FreshIds:
    """Ids that the next action may use; made outside, so that deciding stays pure."""

    step_id: str
    message_id: str


def decide(state: RunState, fresh: FreshIds) -> Action:
    """The next action. Calling it twice with the same arguments gives the same action."""
    if state.end is not None:
        return state.end
    if state.calls:
        return RunTools(step_id=state.step_id, message_id=fresh.message_id, calls=state.calls)
    if state.bad_replies > MOST_REPAIRS and state.last_problem is not None:
        reason, failure = ending(state.last_problem)
        return Finish(stop_reason=reason, failure=failure)
    if state.step_no >= state.max_steps:
        return Finish(stop_reason="max_steps", failure=_too_many(state.max_steps))
    return CallModel(step_id=fresh.step_id, message_id=fresh.message_id, again=state.again or _last_words(state))


def _last_words(state: RunState) -> Reprompt | None:
    """A run that only calls tools is asked for an answer while it still has a step."""
    last = state.max_steps >= LEAST_ROUNDS and state.step_no == state.max_steps - 1
    return ask_again("rounds", 0) if last else None


def _too_many(steps: int) -> Failure:
    return Failure(
        code="max_steps",
        message=f"The agent used all {steps} steps without finishing. What it did so far is kept.",
        hint="Send a message to let it go on, or raise its step limit.",
    )
