"""Runs, their steps with what went over the wire, and their event log."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database import mapping
from app.adapters.database.known_rows import NOTHING_KNOWN, NothingKnown
from app.adapters.database.prepared import Prepared, Row
from app.adapters.database.repositories import traces
from app.adapters.database.repositories.history import events_by_seq
from app.adapters.database.repositories.messages import messages_by_id
from app.adapters.database.rows import add, all_rows, first_row, insert, missing, scalar, update
from app.adapters.database.tables import agents, conversations, run_events, runs, steps
from app.domain.base import Micros
from app.domain.error import busy
from app.domain.event import RunEvent
from app.domain.run import Run, RunPurpose, Step, StepTrace

# Written out, because SQLite uses a partial index only for the condition it was made with.
_ACTIVE = runs.c.status.in_([sa.literal_column("'created'"), sa.literal_column("'running'")])
_COUNTED = (steps.c.status == sa.literal_column("'completed'"), steps.c.prompt_tokens > sa.literal_column("0"))
_RUN_COLUMNS = [column for column in runs.c if column.name != "state"]
_STEP_COLUMNS = [column for column in steps.c if column.name not in ("request", "reply", "reply_truncated")]
_runs = sa.select(*_RUN_COLUMNS)
_branch = conversations.alias("branch")
_steps = sa.select(*_STEP_COLUMNS)
_active_in = Prepared(_runs.where(runs.c.conversation_id == sa.bindparam("conversation"), _ACTIVE))
_active = Prepared(_runs.where(_ACTIVE))
_run = Prepared(_runs.where(runs.c.id == sa.bindparam("run")))
_state = Prepared(sa.select(runs.c.state).where(runs.c.id == sa.bindparam("run")))
_counted = (
    _steps.where(steps.c.agent_id == sa.bindparam("agent"), *_COUNTED, steps.c.purpose != "summary")
    .order_by(steps.c.seq.desc())
    .limit(sa.literal(1))
)
_step = Prepared(sa.select(steps).where(steps.c.id == sa.bindparam("step")))
_last_step, _last_whole_step = Prepared(_counted), Prepared(_counted.where(steps.c.truncated.is_(sa.false())))
_steps_of = Prepared(_steps.where(steps.c.run_id.in_(sa.bindparam("runs", expanding=True))).order_by(steps.c.seq))
_newer = runs.alias("newer")
_is_last = ~(
    sa.select(_newer.c.seq)
    .where(_newer.c.agent_id == sa.bindparam("agent"), _newer.c.completed_at.is_not(None))
    .where(_newer.c.seq > sa.bindparam("run_seq"))
    .exists()
)
_ended = (
    Prepared(
        agents.update()
        .where(agents.c.id == sa.bindparam("agent"), _is_last)
        .values(last_run_at=sa.bindparam("at"), last_stop_reason=sa.bindparam("reason"))
    ),
    Prepared(
        conversations.update()
        .where(
            conversations.c.id
            == sa.select(_branch.c.root_id).where(_branch.c.id == sa.bindparam("conversation")).scalar_subquery(),
            conversations.c.last_run_at < sa.bindparam("at"),
        )
        .values(last_run_at=sa.bindparam("at"))
    ),
)
_run_seq = Prepared(sa.select(runs.c.seq).where(runs.c.id == sa.bindparam("run")))
_log = Prepared(
    sa.select(run_events)
    .where(run_events.c.run_seq == sa.bindparam("run_seq"), run_events.c.seq_id > sa.bindparam("after"))
    .order_by(run_events.c.seq_id)
    .limit(sa.bindparam("limit"))
)


@dataclass(frozen=True)
class SqlRuns:
    db: Connection
    known: NothingKnown = NOTHING_KNOWN

    def get(self, run_id: str) -> Run:
        return self.known.recall("run", run_id, lambda: self._read(run_id))

    def _read(self, run_id: str) -> Run:
        row = first_row(self.db, _run, {"run": run_id})
        if row is None:
            raise missing("run", run_id)
        return mapping.run_of(row)

    def add(self, run: Run, state: str) -> None:
        active = self.active_in(run.conversation_id) if run.active else None
        if active is not None:
            raise busy(active.id)
        seq = insert(self.db, runs, {**mapping.run_values(run), "state": state})
        self.known.keep("run seq", run.id, seq)
        self.known.keep("run", run.id, run)
        self._note_end(run)

    def save(self, run: Run, state: str) -> None:
        known: Run | None = self.known.find("run", run.id)
        is_the_active = known is not None and known.active and known.conversation_id == run.conversation_id
        active = self.active_in(run.conversation_id) if run.active and not is_the_active else None
        if active is not None and active.id != run.id:
            raise busy(active.id)
        update(self.db, runs, run.id, {**mapping.changing_run_values(run), "state": state})
        self.known.keep("run", run.id, run)
        self._note_end(run)

    def _note_end(self, run: Run) -> None:
        """Lists are sorted by it. The last run of an agent is the newest one that has ended."""
        if run.completed_at is not None:
            agent, thread = _ended
            ended = {"at": run.completed_at, "reason": run.stop_reason, "run_seq": self._seq(run.id)}
            agent.run(self.db, {**ended, "agent": run.agent_id})
            thread.run(self.db, {"at": run.completed_at, "conversation": run.conversation_id})

    def state(self, run_id: str) -> str:
        row = first_row(self.db, _state, {"run": run_id})
        if row is None:
            raise missing("run", run_id)
        return row["state"]

    def active(self) -> tuple[Run, ...]:
        # Sorted here: asked for an order, SQLite would read all runs in it instead of the few by their index.
        return _all_runs(sorted(all_rows(self.db, _active), key=lambda row: row["seq"]))

    def active_in(self, conversation_id: str) -> Run | None:
        row = first_row(self.db, _active_in, {"conversation": conversation_id})
        return None if row is None else mapping.run_of(row)

    def list(
        self,
        *,
        agent_id: str | None = None,
        conversation_id: str | None = None,
        before_id: str | None = None,
        limit: int = 50,
        purpose: RunPurpose | None = None,
    ) -> tuple[Run, ...]:
        found = _runs.order_by(runs.c.seq.desc()).limit(limit)
        if agent_id is not None:
            found = found.where(runs.c.agent_id == agent_id)
        if conversation_id is not None:
            found = found.where(runs.c.conversation_id == conversation_id)
        if purpose is not None:
            found = found.where(runs.c.purpose == purpose)
        if before_id is not None:
            found = found.where(runs.c.seq < self._seq(before_id))
        return _all_runs(all_rows(self.db, found))

    def many(self, run_ids: tuple[str, ...]) -> tuple[Run, ...]:
        return _all_runs(all_rows(self.db, _runs.where(runs.c.id.in_(run_ids)).order_by(runs.c.seq)))

    def add_step(self, step: Step, request_parts: tuple[bytes, ...], reply: bytes) -> None:
        agent_id = step.agent_id
        before = self.known.recall("last request", agent_id, lambda: traces.last_request(self.db, agent_id), _weight)
        trace, stored = traces.values(self.db, before, request_parts, reply)
        add(self.db, steps, {**mapping.step_values(step), **trace})
        if step.status == "completed" and step.usage.prompt_tokens > 0 and step.purpose != "summary":
            self.known.keep("last request", agent_id, stored, _weight(stored))
            self.known.keep("last step", agent_id, step)
            if not step.truncated:
                self.known.keep("last step", f"{agent_id} whole", step)

    def steps(self, run_ids: tuple[str, ...]) -> tuple[Step, ...]:
        rows = all_rows(self.db, _steps_of, {"runs": run_ids})
        return tuple(mapping.step_of(row) for row in rows)

    def step(self, step_id: str) -> Step:
        row = first_row(self.db, _steps.where(steps.c.id == step_id))
        if row is None:
            raise missing("step", step_id)
        return mapping.step_of(row)

    def last_step(self, agent_id: str, *, whole: bool = False) -> Step | None:
        key = f"{agent_id} whole" if whole else agent_id
        return self.known.recall("last step", key, lambda: self._last_step(agent_id, whole))

    def _last_step(self, agent_id: str, whole: bool) -> Step | None:
        row = first_row(self.db, _last_whole_step if whole else _last_step, {"agent": agent_id})
        return None if row is None else mapping.step_of(row)

    def trace(self, step_id: str) -> StepTrace:
        return traces.trace_of(self.db, self._step_row(step_id))

    def request(self, step_id: str) -> tuple[bytes, ...]:
        return traces.request_of(self.db, self._step_row(step_id)["request"])

    def _step_row(self, step_id: str) -> Row:
        row = first_row(self.db, _step, {"step": step_id})
        if row is None:
            raise missing("step", step_id)
        return row

    def add_events(self, events: tuple[RunEvent, ...]) -> None:
        seqs = {run_id: self._seq(run_id) for run_id in dict.fromkeys(event.run_id for event in events)}
        add(self.db, run_events, *({"run_seq": seqs[one.run_id], **mapping.run_event_values(one)} for one in events))

    def events(self, run_id: str, after_seq: int = 0, limit: int = 1000) -> tuple[RunEvent, ...]:
        rows = all_rows(self.db, _log, {"run_seq": self._seq(run_id), "after": after_seq, "limit": limit})
        said = messages_by_id(self.db, {row["message_id"] for row in rows if row["message_id"]})
        seqs = {row["seq_id"]: mapping.from_json(row["changes"]) for row in rows if row["changes"]}
        changed = events_by_seq(self.db, {seq for group in seqs.values() for seq in group}) if seqs else {}
        return tuple(
            mapping.run_event_of(
                row, run_id, said.get(row["message_id"]), tuple(changed[seq] for seq in seqs.get(row["seq_id"], ()))
            )
            for row in rows
        )

    def last_seq(self, run_id: str) -> int:
        last = sa.select(sa.func.max(run_events.c.seq_id)).where(run_events.c.run_seq == self._seq(run_id))
        return scalar(self.db, last) or 0

    def drop_deltas(self, ended_before: Micros) -> int:
        ended = sa.select(runs.c.seq).where(runs.c.completed_at < ended_before)
        deltas = run_events.delete().where(run_events.c.whole.is_(sa.false()), run_events.c.run_seq.in_(ended))
        return self.db.execute(deltas).rowcount

    def _seq(self, run_id: str) -> int:
        seq = self.known.recall("run seq", run_id, lambda: scalar(self.db, _run_seq, {"run": run_id}))
        if seq is None:
            raise missing("run", run_id)
        return seq


def _weight(hashes: frozenset[bytes]) -> int:
    """Bytes: of a hash as an object, and its place in the set."""
    return 100 * len(hashes)


def _all_runs(rows: Sequence[Row]) -> tuple[Run, ...]:
    return tuple(mapping.run_of(row) for row in rows)
