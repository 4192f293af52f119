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
    number("last_message_at", 0),
    number("last_run_at", 0),
)
"""`last_message_at`: when the last message came of what the row shows, a thread that of its branch; `last_run_at`, of
a thread: when its last run ended. 0: never."""
_row = conversations.c
_thread = _row.root_id == _row.id
_live_thread = sa.and_(_row.deleted_at.is_(None), _thread)
# What is the same in all their rows (`is_default`, `deleted_at`) makes SQLite prefer them to the index of `agent_id`.
partial("ix_conversations_default", sa.and_(_thread, _row.is_default.is_(sa.true())), _row.agent_id, _row.is_default)
_further_thread = sa.and_(_live_thread, _row.is_default.is_(sa.false()))
partial("ix_conversations_threads", _further_thread, _row.seq)
partial("ix_conversations_threads_of_agent", _live_thread, _row.agent_id, _row.deleted_at, _row.seq)
for _sorted in (_row.last_message_at, _row.last_run_at):
    _of_agent = (_row.agent_id, _row.deleted_at, _sorted, _row.seq)
    partial(f"ix_conversations_{_sorted.name}", _further_thread, _sorted, _row.seq)
    partial(f"ix_conversations_{_sorted.name}_of_agent", _live_thread, *_of_agent)
_waits = sa.and_(_row.pending_request_id.is_not(None), _row.deleted_at.is_(None))
partial("ix_conversations_waiting", _waits, _row.seq, _row.agent_id)
_deleted_thread = sa.and_(_row.deleted_at.is_not(None), _thread)
partial("ix_conversations_deleted_at", _deleted_thread, _row.deleted_at, _row.seq)

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
