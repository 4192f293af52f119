"""Conversations, and which messages they show."""

import sqlalchemy as sa

from app.adapters.database.tables.columns import (
    Number,
    edited,
    flag,
    id_column,
    maybe_number,
    maybe_text,
    metadata,
    number,
    partial,
    seq_column,
    text,
)

conversations = sa.Table(
    "conversations",
    metadata,
    seq_column(),
    id_column(),
    sa.Column("agent_id", sa.Text, sa.ForeignKey("agents.id"), nullable=False, index=True),
    text("title"),
    flag("is_default"),
    sa.Column("root_id", sa.Text, nullable=False, index=True),
    maybe_text("branched_from"),
    maybe_number("branch_position"),
    text("active_id"),
    maybe_text("pending_request_id"),
    *edited(),
    maybe_number("deleted_at"),
)

conversation_messages = sa.Table(
    "conversation_messages",
    metadata,
    sa.Column("conversation_seq", Number, sa.ForeignKey("conversations.seq"), primary_key=True, autoincrement=False),
    sa.Column("position", Number, primary_key=True, autoincrement=False),
    sa.Column("message_seq", Number, sa.ForeignKey("messages.seq"), nullable=False, index=True),
    number("entered_seq"),
    maybe_number("left_seq"),
    sqlite_with_rowid=False,
)
"""Positions run from 1 without gaps. `entered_seq`, `left_seq`: the conversation's next position when the message came
into the context window and when it left."""

_in_context = conversation_messages.c.left_seq.is_(None)

# `left_seq` (always NULL there) and `message_seq` make SQLite prefer it to the primary key, by which it would read all.
partial(
    "ix_conversation_messages_in_context",
    _in_context,
    conversation_messages.c.conversation_seq,
    conversation_messages.c.left_seq,
    conversation_messages.c.position,
    conversation_messages.c.message_seq,
)
