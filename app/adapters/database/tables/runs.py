"""Runs, and what programs asked for with them."""

import sqlalchemy as sa

from app.adapters.database.tables.columns import (
    flag,
    id_column,
    maybe_number,
    maybe_text,
    metadata,
    number,
    partial,
    seq_column,
    text,
    used,
)

runs = sa.Table(
    "runs",
    metadata,
    seq_column(),
    id_column(),
    sa.Column("agent_id", sa.Text, sa.ForeignKey("agents.id"), nullable=False, index=True),
    sa.Column("conversation_id", sa.Text, sa.ForeignKey("conversations.id"), nullable=False, index=True),
    text("status"),
    maybe_text("stop_reason"),
    maybe_text("failure"),
    flag("background"),
    text("started_by"),
    sa.Column("purpose", sa.Text, nullable=False, server_default="reply"),
    maybe_text("parent_run_id"),
    maybe_text("message_id"),
    *used(),
    number("resumed"),
    text("state"),
    number("created_at"),
    maybe_number("completed_at"),
)

_is_active = runs.c.status.in_([sa.literal_column("'created'"), sa.literal_column("'running'")])

partial("uq_runs_active_conversation", _is_active, runs.c.conversation_id, unique=True)

run_requests = sa.Table(
    "run_requests",
    metadata,
    sa.Column("run_id", sa.Text, sa.ForeignKey("runs.id"), primary_key=True),
    text("config"),
    maybe_text("callback_url"),
    maybe_number("callback_sent_at"),
    maybe_number("callback_status_code"),
    maybe_text("callback_error"),
    maybe_number("deleted_at"),
)
"""What a program asked for beside the messages, and whether it was told of the end. Few runs have a row."""

_to_call = sa.and_(run_requests.c.callback_url.is_not(None), run_requests.c.callback_sent_at.is_(None))

partial("ix_run_requests_to_call", _to_call, run_requests.c.run_id)
