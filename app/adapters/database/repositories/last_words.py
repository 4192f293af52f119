"""What the list of agents shows of each: the newest words in a conversation that is not deleted."""

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database.tables import agents, conversation_messages, conversations, messages

_member = conversation_messages.c
_of_each = (
    sa.select(messages.c.seq)
    .join_from(conversation_messages, messages, messages.c.seq == _member.message_seq)
    .where(_member.conversation_seq == conversations.c.seq, messages.c.role.in_(("user", "assistant")))
    .where(messages.c.parts.contains('"type":"text"'))
    .order_by(_member.position.desc())
    .limit(1)
    .scalar_subquery()
)
"""Asked of each conversation, since an index gives its end: all messages of a long life would be too many."""
_last = (
    sa.select(sa.func.max(_of_each))
    .where(conversations.c.agent_id == agents.c.id, conversations.c.deleted_at.is_(None))
    .scalar_subquery()
)
_at = sa.select(messages.c.created_at).where(messages.c.seq == _last).scalar_subquery()
_renew = agents.update().values(last_message_seq=_last, active_at=sa.func.coalesce(_at, agents.c.created_at))


def renew_last_words(db: Connection, whose: sa.ColumnElement[bool]) -> None:
    """Looks them up anew after messages or conversations of these agents went or came back."""
    db.execute(_renew.where(whose))
