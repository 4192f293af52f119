"""Pages of runs, steps and messages by cursor, and what lists of agents show beside the agents themselves."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database import mapping
from app.adapters.database.paging import Orders, contains, has_word, page_of, piece
from app.adapters.database.prepared import Prepared
from app.adapters.database.tables import (
    agents,
    conversation_messages,
    conversations,
    memory_events,
    messages,
    run_requests,
    runs,
    step_feedback,
    steps,
    tagged,
)
from app.domain.message import Message
from app.domain.page import MessageFilter, PageRequest, RunFilter, StepFilter
from app.domain.run import ACTIVE, Run, Step

_RUNS = [column for column in runs.c if column.name != "state"]
_STEPS = [column for column in steps.c if column.name not in ("request", "reply", "reply_truncated")]
_member = conversation_messages.c
_active = runs.alias("active")
# Written out, because SQLite uses a partial index only for the condition it was made with.
_ACTIVE_SEQS = sa.select(_active.c.seq).where(_active.c.status.in_([sa.literal_column(f"'{one}'") for one in ACTIVE]))
_RUN_ORDER: Orders = {"created_at": (runs.c.seq,)}
_STEP_ORDER: Orders = {"created_at": (steps.c.seq,)}
_MESSAGE_ORDER: Orders = {"created_at": (messages.c.seq,)}
_ROLE_OF_TYPE = {
    "system_message": "system",
    "user_message": "user",
    "tool_return_message": "tool",
    "summary_message": "summary",
    "approval_response_message": "approval",
}
_PART_OF_TYPE = {"reasoning_message": "reasoning", "assistant_message": "text", "tool_call_message": "tool_call"}
_branch, _root = conversations.alias("branch"), conversations.alias("root")
_SHOWN = (
    sa.select(_member.message_seq)
    .join(_branch, _branch.c.seq == _member.conversation_seq)
    .join(_root, sa.and_(_root.c.id == _branch.c.root_id, _root.c.active_id == _branch.c.id))
    .where(_member.message_seq == messages.c.seq)
)
"""Its place in what its thread shows."""
_newest_ended = (
    sa.select(runs.c.seq)
    .where(runs.c.agent_id == agents.c.id, runs.c.completed_at.is_not(None))
    .order_by(runs.c.seq.desc())
    .limit(sa.literal(1))
    .scalar_subquery()
)
_last_runs = Prepared(
    sa.select(*_RUNS).where(
        runs.c.seq.in_(sa.select(_newest_ended).where(agents.c.id.in_(sa.bindparam("agents", expanding=True))))
    )
)
_in_context_ids = Prepared(
    sa.select(conversations.c.id.label("place"), messages.c.id, messages.c.role)
    .join_from(conversations, conversation_messages, _member.conversation_seq == conversations.c.seq)
    .join(messages, messages.c.seq == _member.message_seq)
    .where(conversations.c.id.in_(sa.bindparam("conversations", expanding=True)), _member.left_seq.is_(None))
    .order_by(_member.conversation_seq, _member.position)
)
_default_threads = Prepared(
    sa.select(conversations.c.agent_id, conversations.c.id, conversations.c.active_id)
    .where(conversations.c.root_id == conversations.c.id, conversations.c.is_default.is_(sa.true()))
    .where(conversations.c.agent_id.in_(sa.bindparam("agents", expanding=True)))
)
_threads = Prepared(
    sa.select(conversations.c.id, conversations.c.root_id, _root.c.is_default)
    .join(_root, _root.c.id == conversations.c.root_id)
    .where(conversations.c.id.in_(sa.bindparam("conversations", expanding=True)))
)


@dataclass(frozen=True)
class SqlPages:
    db: Connection

    def tags(self, search: str, page: PageRequest) -> tuple[str, ...]:
        """One seek for each tag, however many agents and blocks have it."""
        falling = page.descending != (page.next_to_cursor and page.before is not None and page.after is None)
        low, high = (page.before, page.after) if page.descending else (page.after, page.before)
        first = sa.select(_next_tag(falling, high if falling else low).label("tag")).cte("found", recursive=True)
        found = first.union_all(sa.select(_next_tag(falling, first.c.tag)).where(first.c.tag.is_not(None)))
        wanted = sa.select(found.c.tag).where(found.c.tag.is_not(None))
        if falling and low is not None:
            wanted = wanted.where(found.c.tag > low)
        if not falling and high is not None:
            wanted = wanted.where(found.c.tag < high)
        if search:
            wanted = wanted.where(contains(found.c.tag, search))
        tags = tuple(self.db.execute(wanted.limit(page.limit)).scalars())
        return tags[::-1] if falling != page.descending else tags

    def runs(self, wanted: RunFilter, page: PageRequest) -> tuple[Run, ...]:
        found = sa.select(*_RUNS).where(_kept(runs.c.id))
        if wanted.agent_ids:
            found = found.where(runs.c.agent_id.in_(wanted.agent_ids))
        if wanted.conversation_id is not None:
            family = sa.select(conversations.c.id).where(conversations.c.root_id == wanted.conversation_id)
            found = found.where(runs.c.conversation_id.in_(family))
        if wanted.statuses and set(wanted.statuses) <= set(ACTIVE):
            # Few, and found by their own index; asked for their order, SQLite would read all runs in it.
            found = found.where(runs.c.seq.in_(_ACTIVE_SEQS))
        if wanted.statuses:
            found = found.where(runs.c.status.in_(wanted.statuses))
        if wanted.stop_reason is not None:
            found = found.where(runs.c.stop_reason == wanted.stop_reason)
        if wanted.background is not None:
            found = found.where(runs.c.background.is_(wanted.background))
        if wanted.started_by is not None:
            found = found.where(runs.c.started_by == wanted.started_by)
        if wanted.since is not None:
            found = found.where(runs.c.created_at >= wanted.since)
        if wanted.changes_memory:
            own = sa.select(memory_events.c.run_id).where(memory_events.c.run_id == runs.c.id)
            found = found.where(own.exists())
        if wanted.search:
            found = found.where(_speaks_of(wanted.search))
        return tuple(mapping.run_of(row) for row in page_of(self.db, found, runs, _RUN_ORDER, page))

    def steps(self, wanted: StepFilter, page: PageRequest) -> tuple[Step, ...]:
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
        return tuple(mapping.step_of(row) for row in page_of(self.db, found, steps, _STEP_ORDER, page))

    def messages(self, wanted: MessageFilter, page: PageRequest) -> tuple[Message, ...]:
        if wanted.conversation_id is not None:
            return self._of_conversation(wanted, page)
        found = sa.select(messages)
        if wanted.run_id is not None:
            found = found.where(messages.c.run_id == wanted.run_id)
        if wanted.step_id is not None:
            of_step = sa.select(steps.c.run_id).where(steps.c.id == wanted.step_id).scalar_subquery()
            found = found.where(messages.c.run_id == of_step, messages.c.step_id == wanted.step_id)
        if wanted.run_id is None and wanted.step_id is None:
            live = sa.select(agents.c.seq).where(agents.c.id == messages.c.agent_id, agents.c.deleted_at.is_(None))
            found = found.where(live.exists(), _SHOWN.exists())
        if wanted.agent_id is not None:
            found = found.where(messages.c.agent_id == wanted.agent_id)
        found = found.where(*_told_by(wanted.types))
        return tuple(mapping.message_of(row) for row in page_of(self.db, found, messages, _MESSAGE_ORDER, page))

    def _of_conversation(self, wanted: MessageFilter, page: PageRequest) -> tuple[Message, ...]:
        here = sa.select(conversations.c.seq).where(conversations.c.id == wanted.conversation_id).scalar_subquery()
        found = (
            sa.select(messages)
            .join_from(conversation_messages, messages, messages.c.seq == _member.message_seq)
            .where(_member.conversation_seq == here, *_told_by(wanted.types))
        )

        def place(message_id: str) -> tuple[float] | None:
            """Where the message stands here, or the last one that came before it."""
            seq = self.db.execute(sa.select(messages.c.seq).where(messages.c.id == message_id)).scalar()
            if seq is None:
                return None
            places = sa.select(sa.func.max(_member.position)).where(_member.conversation_seq == here)
            exact = self.db.execute(places.where(_member.message_seq == seq)).scalar()
            if exact is not None:
                return (exact,)
            earlier = self.db.execute(places.where(_member.message_seq < seq)).scalar() or 0
            # Between two positions: nothing stands there, so that neither direction leaves a message out.
            return (earlier + 0.5,)

        rows = piece(self.db, found, (_member.position,), place, "message", page)
        return tuple(mapping.message_of(row) for row in rows)

    def last_runs(self, agent_ids: tuple[str, ...]) -> dict[str, Run]:
        rows = _last_runs.all(self.db, {"agents": agent_ids})
        return {row["agent_id"]: mapping.run_of(row) for row in rows}

    def in_context_ids(self, conversation_ids: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        lists: dict[str, list[str]] = {}
        for row in _in_context_ids.all(self.db, {"conversations": conversation_ids}):
            ids = lists.setdefault(row["place"], [])
            ids.insert(0 if row["role"] == "summary" else len(ids), row["id"])
        return {place: tuple(ids) for place, ids in lists.items()}

    def default_threads(self, agent_ids: tuple[str, ...]) -> dict[str, tuple[str, str]]:
        rows = _default_threads.all(self.db, {"agents": agent_ids})
        return {row["agent_id"]: (row["id"], row["active_id"]) for row in rows}

    def threads(self, conversation_ids: tuple[str, ...]) -> dict[str, str | None]:
        rows = _threads.all(self.db, {"conversations": conversation_ids})
        return {row["id"]: None if row["is_default"] else row["root_id"] for row in rows}


def _told_by(types: tuple[str, ...]) -> list[sa.ColumnElement[bool]]:
    """A condition on messages: that one of their wire objects has one of these types. None of them: all messages."""
    role, parts = messages.c.role, messages.c.parts
    conditions = [role == _ROLE_OF_TYPE[one] for one in types if one in _ROLE_OF_TYPE]
    # As the parts are stored: inside a text a quote would stand behind a backslash.
    conditions += [
        sa.and_(role == "assistant", parts.contains(f'"type":"{_PART_OF_TYPE[one]}"', autoescape=True))
        for one in types
        if one in _PART_OF_TYPE
    ]
    if "approval_request_message" in types:
        conditions.append(sa.and_(role == "assistant", parts.contains('"asks":true', autoescape=True)))
    return [sa.or_(sa.false(), *conditions)] if types else []


def _speaks_of(words: str) -> sa.ColumnElement[bool]:
    """A condition on runs: the words stand in its messages, in the one that began it, or in why it failed."""
    asked = messages.alias("asked")
    said = sa.select(messages.c.seq).where(messages.c.run_id == runs.c.id, contains(messages.c.parts, words))
    begun = sa.select(asked.c.seq).where(asked.c.id == runs.c.message_id, contains(asked.c.parts, words))
    return sa.or_(said.exists(), begun.exists(), contains(sa.func.coalesce(runs.c.failure, ""), words))


def _kept(run_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    gone = run_requests.c
    return ~sa.select(gone.run_id).where(gone.run_id == run_id, gone.deleted_at.is_not(None)).exists()


def _by_feedback(found: sa.Select[Any], wanted: StepFilter) -> sa.Select[Any]:
    said = step_feedback.c
    about = sa.select(said.step_id).where(said.step_id == steps.c.id)
    if wanted.feedback is not None:
        found = found.where(about.where(said.feedback == wanted.feedback).exists())
    if wanted.has_feedback is not None:
        given = about.where(said.feedback.is_not(None)).exists()
        found = found.where(given if wanted.has_feedback else ~given)
    for tag in wanted.tags:
        found = found.where(about.where(has_word(said.tags, tag)).exists())
    return found


def _next_tag(falling: bool, beyond: sa.ColumnElement[str] | str | None) -> sa.ScalarSelect[str]:
    """The first tag, or the first one beyond another."""
    link = tagged.alias()
    tag = link.c.tag
    found = sa.select(sa.func.max(tag) if falling else sa.func.min(tag))
    if beyond is not None:
        found = found.where(tag < beyond if falling else tag > beyond)
    return found.scalar_subquery()
