"""Conversations: threads, their branches, and the membership a branch begins with."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database import mapping
from app.adapters.database.known_rows import NOTHING_KNOWN, NothingKnown
from app.adapters.database.paging import Orders, contains, page_of
from app.adapters.database.prepared import Prepared
from app.adapters.database.repositories.last_words import renew_last_words
from app.adapters.database.rows import add, all_rows, first_row, missing, update
from app.adapters.database.tables import agents, conversation_messages, conversations, messages
from app.domain.base import Micros
from app.domain.conversation import Conversation, ConversationRow, DeletedConversation
from app.domain.page import ConversationFilter, PageRequest

_LIVE = sa.select(conversations).where(conversations.c.deleted_at.is_(None)).order_by(conversations.c.seq)
_one = Prepared(_LIVE.where(conversations.c.id == sa.bindparam("conversation")))
_THREAD = conversations.c.root_id == conversations.c.id
_LIVE_THREAD = sa.and_(conversations.c.deleted_at.is_(None), _THREAD)
_DELETED_THREAD = sa.and_(conversations.c.deleted_at.is_not(None), _THREAD)
# Without an order: an agent has one, and asked for the order SQLite would read all its conversations for it.
_default_of = Prepared(
    sa.select(conversations)
    .join(agents, agents.c.id == conversations.c.agent_id)
    .where(
        _THREAD,
        conversations.c.is_default.is_(sa.true()),
        conversations.c.agent_id == sa.bindparam("agent"),
        agents.c.deleted_at.is_(None),
    )
)
# Not narrowed by agents: few wait, and SQLite would walk all conversations of each instead of the index of those few.
_waiting = Prepared(
    _LIVE.where(
        conversations.c.pending_request_id.is_not(None),
        sa.select(agents.c.seq).where(agents.c.id == conversations.c.agent_id, agents.c.deleted_at.is_(None)).exists(),
    )
)
_ORDERS: Orders = {
    "created_at": (conversations.c.seq,),
    "last_message_at": (conversations.c.last_message_at, conversations.c.seq),
    "last_run_completion": (conversations.c.last_run_at, conversations.c.seq),
}
_DELETED: Orders = {"deleted_at": (conversations.c.deleted_at, conversations.c.seq)}
_shown, _place = conversations.alias("shown"), conversation_messages.c
_last_said = (
    sa.select(messages.c.created_at)
    .select_from(_shown)
    .join(conversation_messages, _place.conversation_seq == _shown.c.seq)
    .join(messages, messages.c.seq == _place.message_seq)
    .where(_shown.c.id == conversations.c.active_id)
    .order_by(_place.position.desc())
    .limit(1)
    .scalar_subquery()
)
_note_last_said = Prepared(
    conversations.update()
    .where(conversations.c.id == sa.bindparam("conversation"))
    .values(last_message_at=sa.func.coalesce(_last_said, sa.literal(0)))
)
FIRST_OF_ALL = 8
"""Among so many of its first messages the opening of a conversation is looked for."""
OPENING = 200
"""Characters of it."""
_MEMBER = ("conversation_seq", "position", "message_seq", "entered_seq", "left_seq")


@dataclass(frozen=True)
class SqlConversations:
    db: Connection
    known: NothingKnown = NOTHING_KNOWN

    def get(self, conversation_id: str) -> Conversation:
        found = self.known.recall("conversation", conversation_id, lambda: self._read(conversation_id))
        if found is None:
            raise missing("conversation", conversation_id)
        return found

    def _read(self, conversation_id: str) -> Conversation | None:
        row = first_row(self.db, _one, {"conversation": conversation_id})
        return None if row is None else mapping.conversation_of(row)

    def default_of(self, agent_id: str) -> Conversation:
        row = first_row(self.db, _default_of, {"agent": agent_id})
        if row is None:
            raise missing("agent", agent_id)
        return mapping.conversation_of(row)

    def list(self, wanted: ConversationFilter, page: PageRequest) -> tuple[Conversation, ...]:
        found, row = sa.select(conversations).where(_LIVE_THREAD), conversations.c
        if wanted.agent_id is not None:
            found = found.where(row.agent_id == wanted.agent_id)
        else:
            live = sa.select(agents.c.seq).where(agents.c.id == row.agent_id, agents.c.deleted_at.is_(None))
            found = found.where(live.exists())
        if wanted.further:
            found = found.where(row.is_default.is_(sa.false()))
        if wanted.search is not None:
            found = found.where(contains(row.title, wanted.search))
        rows = page_of(self.db, found, conversations, _ORDERS, page)
        return tuple(mapping.conversation_of(one) for one in rows)

    def waiting(self, agent_ids: Sequence[str] | None = None) -> tuple[Conversation, ...]:
        wanted = None if agent_ids is None else frozenset(agent_ids)
        rows = (row for row in _waiting.all(self.db, {}) if wanted is None or row["agent_id"] in wanted)
        return tuple(mapping.conversation_of(row) for row in rows)

    def described(self, threads: Sequence[Conversation]) -> tuple[ConversationRow, ...]:
        shown = [thread.active_id for thread in threads]
        openings, counts = self._openings(shown), self._counts(shown)
        said = self.last_said([thread.id for thread in threads])
        return tuple(
            ConversationRow(
                conversation=thread,
                opening=openings.get(thread.active_id, ""),
                messages=counts.get(thread.active_id, 0),
                last_at=said.get(thread.id),
            )
            for thread in threads
        )

    def _openings(self, conversation_ids: Sequence[str]) -> dict[str, str]:
        """The beginning of the first message with text of a person in each."""
        row, member = conversations.c, conversation_messages.c
        found = (
            sa.select(row.id.label("conversation"), messages)
            .join_from(conversations, conversation_messages, member.conversation_seq == row.seq)
            .join(messages, messages.c.seq == member.message_seq)
            .where(row.id.in_(conversation_ids), member.position <= FIRST_OF_ALL, messages.c.role == "user")
            .order_by(member.position.desc())
        )
        openings: dict[str, str] = {}
        for one in all_rows(self.db, found):
            text = mapping.message_of(one).text.strip()
            if text:
                openings[one["conversation"]] = text[:OPENING]
        return openings

    def _counts(self, conversation_ids: Sequence[str]) -> dict[str, int]:
        """Positions run from 1 without gaps, so the last one is the number."""
        row, member = conversations.c, conversation_messages.c
        last = sa.select(sa.func.max(member.position)).where(member.conversation_seq == row.seq).scalar_subquery()
        found = sa.select(row.id, last.label("last")).where(row.id.in_(conversation_ids))
        return {one["id"]: one["last"] or 0 for one in all_rows(self.db, found)}

    def of_thread(self, root_id: str) -> tuple[Conversation, ...]:
        rows = all_rows(self.db, _LIVE.where(conversations.c.root_id == root_id))
        return tuple(mapping.conversation_of(row) for row in rows)

    def add(self, conversation: Conversation) -> None:
        add(self.db, conversations, mapping.conversation_values(conversation))
        self.known.forget("conversation", conversation.id)
        self.known.forget("end of conversation", conversation.id)

    def save(self, conversation: Conversation) -> None:
        update(self.db, conversations, conversation.id, mapping.conversation_values(conversation))
        self.known.forget("conversation", conversation.id)
        _note_last_said.run(self.db, {"conversation": conversation.id})

    def delete(self, conversation_id: str, at: Micros) -> None:
        live = conversations.c.deleted_at.is_(None)
        update(self.db, conversations, conversation_id, {"deleted_at": at})
        branches = conversations.update().where(conversations.c.root_id == conversation_id, live)
        self.db.execute(branches, {"deleted_at": at})
        self._renew_last_words(conversation_id)
        self.known.forget_all()  # all its branches

    def deleted(self, page: PageRequest) -> tuple[DeletedConversation, ...]:
        shown, member = conversations.alias(), conversation_messages.c
        last = sa.select(sa.func.coalesce(sa.func.max(member.position), 0)).where(
            member.conversation_seq == shown.c.seq, shown.c.id == conversations.c.active_id
        )
        found = (
            sa.select(conversations, agents.c.name, last.scalar_subquery().label("messages"))
            .join(agents, agents.c.id == conversations.c.agent_id)
            .where(_DELETED_THREAD, agents.c.deleted_at.is_(None))
        )
        return tuple(
            DeletedConversation(
                conversation=mapping.conversation_of(row),
                agent_name=row["name"],
                messages=row["messages"],
                at=row["deleted_at"],
            )
            for row in page_of(self.db, found, conversations, _DELETED, page)
        )

    def undelete(self, conversation_id: str) -> None:
        deleted = sa.select(conversations.c.deleted_at).where(conversations.c.id == conversation_id)
        at = self.db.execute(deleted).scalar()
        update(self.db, conversations, conversation_id, {"deleted_at": None})
        with_it = conversations.update().where(
            conversations.c.root_id == conversation_id, conversations.c.deleted_at == at
        )
        self.db.execute(with_it, {"deleted_at": None})
        self._renew_last_words(conversation_id)
        self.known.forget_all()

    def _renew_last_words(self, conversation_id: str) -> None:
        owner = sa.select(conversations.c.agent_id).where(conversations.c.id == conversation_id).scalar_subquery()
        renew_last_words(self.db, agents.c.id == owner)

    def copy_members(self, source_id: str, target_id: str, before_position: int) -> int:
        """What left the window only later than `before_position` is in the window of the copy, as it was then."""
        member = conversation_messages.c
        self.known.forget("end of conversation", target_id)
        self.known.forget("window", target_id)
        left_seq = sa.case((member.left_seq <= before_position, member.left_seq), else_=sa.null())
        target = sa.literal(self._seq(target_id))
        rows = sa.select(target, member.position, member.message_seq, member.entered_seq, left_seq).where(
            member.conversation_seq == self._seq(source_id), member.position < before_position
        )
        copied = self.db.execute(conversation_messages.insert().from_select(_MEMBER, rows)).rowcount
        _note_last_said.run(self.db, {"conversation": target_id})
        return copied

    def copy_without(self, source_id: str, target_id: str, first: int, count: int) -> None:
        member, end = conversation_messages.c, first + count
        self.known.forget("end of conversation", target_id)
        self.known.forget("window", target_id)

        def moved(column: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
            within = sa.and_(column >= first, column < end)
            return sa.case((column >= end, column - count), (within, sa.literal(first)), else_=column)

        target = sa.literal(self._seq(target_id))
        rows = sa.select(
            target, moved(member.position), member.message_seq, moved(member.entered_seq), moved(member.left_seq)
        ).where(
            member.conversation_seq == self._seq(source_id), sa.or_(member.position < first, member.position >= end)
        )
        self.db.execute(conversation_messages.insert().from_select(_MEMBER, rows))
        _note_last_said.run(self.db, {"conversation": target_id})

    def last_said(self, conversation_ids: Sequence[str]) -> dict[str, Micros]:
        row = conversations.c
        found = sa.select(row.id, row.last_message_at).where(row.id.in_(conversation_ids), row.last_message_at > 0)
        return {one["id"]: one["last_message_at"] for one in all_rows(self.db, found)}

    def _seq(self, conversation_id: str) -> int:
        found = sa.select(conversations.c.seq).where(conversations.c.id == conversation_id)
        seq = self.db.execute(found).scalar()
        if seq is None:
            raise missing("conversation", conversation_id)
        return seq
