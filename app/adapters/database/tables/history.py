"""Changes of memory, and whose memory they changed."""

import sqlalchemy as sa

from app.adapters.database.tables.columns import (
    Number,
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

memory_events = sa.Table(
    "memory_events",
    metadata,
    seq_column(),
    id_column(),
    number("at"),
    maybe_text("agent_id"),
    text("target_kind"),
    sa.Column("target_id", sa.Text, nullable=False, index=True),
    text("label"),
    text("op"),
    maybe_text("before"),
    maybe_text("after"),
    number("version"),
    text("actor"),
    maybe_text("run_id"),
    maybe_text("step_id"),
    maybe_text("tool_call_id"),
    maybe_text("tool_name"),
    maybe_text("message_id"),
    text("client"),
    maybe_number("undoes"),
    text("actor_name", ""),
    maybe_number("value_from"),
    text("fields", ""),
    text("sources", "[]"),
    sqlite_autoincrement=True,
)
"""Its seq is never given twice: rows elsewhere keep it as a point in time. `value_from` names an earlier change whose
`after` has the text that is left out of `before`, since it is large and the same. `fields`: names of those that an
update changed, divided by spaces, so that a state is found without reading every text in between."""

sa.Index("ix_memory_events_fields", memory_events.c.target_id, memory_events.c.fields, memory_events.c.seq)

partial("ix_memory_events_run_id", memory_events.c.run_id.is_not(None), memory_events.c.run_id)

partial("ix_memory_events_undoes", memory_events.c.undoes.is_not(None), memory_events.c.undoes)

memory_event_agents = sa.Table(
    "memory_event_agents",
    metadata,
    sa.Column("agent_id", sa.Text, primary_key=True),
    sa.Column("event_seq", Number, sa.ForeignKey("memory_events.seq"), primary_key=True, autoincrement=False),
    number("at", 0),
    text("kind", ""),
    text("target_kind", ""),
    text("target_id", ""),
    text("op", ""),
    sqlite_with_rowid=False,
)
"""Whose memory an event changed, noted when it happened: a block may be held by several agents, and by others later.
What a life is counted by stands here again, since the rows of the events hold whole texts. `kind`: of the actor, or
`undo`."""

sa.Index("ix_memory_event_agents_event_seq", memory_event_agents.c.event_seq)

memory_inbox = sa.Table(
    "memory_inbox",
    metadata,
    sa.Column("event_seq", Number, sa.ForeignKey("memory_events.seq"), primary_key=True, autoincrement=False),
    maybe_text("agent_id"),
    flag("foreign_text", sa.false()),
    maybe_text("outcome"),
    number("looked_at", 0),
)
"""What agents wrote, and what a person made of it. `outcome`: NULL while nobody looked. `foreign_text`: the run had
read what a stranger wrote."""

partial(
    "ix_memory_inbox_waiting", memory_inbox.c.outcome.is_(None), memory_inbox.c.foreign_text, memory_inbox.c.event_seq
)
sa.Index("ix_memory_inbox_looked", memory_inbox.c.looked_at)
