"""Memory events: added, never changed. What undid them, and why they happened, is worked out on reading."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database import mapping
from app.adapters.database.known_rows import NOTHING_KNOWN, NothingKnown
from app.adapters.database.prepared import Prepared, Row
from app.adapters.database.repositories.messages import messages_by_id
from app.adapters.database.rows import add, all_rows, insert, missing, scalar
from app.adapters.database.tables import (
    agent_archives,
    agent_blocks,
    archives,
    memory_event_agents,
    memory_events,
    memory_inbox,
    passages,
)
from app.domain.history import MemoryEvent, TargetKind, kind_of
from app.domain.inbox import WRITERS

CAUSE_LENGTH = 200
LARGE = 1_000
"""Characters of a text from which it is stored once: as what a change made, not again as what the next one replaced."""
_event = memory_events.c
_made_text = Prepared(
    sa.select(_event.seq, _event.after)
    .where(_event.target_id == sa.bindparam("target"), _event.target_kind == sa.bindparam("kind"))
    .where(_event.after.like('%"value":%'))
    .order_by(_event.seq.desc())
    .limit(1)
)
_made = Prepared(sa.select(_event.seq, _event.after).where(_event.seq.in_(sa.bindparam("seqs", expanding=True))))
_last_seq = Prepared(sa.select(sa.func.max(memory_events.c.seq)))
_of_runs = Prepared(
    sa.select(memory_events)
    .where(memory_events.c.run_id.in_(sa.bindparam("runs", expanding=True)), memory_events.c.run_id.is_not(None))
    .order_by(memory_events.c.seq)
)
_since = Prepared(
    sa.select(memory_events)
    .join_from(memory_event_agents, memory_events, memory_event_agents.c.event_seq == memory_events.c.seq)
    .where(memory_event_agents.c.agent_id == sa.bindparam("agent"))
    .where(memory_event_agents.c.event_seq > sa.bindparam("seq"))
    .order_by(memory_event_agents.c.event_seq.desc())
)
_target = sa.bindparam("target", type_=sa.Text)
_has_archive = sa.select(agent_archives.c.agent_id)
_holders: dict[TargetKind, Prepared] = {
    "block": Prepared(sa.select(agent_blocks.c.agent_id).where(agent_blocks.c.block_id == _target)),
    "archive": Prepared(_has_archive.where(agent_archives.c.archive_id == _target)),
    "passage": Prepared(
        _has_archive.join(archives, archives.c.id == agent_archives.c.archive_id)
        .join(passages, passages.c.archive_seq == archives.c.seq)
        .where(passages.c.id == _target)
    ),
}
"""Whose memory a target is, beside the agent that a change names."""
_of_target = sa.and_(memory_events.c.target_id == sa.bindparam("target"), memory_events.c.seq > sa.bindparam("seq"))
_first_changes = Prepared(
    sa.select(memory_events.c.fields, sa.func.min(memory_events.c.seq).label("first"))
    .where(_of_target, memory_events.c.fields != "")
    .group_by(memory_events.c.fields)
)
_before = Prepared(
    sa.select(memory_events.c.before, memory_events.c.value_from).where(memory_events.c.seq == sa.bindparam("seq"))
)
_first_after = Prepared(sa.select(memory_events).where(_of_target).order_by(memory_events.c.seq).limit(1))
_version_at = Prepared(
    sa.select(memory_events.c.version)
    .where(memory_events.c.target_id == sa.bindparam("target"), memory_events.c.seq <= sa.bindparam("seq"))
    .order_by(memory_events.c.seq.desc())
    .limit(1)
)
_undone = Prepared(
    memory_inbox.update()
    .where(memory_inbox.c.event_seq == sa.bindparam("seq"), memory_inbox.c.outcome.is_(None))
    .values(outcome="undone", looked_at=sa.bindparam("at"))
)


def _undo_chain() -> "sa.Select[Any, Any]":
    """The events that undo one of some events, those that undo these, and so on; newest first."""
    event = memory_events.c
    some = event.undoes.in_(sa.bindparam("seqs", expanding=True))
    first = sa.select(event.seq, event.undoes).where(some, event.undoes.is_not(None))
    chain = first.cte("chain", recursive=True)
    later = sa.select(event.seq, event.undoes).where(event.undoes == chain.c.seq, event.undoes.is_not(None))
    chain = chain.union(later)
    return sa.select(chain.c.seq, chain.c.undoes).order_by(chain.c.seq.desc())


_undoing = Prepared(_undo_chain())


@dataclass(frozen=True)
class SqlHistory:
    db: Connection
    known: NothingKnown = NOTHING_KNOWN

    def add(self, event: MemoryEvent) -> MemoryEvent:
        seq = insert(self.db, memory_events, self._values(event))
        concerned = self._concerned(event)
        if concerned:
            place = {"event_seq": seq, "at": event.at, "kind": kind_of(event), "target_kind": event.target_kind}
            place |= {"target_id": event.target_id, "op": event.op}
            add(self.db, memory_event_agents, *({"agent_id": agent_id, **place} for agent_id in sorted(concerned)))
        self._tell_inbox(event, seq)
        self.known.keep("last change", "", seq)
        return event.model_copy(update={"seq": seq})

    def get(self, seq: int) -> MemoryEvent:
        found = events_by_seq(self.db, (seq,))
        if not found:
            raise missing("change", str(seq))
        return found[seq]

    def last_seq(self) -> int:
        return self.known.recall("last change", "", lambda: scalar(self.db, _last_seq) or 0)

    def of_target(self, target_id: str, *, before: int | None = None, limit: int = 100) -> tuple[MemoryEvent, ...]:
        event = memory_events.c
        found = sa.select(memory_events).where(event.target_id == target_id)
        return self._page(found, event.seq, before, limit)

    def fields_at(self, target_id: str, seq: int) -> dict[str, Any]:
        firsts = all_rows(self.db, _first_changes, {"target": target_id, "seq": seq})
        fields: dict[str, Any] = {}
        for first in sorted((row["first"] for row in firsts), reverse=True):
            (row,) = all_rows(self.db, _before, {"seq": first})
            fields |= mapping.from_json(row["before"])
            if row["value_from"] is not None:
                fields["value"] = _values_of(self.db, [row["value_from"]])[row["value_from"]]
        return fields

    def first_after(self, target_id: str, seq: int) -> MemoryEvent | None:
        rows = all_rows(self.db, _first_after, {"target": target_id, "seq": seq})
        return next(iter(complete_events(self.db, rows)), None)

    def version_at(self, target_id: str, seq: int) -> int | None:
        return scalar(self.db, _version_at, {"target": target_id, "seq": seq})

    def of_agent(self, agent_id: str, *, before: int | None = None, limit: int = 100) -> tuple[MemoryEvent, ...]:
        link = memory_event_agents.c
        found = (
            sa.select(memory_events)
            .join_from(memory_event_agents, memory_events, link.event_seq == memory_events.c.seq)
            .where(link.agent_id == agent_id)
        )
        return self._page(found, link.event_seq, before, limit)

    def since(self, agent_id: str, seq: int) -> tuple[MemoryEvent, ...]:
        return complete_events(self.db, all_rows(self.db, _since, {"agent": agent_id, "seq": seq}))

    def of_runs(self, run_ids: tuple[str, ...]) -> tuple[MemoryEvent, ...]:
        return complete_events(self.db, all_rows(self.db, _of_runs, {"runs": run_ids}))

    def _values(self, event: MemoryEvent) -> dict[str, Any]:
        """Its columns. A large text before the change stands in the one that made it."""
        value = (event.before or {}).get("value")
        large = isinstance(value, str) and len(value) >= LARGE
        row = _made_text.first(self.db, {"target": event.target_id, "kind": event.target_kind}) if large else None
        if row is None or mapping.from_json(row["after"]).get("value") != value:
            return {**mapping.memory_event_values(event), "value_from": None}
        rest = {name: kept for name, kept in (event.before or {}).items() if name != "value"}
        values = mapping.memory_event_values(event.model_copy(update={"before": rest}))
        return {**values, "value_from": row["seq"]}

    def _page(
        self, found: sa.Select[Any], seq: sa.ColumnElement[int], before: int | None, limit: int
    ) -> tuple[MemoryEvent, ...]:
        if before is not None:
            found = found.where(seq < before)
        return complete_events(self.db, all_rows(self.db, found.order_by(seq.desc()).limit(limit)))

    def _tell_inbox(self, event: MemoryEvent, seq: int) -> None:
        """What an agent wrote waits to be seen; what somebody undid has been seen."""
        if event.undoes is not None:
            _undone.run(self.db, {"seq": event.undoes, "at": event.at})
        elif event.origin.actor.kind in WRITERS and event.target_kind != "summary":
            foreign = bool(event.origin.sources)
            add(self.db, memory_inbox, {"event_seq": seq, "agent_id": event.agent_id, "foreign_text": foreign})

    def _concerned(self, event: MemoryEvent) -> set[str]:
        concerned = {event.agent_id} if event.agent_id else set[str]()
        holders = _holders.get(event.target_kind)
        if holders is not None:
            concerned.update(row["agent_id"] for row in holders.all(self.db, {"target": event.target_id}))
        return concerned


def events_by_seq(db: Connection, seqs: Iterable[int]) -> dict[int, MemoryEvent]:
    rows = all_rows(db, sa.select(memory_events).where(memory_events.c.seq.in_(tuple(seqs))))
    return {event.seq: event for event in complete_events(db, rows)}


def complete_events(db: Connection, rows: Sequence[Row]) -> tuple[MemoryEvent, ...]:
    if not rows:
        return ()
    undone = _undone_by(db, [row["seq"] for row in rows])
    causes = messages_by_id(db, {row["message_id"] for row in rows if row["message_id"]})
    texts = {message_id: _short(message.text) for message_id, message in causes.items()}
    values = _values_of(db, [row["value_from"] for row in rows if row["value_from"] is not None])
    return tuple(
        mapping.memory_event_of(
            row, values.get(row["value_from"]), undone.get(row["seq"]), texts.get(row["message_id"], "")
        )
        for row in rows
    )


def _values_of(db: Connection, seqs: Sequence[int]) -> dict[int | None, str]:
    """The texts that these changes made."""
    if not seqs:
        return {}
    return {row["seq"]: mapping.from_json(row["after"])["value"] for row in _made.all(db, {"seqs": tuple(seqs)})}


def _undone_by(db: Connection, seqs: list[int]) -> dict[int, int]:
    """For each event that was undone: the newest event that undoes it and is not itself undone."""
    undone: dict[int, int] = {}
    for row in _undoing.all(db, {"seqs": seqs}):
        seq, undoes = row["seq"], row["undoes"]
        # An event is undone only by later ones, so all that could undo `seq` were seen before it.
        if seq not in undone:
            undone.setdefault(undoes, seq)
    return undone


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= CAUSE_LENGTH else line[: CAUSE_LENGTH - 1] + "…"
