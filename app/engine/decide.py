"""Pure: what a run does next, given its state."""

from dataclasses import dataclass

from app.domain.run import Failure
from app.engine.state import Action, CallModel, Finish, RunState, RunTools

MAX_BROKEN_CALLS = 3
MAX_EMPTY_REPLIES = 2


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
    if state.broken_calls >= MAX_BROKEN_CALLS:
        return Finish(stop_reason="invalid_tool_call", failure=_BROKEN)
    if state.empty_replies >= MAX_EMPTY_REPLIES:
        return Finish(stop_reason="invalid_llm_response", failure=_EMPTY)
    if state.step_no >= state.max_steps:
        return Finish(stop_reason="max_steps", failure=_too_many(state.max_steps))
    return CallModel(step_id=fresh.step_id, message_id=fresh.message_id)


_BROKEN = Failure(
    code="invalid_tool_call",
    message=f"The model sent a broken tool call {MAX_BROKEN_CALLS} times, so the run ended. They changed nothing.",
    hint="Try again, or choose a model that handles tools better.",
)
_EMPTY = Failure(
    code="empty_reply",
    message=f"The model answered with nothing {MAX_EMPTY_REPLIES} times, so the run ended. Your message is kept.",
    hint="Try again, or choose another model.",
)


def _too_many(steps: int) -> Failure:
    return Failure(
        code="max_steps",
        message=f"The agent used all {steps} steps without finishing. What it did so far is kept.",
        hint="Send a message to let it go on, or raise its step limit.",
    )
