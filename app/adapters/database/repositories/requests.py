"""What programs ask for with a run, and what they say of its steps."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database import mapping
from app.adapters.database.prepared import Prepared
from app.adapters.database.rows import add, all_rows, first_row
from app.adapters.database.tables import run_requests, step_feedback
from app.domain.turn import RunRequest, StepFeedback

_again = Prepared(
    run_requests.update().where(run_requests.c.run_id == sa.bindparam("run")), tuple(RunRequest.model_fields)
)


@dataclass(frozen=True)
class SqlRequests:
    db: Connection

    def get(self, run_id: str) -> RunRequest | None:
        row = first_row(self.db, sa.select(run_requests).where(run_requests.c.run_id == run_id))
        return None if row is None else mapping.run_request_of(row)

    def many(self, run_ids: tuple[str, ...]) -> dict[str, RunRequest]:
        rows = all_rows(self.db, sa.select(run_requests).where(run_requests.c.run_id.in_(run_ids)))
        return {row["run_id"]: mapping.run_request_of(row) for row in rows}

    def put(self, request: RunRequest) -> None:
        values = mapping.run_request_values(request)
        if not _again.run(self.db, {**values, "run": request.run_id}).rowcount:
            add(self.db, run_requests, values)

    def to_call(self) -> tuple[RunRequest, ...]:
        waiting = sa.and_(run_requests.c.callback_url.is_not(None), run_requests.c.callback_sent_at.is_(None))
        return tuple(mapping.run_request_of(row) for row in all_rows(self.db, sa.select(run_requests).where(waiting)))

    def feedback(self, step_ids: tuple[str, ...]) -> dict[str, StepFeedback]:
        rows = all_rows(self.db, sa.select(step_feedback).where(step_feedback.c.step_id.in_(step_ids)))
        return {row["step_id"]: mapping.step_feedback_of(row) for row in rows}

    def put_feedback(self, feedback: StepFeedback) -> None:
        values = {"feedback": feedback.feedback, "tags": mapping.to_json(feedback.tags)}
        of_step = step_feedback.update().where(step_feedback.c.step_id == feedback.step_id)
        if not self.db.execute(of_step, values).rowcount:
            self.db.execute(step_feedback.insert(), {"step_id": feedback.step_id, **values})
