"""Tools, and which agents have them."""

import sqlalchemy as sa

from app.adapters.database.tables.columns import edited, flag, id_column, maybe_text, metadata, number, seq_column, text

tools = sa.Table(
    "tools",
    metadata,
    seq_column(),
    id_column(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    text("tool_type"),
    text("description"),
    text("parameters"),
    text("tags"),
    maybe_text("source_code"),
    text("source_type", "python"),
    maybe_text("arguments_schema"),
    text("requirements", "{}"),
    text("access", "{}"),
    text("secret_names", "[]"),
    sa.Column("requires_approval", sa.Boolean),
    flag("parallel", sa.false()),
    text("metadata", "{}"),
    number("return_char_limit"),
    flag("idempotent"),
    *edited(),
)

agent_tools = sa.Table(
    "agent_tools",
    metadata,
    sa.Column("agent_id", sa.Text, sa.ForeignKey("agents.id"), primary_key=True),
    sa.Column("tool_id", sa.Text, sa.ForeignKey("tools.id"), primary_key=True, index=True),
    number("position"),
)
