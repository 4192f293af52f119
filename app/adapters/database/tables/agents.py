"""Agents; their blocks and tools are linked from the tables of those."""

import sqlalchemy as sa

from app.adapters.database.tables.columns import (
    edited,
    flag,
    id_column,
    maybe_number,
    metadata,
    number,
    seq_column,
    text,
)

agents = sa.Table(
    "agents",
    metadata,
    seq_column(),
    id_column(),
    text("name"),
    text("description"),
    text("tags"),
    text("agent_type"),
    text("system"),
    text("model"),
    number("context_window"),
    text("settings"),
    number("max_steps"),
    flag("message_buffer_autoclear"),
    flag("pinned"),
    flag("hidden"),
    text("metadata"),
    *edited(),
    maybe_number("deleted_at"),
    maybe_number("last_message_seq"),
    text("extras", "{}"),
)
"""`last_message_seq`: newest user or assistant message with text, kept by `append` so that the agent list is cheap."""
