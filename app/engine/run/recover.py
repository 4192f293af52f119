"""Pure: what to do with a run that was active when the engine ended."""

from app.domain.base import Micros
from app.domain.run import Failure, Run
from app.engine.reply import Call
from app.engine.run.decide import FreshIds
from app.engine.run.ending_sentences import STOPPED_THE_ENGINE_TWICE, closed_meanwhile
from app.engine.run.rows import MAYBE_DONE
from app.engine.run.stored_state import read_state
from app.engine.state import CallModel, Compact, Finish, RunState, RunTools

RESUME_WITHIN: Micros = 10 * 60 * 1_000_000
"""A run older than this is not taken up again by itself: nobody waits for it any more."""
MAX_RESUMES = 1
"""A run that was active at two engine deaths may be their cause, so it is not tried a third time."""


def stored_state(run: Run, text: str) -> RunState | None:
    """The state as it was stored; None when it cannot be read, or is another run's."""
    state = read_state(text)
    return state if state is not None and state.run_id == run.id else None


def blank_state(run: Run) -> RunState:
    """What is known of a run without its state: enough to end it."""
    return RunState(run_id=run.id, agent_id=run.agent_id, conversation_id=run.conversation_id, usage=run.usage)


def recover(run: Run, state: RunState | None, now: Micros, fresh: FreshIds) -> RunState | Failure:
    """The state to go on with, or why the run ends."""
    if state is None:
        return closed_meanwhile("It was written by another version of Lares.")
    if run.resumed >= MAX_RESUMES and not state.set_aside:
        return STOPPED_THE_ENGINE_TWICE
    if not run.background and now - run.created_at > RESUME_WITHIN:
        return closed_meanwhile()
    return _once_more(state.model_copy(update={"set_aside": False}), fresh)


def _once_more(state: RunState, fresh: FreshIds) -> RunState:
    match state.intent:
        case CallModel() as action:
            once_more = action.model_copy(update={"message_id": fresh.message_id, "attempt": action.attempt + 1})
            return state.model_copy(update={"intent": once_more})
        case RunTools():
            return state.model_copy(update={"calls": tuple(_not_again(call) for call in state.calls)})
        case Compact() as action:
            anew = {"step_id": fresh.step_id, "message_id": fresh.message_id}
            return state.model_copy(update={"intent": action.model_copy(update=anew)})
        case Finish() | None:
            return state


def _not_again(call: Call) -> Call:
    """A tool that had started may have acted already, so it never runs a second time unnoticed."""
    if call.status != "started":
        return call
    return call.model_copy(update={"problem": MAYBE_DONE})
