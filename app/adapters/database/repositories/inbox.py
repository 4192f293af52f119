"""What waits to be seen. A row comes with the event of an agent, and stays with what a person made of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database.repositories.history import events_by_seq
from app.adapters.database.rows import all_rows, scalar
from app.adapters.database.tables import agents, memory_events, memory_inbox
from app.domain.base import Micros
from app.domain.history import MemoryEvent
from app.domain.inbox import Looked, Outcome

_row = memory_inbox.c
_WAITS = _row.outcome.is_(None)


@dataclass(frozen=True)
class SqlInbox:
    db: Connection

    def count(self, agent_id: str | None = None) -> int:
        return scalar(self.db, _waiting(agent_id, sa.func.count())) or 0

    def waiting(self, agent_id: str | None = None, limit: int = 100) -> tuple[MemoryEvent, ...]:
        order = (_row.foreign_text.desc(), _row.event_seq.desc())
        seqs = self.db.execute(_waiting(agent_id, _row.event_seq).order_by(*order).limit(limit)).scalars().all()
        events = events_by_seq(self.db, seqs)
        return tuple(events[seq] for seq in seqs)

    def of_run(self, run_id: str) -> tuple[int, ...]:
        found = _waiting(None, _row.event_seq).join(memory_events, memory_events.c.seq == _row.event_seq)
        return tuple(self.db.execute(found.where(memory_events.c.run_id == run_id)).scalars())

    def all_waiting(self, agent_id: str | None = None) -> tuple[int, ...]:
        return tuple(self.db.execute(_waiting(agent_id, _row.event_seq)).scalars())

    def note(self, seqs: Sequence[int], outcome: Outcome | None, at: Micros) -> int:
        wanted = memory_inbox.update().where(_row.event_seq.in_(tuple(seqs)), _row.outcome.is_distinct_from(outcome))
        return self.db.execute(wanted.values(outcome=outcome, looked_at=0 if outcome is None else at)).rowcount

    def looked(self, since: Micros, agent_id: str | None = None, limit: int = 100) -> tuple[Looked, ...]:
        found = sa.select(memory_inbox).where(_row.looked_at >= max(since, 1))
        if agent_id is not None:
            found = found.where(_row.agent_id == agent_id)
        rows = all_rows(self.db, found.order_by(_row.looked_at.desc(), _row.event_seq.desc()).limit(limit))
        events = events_by_seq(self.db, [row["event_seq"] for row in rows])
        return tuple(
            Looked(event=events[row["event_seq"]], outcome=row["outcome"], at=row["looked_at"]) for row in rows
        )

    def first_waiting_at(self, agent_id: str | None = None) -> Micros | None:
        first = _waiting(agent_id, sa.func.min(_row.event_seq)).scalar_subquery()
        return scalar(self.db, sa.select(memory_events.c.at).where(memory_events.c.seq == first))

    def last_looked_at(self) -> Micros | None:
        return scalar(self.db, sa.select(sa.func.max(_row.looked_at)).where(_row.looked_at > 0))


def _waiting(agent_id: str | None, what: Any) -> sa.Select[Any]:
    """Of agents that are there."""
    found = sa.select(what).select_from(memory_inbox).where(_WAITS)
    if agent_id is not None:
        return found.where(_row.agent_id == agent_id)
    return found.join(agents, agents.c.id == _row.agent_id).where(agents.c.deleted_at.is_(None))
