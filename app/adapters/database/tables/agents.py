"""Agents; their blocks and tools are linked from the tables of those."""

import sqlalchemy as sa

from app.adapters.database.tables.columns import (
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
    number("active_at", 0),
    number("last_run_at", 0),
    maybe_text("last_stop_reason"),
)
"""What lists are sorted and searched by is kept where it changes: `last_message_seq` and `active_at` (newest user or
assistant message with text, in a conversation that is not deleted; creation, while there is none) by `append`,
`last_run_at` (0: never) and `last_stop_reason` by the end of a run."""
_listed = sa.and_(agents.c.deleted_at.is_(None), agents.c.hidden.is_(sa.false()))
partial("ix_agents_listed", _listed, agents.c.seq)
partial("ix_agents_name", _listed, agents.c.name, agents.c.seq)
partial("ix_agents_updated_at", _listed, agents.c.updated_at, agents.c.seq)
partial("ix_agents_activity", _listed, agents.c.pinned, agents.c.active_at, agents.c.seq)
partial("ix_agents_last_run_at", _listed, agents.c.last_run_at, agents.c.seq)
partial("ix_agents_last_stop_reason", _listed, agents.c.last_stop_reason, agents.c.seq)
partial("ix_agents_model", agents.c.deleted_at.is_(None), agents.c.model, agents.c.context_window)
partial("ix_agents_deleted_at", agents.c.deleted_at.is_not(None), agents.c.deleted_at, agents.c.seq)
