"""What Stop, and a run that broke off, keep of what there was: the half reply, and what its calls brought. Pure."""

from app.domain.base import Micros
from app.engine.run.rows import Applied, Note, heard, message_row, step_row, tool_message
from app.engine.state import BrokenOff, CallModel, Cancelled, RunState, RunTools

STOPPED_AT_WORK = (
    "The person stopped the run while this tool was at work; whether it finished is unknown. "
    "Check before calling it again."
)
_STOPPED = "The person stopped the run, so this call was not carried out."
_INTERRUPTED = "Interrupted by a restart: this call was not carried out."


def stopped(state: RunState, outcome: Cancelled, now: Micros) -> Applied:
    """A person stopped the run."""
    return _ended(state.model_copy(update={"newest": "cancelled"}), outcome, _STOPPED, now)


def broken_off(state: RunState, outcome: BrokenOff, now: Micros) -> Applied:
    """The engine ended, or the disk was full."""
    broken = {"newest": "broken_off", "failure": outcome.failure}
    return _ended(state.model_copy(update=broken), outcome, _INTERRUPTED, now)


def _ended(state: RunState, outcome: Cancelled | BrokenOff, otherwise: str, now: Micros) -> Applied:
    """Keeps what there was until then; `otherwise` is told of calls that brought nothing."""
    action = state.intent
    if isinstance(action, RunTools):
        return tool_message(state, action, outcome.returns, otherwise, now)
    if not isinstance(action, CallModel) or outcome.exchange is None:
        return Applied(state)
    cancelled = isinstance(outcome, Cancelled)
    step = step_row(state, action, outcome.exchange, outcome.reply, "cancelled" if cancelled else "failed")
    after = state.model_copy(
        update={"step_no": state.step_no + 1, "step_id": action.step_id, "usage": state.usage.plus(step.usage)}
    )
    said = heard(outcome.reply)
    note: Note = "stopped" if cancelled else "not_finished"
    return Applied(after, message_row(state, action, said, now, note) if said else None, step, outcome.exchange)
