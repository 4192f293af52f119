"""Conversations: threads, their branches, and the membership a branch begins with."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database import mapping
from app.adapters.database.known_rows import NOTHING_KNOWN, NothingKnown
from app.adapters.database.prepared import Prepared
from app.adapters.database.rows import add, all_rows, first_row, missing, update
from app.adapters.database.tables import agents, conversation_messages, conversations
from app.domain.base import Micros
from app.domain.conversation import Conversation, DeletedConversation

_LIVE = sa.select(conversations).where(conversations.c.deleted_at.is_(None)).order_by(conversations.c.seq)
_one = Prepared(_LIVE.where(conversations.c.id == sa.bindparam("conversation")))
_of_agent = Prepared(_LIVE.where(conversations.c.agent_id == sa.bindparam("agent")))
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
        root = conversations.c.root_id == conversations.c.id
        of_agent = conversations.c.agent_id == agent_id
        row = first_row(self.db, _LIVE.where(of_agent, conversations.c.is_default.is_(True), root))
        if row is None:
            raise missing("conversation", agent_id)
        return mapping.conversation_of(row)

    def of_agent(self, agent_id: str) -> tuple[Conversation, ...]:
        rows = all_rows(self.db, _of_agent, {"agent": agent_id})
        return tuple(mapping.conversation_of(row) for row in rows)

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

    def delete(self, conversation_id: str, at: Micros) -> None:
        live = conversations.c.deleted_at.is_(None)
        update(self.db, conversations, conversation_id, {"deleted_at": at})
        branches = conversations.update().where(conversations.c.root_id == conversation_id, live)
        self.db.execute(branches, {"deleted_at": at})
        self.known.forget_all()  # all its branches

    def deleted(self) -> tuple[DeletedConversation, ...]:
        shown, member = conversations.alias(), conversation_messages.c
        last = sa.select(sa.func.coalesce(sa.func.max(member.position), 0)).where(
            member.conversation_seq == shown.c.seq, shown.c.id == conversations.c.active_id
        )
        found = (
            sa.select(conversations, agents.c.name, last.scalar_subquery().label("messages"))
            .join(agents, agents.c.id == conversations.c.agent_id)
            .where(conversations.c.root_id == conversations.c.id, conversations.c.deleted_at.is_not(None))
            .where(agents.c.deleted_at.is_(None))
            .order_by(conversations.c.deleted_at.desc())
        )
        return tuple(
            DeletedConversation(
                conversation=mapping.conversation_of(row),
                agent_name=row["name"],
                messages=row["messages"],
                at=row["deleted_at"],
            )
            for row in all_rows(self.db, found)
        )

    def undelete(self, conversation_id: str) -> None:
        deleted = sa.select(conversations.c.deleted_at).where(conversations.c.id == conversation_id)
        at = self.db.execute(deleted).scalar()
        update(self.db, conversations, conversation_id, {"deleted_at": None})
        with_it = conversations.update().where(
            conversations.c.root_id == conversation_id, conversations.c.deleted_at == at
        )
        self.db.execute(with_it, {"deleted_at": None})
        self.known.forget_all()

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
        return self.db.execute(conversation_messages.insert().from_select(_MEMBER, rows)).rowcount

    def _seq(self, conversation_id: str) -> int:
        found = sa.select(conversations.c.seq).where(conversations.c.id == conversation_id)
        seq = self.db.execute(found).scalar()
        if seq is None:
            raise missing("conversation", conversation_id)
        return seq
