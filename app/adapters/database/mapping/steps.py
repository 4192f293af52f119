"""Steps of runs, and what programs say of them."""

from pydantic import TypeAdapter

from app.adapters.database.mapping.runs import usage_of, usage_values
from app.adapters.database.mapping.values import Values, from_json, same
from app.adapters.database.prepared import Row
from app.domain.run import Repair, Step
from app.domain.turn import StepFeedback

_REPAIRS: TypeAdapter[tuple[Repair, ...]] = TypeAdapter(tuple[Repair, ...])
_STEP = tuple(name for name in Step.model_fields if name not in ("usage", "repairs"))


def step_values(step: Step) -> Values:
    repairs = _REPAIRS.dump_json(step.repairs).decode()
    return {**{name: getattr(step, name) for name in _STEP}, **usage_values(step.usage), "repairs": repairs}


def step_of(row: Row) -> Step:
    return Step(**same(row, *_STEP), usage=usage_of(row), repairs=_REPAIRS.validate_json(row["repairs"]))


def step_feedback_of(row: Row) -> StepFeedback:
    return StepFeedback(step_id=row["step_id"], feedback=row["feedback"], tags=tuple(from_json(row["tags"])))
