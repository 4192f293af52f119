"""Edits of memory that wait for a person's yes."""

import sqlalchemy as sa

from app.adapters.database.tables.columns import id_column, maybe_number, metadata, number, partial, seq_column, text

proposals = sa.Table(
    "proposals",
    metadata,
    seq_column(),
    id_column(),
    text("agent_id"),
    text("conversation_id"),
    text("run_id"),
    text("message_id"),
    text("block_id"),
    text("label"),
    text("old"),
    text("new"),
    text("status"),
    maybe_number("change_seq"),
    number("created_at"),
    text("client", ""),
)
partial("ix_proposals_open", proposals.c.status == "open", proposals.c.conversation_id, proposals.c.seq)
