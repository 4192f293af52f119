"""Steps of runs, what they sent, and what programs say of them."""

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

steps = sa.Table(
    "steps",
    metadata,
    seq_column(),
    id_column(),
    sa.Column("run_id", sa.Text, sa.ForeignKey("runs.id"), nullable=False, index=True),
    text("agent_id"),
    number("step_no"),
    number("attempt"),
    text("model"),
    text("status"),
    *used(),
    number("estimated_tokens"),
    number("memory_seq"),
    maybe_number("window_first"),
    maybe_number("window_last"),
    number("agent_version"),
    text("finish_reason"),
    text("repairs", "[]"),
    flag("truncated", sa.false()),
    number("created_at"),
    maybe_number("first_token_at"),
    maybe_number("completed_at"),
    text("answered_by", ""),
    text("purpose", "reply"),
    flag("reply_truncated"),
    sa.Column("request", sa.LargeBinary, nullable=False),
    sa.Column("reply", sa.LargeBinary, nullable=False),
)
"""`request`: the hashes of its parts, 32 bytes each, in order. `reply`: zlib."""

counted = sa.and_(steps.c.status == sa.literal_column("'completed'"), steps.c.prompt_tokens > sa.literal_column("0"))

partial("ix_steps_counted", counted, steps.c.agent_id, steps.c.seq)
sa.Index("ix_steps_agent_id", steps.c.agent_id, steps.c.seq)

request_parts = sa.Table(
    "request_parts",
    metadata,
    sa.Column("hash", sa.LargeBinary, primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
"""`hash`: sha256 of the part; `content`: the part, zlib."""

step_feedback = sa.Table(
    "step_feedback",
    metadata,
    sa.Column("step_id", sa.Text, sa.ForeignKey("steps.id"), primary_key=True),
    maybe_text("feedback"),
    text("tags"),
)
