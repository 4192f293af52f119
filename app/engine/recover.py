"""Pure: what to do with a run that was active when the engine ended."""

from dataclasses import dataclass

from app.domain.base import Micros
from app.domain.run import Failure, Run
from app.engine.decide import FreshIds
from app.engine.state import SCHEMA_VERSION, Call, CallModel, Finish, RunState, RunTools

RESUME_WITHIN: Micros = 10 * 60 * 1_000_000
"""A run older than this is not taken up again by itself: nobody waits for it any more."""
MAX_RESUMES = 1
"""A run that was active at two engine deaths may be their cause, so it is not tried a third time."""
INTERRUPTED = "interrupted by restart"


@dataclass(frozen=True)
class Recovery:
    """`resume`: go on with `state`. Otherwise the run ends with `state.end` once open calls are answered."""

    resume: bool
    state: RunState


def recover(run: Run, state: RunState | None, now: Micros, fresh: FreshIds) -> Recovery:
    """Decides over one run. `state` is None when the stored one is of another schema version or cannot be read."""
    if state is None or state.schema_version != SCHEMA_VERSION:
        blank = RunState(run_id=run.id, agent_id=run.agent_id, conversation_id=run.conversation_id)
        return Recovery(False, _ended(blank, _interrupted("It was written by another version of Lares.")))
    if run.resumed >= MAX_RESUMES:
        return Recovery(False, _ended(state, _CRASHER))
    if not run.background and now - run.created_at > RESUME_WITHIN:
        return Recovery(False, _ended(state, _interrupted("")))
    return Recovery(True, _again(state, fresh))


def _again(state: RunState, fresh: FreshIds) -> RunState:
    match state.intent:
        case CallModel() as action:
            again = CallModel(step_id=action.step_id, message_id=fresh.message_id, attempt=action.attempt + 1)
            return state.model_copy(update={"intent": again})
        case RunTools() as action:
            calls = tuple(_not_again(call) for call in action.calls)
            return state.model_copy(update={"intent": action.model_copy(update={"calls": calls}), "calls": calls})
        case Finish() | None:
            return state


def _not_again(call: Call) -> Call:
    """A tool that had started may have acted already, so it never runs a second time unnoticed."""
    if call.status != "started":
        return call
    problem = f"{INTERRUPTED}: the tool had started, and whether it finished is unknown. Check before calling it again."
    return call.model_copy(update={"problem": problem})


def _ended(state: RunState, failure: Failure) -> RunState:
    return state.model_copy(update={"end": Finish(stop_reason="error", failure=failure)})


def _interrupted(why: str) -> Failure:
    sentence = "Lares was closed during this run, so it did not finish. What it did until then is kept."
    return Failure(code="interrupted", message=f"{sentence} {why}".strip(), hint="Try again to let it go on.")


_CRASHER = Failure(
    code="interrupted",
    message="The engine ended twice during this run, so it was not taken up again. What it did until then is kept.",
    hint="Try again, or choose another model first.",
)
