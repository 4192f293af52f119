"""The log of runs."""

import sqlalchemy as sa

from app.adapters.database.tables.columns import Number, flag, maybe_number, maybe_text, metadata, number, partial, text

run_events = sa.Table(
    "run_events",
    metadata,
    sa.Column("run_seq", Number, sa.ForeignKey("runs.seq"), primary_key=True, autoincrement=False),
    sa.Column("seq_id", Number, primary_key=True, autoincrement=False),
    maybe_text("step_id"),
    number("step_no"),
    number("attempt"),
    flag("whole"),
    text("payload"),
    number("bytes"),
    sa.Column(
        "message_id", sa.Text, sa.ForeignKey("messages.id", deferrable=True, initially="DEFERRED"), nullable=True
    ),
    maybe_number("position"),
    maybe_text("changes"),
    sqlite_with_rowid=False,
)
"""The message and the memory events that belong to an event are referred to (`message_id`, `changes`), not copied."""

partial("ix_run_events_delta", run_events.c.whole.is_(sa.false()), run_events.c.run_seq)

partial("ix_run_events_message_id", run_events.c.message_id.is_not(None), run_events.c.message_id)
