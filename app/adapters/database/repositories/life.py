"""A life counted: reads the links between events and agents, which hold no texts, and events only by page."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database import mapping
from app.adapters.database.prepared import Prepared
from app.adapters.database.repositories.history import complete_events
from app.adapters.database.rows import all_rows, scalar
from app.adapters.database.tables import memory_event_agents, memory_events
from app.domain.base import Micros
from app.domain.history import ChangeFilter, ChangeKind, LifeMark, MemoryEvent, TargetKind, Tick

_link, _event = memory_event_agents.c, memory_events.c
_mine = _link.agent_id == sa.bindparam("agent")
_within = sa.and_(_mine, _link.at >= sa.bindparam("since"), _link.at <= sa.bindparam("until"))
_MOVES = ("create", "delete", "restore", "attach", "detach")
_moves = Prepared(
    sa.select(memory_events)
    .join_from(memory_event_agents, memory_events, _link.event_seq == _event.seq)
    .where(_mine, _link.event_seq > sa.bindparam("seq"), _link.op.in_(_MOVES))
    .order_by(_link.event_seq.desc())
)
_summaries = sa.select(_link.event_seq, _link.at).where(_mine, _link.target_kind == "summary", _link.op != "restore")
_models = (
    sa.select(_link.event_seq, _link.at, _event.after)
    .join_from(memory_event_agents, memory_events, _link.event_seq == _event.seq)
    .where(_within, _link.target_kind == "agent", _link.op == "update", _event.fields.contains("model"))
)


@dataclass(frozen=True)
class SqlLife:
    db: Connection

    def began(self, agent_id: str) -> Micros | None:
        return scalar(self.db, sa.select(sa.func.min(_link.at)).where(_mine), {"agent": agent_id})

    def counts(self, agent_id: str, target_id: str = "") -> dict[ChangeKind, int]:
        found = sa.select(_link.kind, sa.func.count().label("number")).where(_mine).group_by(_link.kind)
        if target_id:
            found = found.where(_link.target_id == target_id)
        return {row["kind"]: row["number"] for row in all_rows(self.db, found, {"agent": agent_id})}

    def counts_between(self, agent_id: str, after: int, until: int) -> dict[ChangeKind, int]:
        inside = sa.and_(_mine, _link.event_seq > after, _link.event_seq <= until)
        found = sa.select(_link.kind, sa.func.count().label("number")).where(inside).group_by(_link.kind)
        return {row["kind"]: row["number"] for row in all_rows(self.db, found, {"agent": agent_id})}

    def made_at(self, agent_id: str, seq: int) -> Micros | None:
        found = sa.select(_link.at).where(_mine, _link.event_seq <= seq).order_by(_link.event_seq.desc()).limit(1)
        return scalar(self.db, found, {"agent": agent_id})

    def summary_at(self, agent_id: str, seq: int) -> str:
        found = (
            sa.select(_event.after)
            .join_from(memory_event_agents, memory_events, _link.event_seq == _event.seq)
            .where(_mine, _link.target_kind == "summary", _link.event_seq <= seq)
            .order_by(_link.event_seq.desc())
            .limit(1)
        )
        after = scalar(self.db, found, {"agent": agent_id})
        return "" if after is None else str(mapping.from_json(after).get("text", ""))

    def ticks(self, agent_id: str, since: Micros, until: Micros, parts: int, target_id: str = "") -> tuple[Tick, ...]:
        span = max(1, until - since + 1)
        part = ((_link.at - since) * parts).op("/")(span)
        found = (
            sa.select(
                _link.kind,
                sa.func.min(_link.at).label("at"),
                sa.func.count().label("number"),
                sa.func.min(_link.event_seq).label("first"),
                sa.func.max(_link.event_seq).label("last"),
            )
            .where(_within)
            .group_by(_link.kind, part)
            .order_by(sa.func.min(_link.at))
        )
        if target_id:
            found = found.where(_link.target_id == target_id)
        rows = all_rows(self.db, found, {"agent": agent_id, "since": since, "until": until})
        return tuple(
            Tick(kind=row["kind"], at=row["at"], count=row["number"], first_seq=row["first"], last_seq=row["last"])
            for row in rows
        )

    def marks(self, agent_id: str, since: Micros, until: Micros, limit: int) -> tuple[LifeMark, ...]:
        values = {"agent": agent_id, "since": since, "until": until}
        models = all_rows(self.db, _models.order_by(_link.event_seq.desc()).limit(limit), values)
        marks = [
            LifeMark(seq=row["event_seq"], at=row["at"], kind="model", text=str(_model_in(row["after"])))
            for row in models
        ]
        made = all_rows(self.db, _summaries.order_by(_link.event_seq), {"agent": agent_id})
        marks += [
            LifeMark(seq=row["event_seq"], at=row["at"], kind="summary", text=str(number))
            for number, row in enumerate(made, 1)
            if since <= row["at"] <= until
        ][-limit:]
        return tuple(sorted(marks, key=lambda mark: mark.seq))

    def page(self, agent_id: str, wanted: ChangeFilter, before: int | None, limit: int) -> tuple[MemoryEvent, ...]:
        seqs = sa.select(_link.event_seq).where(_mine, *_conditions(wanted))
        if before is not None:
            seqs = seqs.where(_link.event_seq < before)
        seqs = seqs.order_by(_link.event_seq.desc()).limit(limit)
        found = sa.select(memory_events).where(_event.seq.in_(seqs)).order_by(_event.seq.desc())
        return complete_events(self.db, all_rows(self.db, found, {"agent": agent_id}))

    def last_until(self, agent_id: str, at: Micros) -> int:
        found = sa.select(sa.func.max(_link.event_seq)).where(_mine, _link.at <= at)
        return scalar(self.db, found, {"agent": agent_id}) or 0

    def touched(self, agent_id: str, after: int, until: int) -> tuple[tuple[TargetKind, str], ...]:
        found = (
            sa.select(_link.target_kind, _link.target_id)
            .where(_mine, _link.event_seq > after, _link.event_seq <= until)
            .group_by(_link.target_kind, _link.target_id)
            .order_by(sa.func.min(_link.event_seq))
        )
        rows = all_rows(self.db, found, {"agent": agent_id})
        return tuple((row["target_kind"], row["target_id"]) for row in rows)

    def moves_since(self, agent_id: str, seq: int) -> tuple[MemoryEvent, ...]:
        return complete_events(self.db, all_rows(self.db, _moves, {"agent": agent_id, "seq": seq}))


def _conditions(wanted: ChangeFilter) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if wanted.kinds:
        conditions.append(_link.kind.in_(wanted.kinds))
    if wanted.target_id:
        conditions.append(_link.target_id == wanted.target_id)
    return conditions


def _model_in(after: str) -> object:
    return mapping.from_json(after).get("model", "")
