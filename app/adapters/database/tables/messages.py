"""Messages, which never change."""

import sqlalchemy as sa

from app.adapters.database.tables.columns import id_column, maybe_text, metadata, number, partial, seq_column, text

messages = sa.Table(
    "messages",
    metadata,
    seq_column(),
    id_column(),
    sa.Column("agent_id", sa.Text, sa.ForeignKey("agents.id"), nullable=False),
    text("role"),
    text("parts"),
    maybe_text("run_id"),
    maybe_text("step_id"),
    maybe_text("otid"),
    maybe_text("name"),
    maybe_text("sender_id"),
    text("note"),
    number("created_at"),
)

sa.Index("ix_messages_agent_id", messages.c.agent_id, messages.c.seq)

partial("ix_messages_run_id", messages.c.run_id.is_not(None), messages.c.run_id)

partial("ix_messages_otid", messages.c.otid.is_not(None), messages.c.otid, messages.c.agent_id)
