"""MCP servers."""

import sqlalchemy as sa

from app.adapters.database.tables.columns import edited, flag, id_column, metadata, seq_column, text

mcp_servers = sa.Table(
    "mcp_servers",
    metadata,
    seq_column(),
    id_column(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    text("launch"),
    text("auth_header"),
    flag("has_token"),
    flag("signed_in", sa.false()),
    text("approved"),
    sa.Column("start_seconds", sa.Float, nullable=False),
    sa.Column("call_seconds", sa.Float, nullable=False),
    *edited(),
)
