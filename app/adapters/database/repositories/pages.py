"""Pages of runs, steps and messages by cursor, and what lists of agents show beside the agents themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database import mapping
from app.adapters.database.prepared import Row
from app.adapters.database.rows import all_rows, missing
from app.adapters.database.tables import (
    agents,
    conversation_messages,
    conversations,
    messages,
    run_requests,
    runs,
    step_feedback,
    steps,
)
from app.domain.base import Micros
from app.domain.message import Message
from app.domain.page import PageRequest, RunFilter, StepFilter
from app.domain.run import Run, Step

_RUNS = [column for column in runs.c if column.name != "state"]
_STEPS = [column for column in steps.c if column.name not in ("request", "reply", "reply_truncated")]
_member = conversation_messages.c


@dataclass(frozen=True)
class SqlPages:
    db: Connection

    def runs(self, wanted: RunFilter, cut: PageRequest) -> tuple[Run, ...]:
        found = sa.select(*_RUNS).where(_kept(runs.c.id))
        if wanted.agent_ids:
            found = found.where(runs.c.agent_id.in_(wanted.agent_ids))
        if wanted.conversation_id is not None:
            family = sa.select(conversations.c.id).where(conversations.c.root_id == wanted.conversation_id)
            found = found.where(runs.c.conversation_id.in_(family))
        if wanted.statuses:
            found = found.where(runs.c.status.in_(wanted.statuses))
        if wanted.stop_reason is not None:
            found = found.where(runs.c.stop_reason == wanted.stop_reason)
        if wanted.background is not None:
            found = found.where(runs.c.background.is_(wanted.background))
        return tuple(mapping.run_of(row) for row in self._cut(found, runs, "run", cut))

    def steps(self, wanted: StepFilter, cut: PageRequest) -> tuple[Step, ...]:
        found = sa.select(*_STEPS).where(_kept(steps.c.run_id))
        if wanted.run_id is not None:
            found = found.where(steps.c.run_id == wanted.run_id)
        if wanted.agent_id is not None:
            found = found.where(steps.c.agent_id == wanted.agent_id)
        if wanted.model is not None:
            name = sa.or_(steps.c.model == wanted.model, steps.c.model.endswith(f"/{wanted.model}", autoescape=True))
            found = found.where(name)
        if wanted.start is not None:
            found = found.where(steps.c.created_at >= wanted.start)
        if wanted.end is not None:
            found = found.where(steps.c.created_at <= wanted.end)
        found = _by_feedback(found, wanted)
        return tuple(mapping.step_of(row) for row in self._cut(found, steps, "step", cut))

    def messages(self, conversation_id: str | None, cut: PageRequest) -> tuple[Message, ...]:
        if conversation_id is None:
            live = sa.select(agents.c.id).where(agents.c.deleted_at.is_(None))
            found = sa.select(messages).where(messages.c.agent_id.in_(live))
            return tuple(mapping.message_of(row) for row in self._cut(found, messages, "message", cut))
        here = sa.select(conversations.c.seq).where(conversations.c.id == conversation_id).scalar_subquery()
        found = (
            sa.select(messages)
            .join_from(conversation_messages, messages, messages.c.seq == _member.message_seq)
            .where(_member.conversation_seq == here)
        )

        def position(message_id: str) -> int | None:
            places = sa.select(_member.position).join(messages, messages.c.seq == _member.message_seq)
            at = places.where(_member.conversation_seq == here, messages.c.id == message_id)
            return self.db.execute(at).scalar()

        rows = self._piece(found, _member.position, position, "message", cut)
        return tuple(mapping.message_of(row) for row in rows)

    def last_runs(self, agent_ids: tuple[str, ...]) -> dict[str, Run]:
        newest = (
            sa.select(runs.c.seq)
            .where(runs.c.agent_id == agents.c.id, runs.c.completed_at.is_not(None))
            .order_by(runs.c.seq.desc())
            .limit(1)
            .scalar_subquery()
        )
        last = sa.select(newest).where(agents.c.id.in_(agent_ids))
        rows = all_rows(self.db, sa.select(*_RUNS).where(runs.c.seq.in_(last)))
        return {row["agent_id"]: mapping.run_of(row) for row in rows}

    def last_said(self, conversation_ids: tuple[str, ...]) -> dict[str, Micros]:
        inner = conversation_messages.alias()
        last = sa.select(sa.func.max(inner.c.position)).where(inner.c.conversation_seq == conversations.c.seq)
        found = (
            sa.select(conversations.c.id, messages.c.created_at)
            .join_from(conversations, conversation_messages, _member.conversation_seq == conversations.c.seq)
            .join(messages, messages.c.seq == _member.message_seq)
            .where(conversations.c.id.in_(conversation_ids), _member.position == last.scalar_subquery())
        )
        return {row.id: row.created_at for row in self.db.execute(found)}

    def last_ended(self, thread_ids: tuple[str, ...]) -> dict[str, Micros]:
        found = (
            sa.select(conversations.c.root_id, sa.func.max(runs.c.completed_at).label("at"))
            .join_from(conversations, runs, runs.c.conversation_id == conversations.c.id)
            .where(conversations.c.root_id.in_(thread_ids), runs.c.completed_at.is_not(None))
            .group_by(conversations.c.root_id)
        )
        return {row.root_id: row.at for row in self.db.execute(found)}

    def in_context_ids(self, conversation_ids: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        found = (
            sa.select(conversations.c.id.label("place"), messages.c.id)
            .join_from(conversations, conversation_messages, _member.conversation_seq == conversations.c.seq)
            .join(messages, messages.c.seq == _member.message_seq)
            .where(conversations.c.id.in_(conversation_ids), _member.left_seq.is_(None))
            .order_by(_member.conversation_seq, _member.position)
        )
        lists: dict[str, list[str]] = {}
        for place, message_id in self.db.execute(found):
            lists.setdefault(place, []).append(message_id)
        return {place: tuple(ids) for place, ids in lists.items()}

    def default_conversations(self, agent_ids: tuple[str, ...]) -> dict[str, str]:
        row = conversations.c
        found = sa.select(row.agent_id, row.active_id).where(
            row.agent_id.in_(agent_ids), row.is_default.is_(True), row.root_id == row.id
        )
        return {row.agent_id: row.active_id for row in self.db.execute(found)}

    def threads(self, conversation_ids: tuple[str, ...]) -> dict[str, str]:
        found = sa.select(conversations.c.id, conversations.c.root_id).where(conversations.c.id.in_(conversation_ids))
        return {row.id: row.root_id for row in self.db.execute(found)}

    def _cut(self, found: sa.Select, table: sa.Table, kind: str, cut: PageRequest) -> Sequence[Row]:
        def seq(public_id: str) -> int | None:
            return self.db.execute(sa.select(table.c.seq).where(table.c.id == public_id)).scalar()

        return self._piece(found, table.c.seq, seq, kind, cut)

    def _piece(
        self, found: sa.Select, order: sa.ColumnElement[int], place_of: Any, kind: str, cut: PageRequest
    ) -> Sequence[Row]:
        """Rows after or before the cursors, in the order of the cut."""
        for cursor, further in ((cut.after, True), (cut.before, False)):
            if cursor is None:
                continue
            place = place_of(cursor)
            if place is None:
                raise missing(kind, cursor)
            found = found.where(order < place if further == cut.descending else order > place)
        backwards = cut.next_to_cursor and cut.before is not None and cut.after is None
        falling = cut.descending != backwards
        rows = all_rows(self.db, found.order_by(order.desc() if falling else order.asc()).limit(cut.limit))
        return rows[::-1] if backwards else rows


def _kept(run_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    gone = sa.select(run_requests.c.run_id).where(run_requests.c.deleted_at.is_not(None))
    return run_id.not_in(gone)


def _by_feedback(found: sa.Select, wanted: StepFilter) -> sa.Select:
    said = step_feedback.c
    about = sa.select(said.step_id).where(said.step_id == steps.c.id)
    if wanted.feedback is not None:
        found = found.where(about.where(said.feedback == wanted.feedback).exists())
    if wanted.has_feedback is not None:
        given = about.where(said.feedback.is_not(None)).exists()
        found = found.where(given if wanted.has_feedback else ~given)
    for tag in wanted.tags:
        found = found.where(about.where(said.tags.contains(mapping.to_json(tag), autoescape=True)).exists())
    return found
