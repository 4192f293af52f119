"""The tables, as SQLAlchemy Core knows them. Nothing here is special to SQLite; the search index is in search.py.

Conventions: `seq` is the order of creation and the cursor, `id` the public name; times are integer microseconds UTC;
`deleted_at` marks soft-deleted rows; JSON is kept as text that a domain model wrote and reads again. Rows refer to
others by public id, except in the tables with a row per message or event of a conversation: a number is far smaller.
"""

from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)
Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _seq() -> sa.Column[int]:
    return sa.Column("seq", Number, primary_key=True)


def _id() -> sa.Column[str]:
    return sa.Column("id", sa.Text, nullable=False, unique=True)


def _text(name: str, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


def _maybe_text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, Number, nullable=False)


def _maybe_number(name: str) -> sa.Column[int]:
    return sa.Column(name, Number)


def _flag(name: str, default: sa.False_ | None = None) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False, server_default=default)


def _edited() -> tuple[sa.Column[int], ...]:
    return _number("version"), _number("created_at"), _number("updated_at")


def _used() -> tuple[sa.Column[int], ...]:
    """Token counts; NULL where the server did not say."""
    return (
        _number("prompt_tokens"),
        _number("completion_tokens"),
        _maybe_number("cached_tokens"),
        _maybe_number("reasoning_tokens"),
        _number("usage_steps"),
    )


def _partial(name: str, where: sa.ColumnElement[bool], *columns: sa.Column[Any], unique: bool = False) -> None:
    """An index of some rows only."""
    sa.Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


about = sa.Table("about", metadata, sa.Column("key", sa.Text, primary_key=True), _text("value"))
"""What this database says of itself: `format` (a number) and `written_by` (a version of Lares)."""

alembic_version = sa.Table(
    "alembic_version", metadata, sa.Column("version_num", sa.String(32), primary_key=True, nullable=False)
)
"""Declared as Alembic does it, so that a new database needs no Alembic."""
alembic_version.primary_key.name = "alembic_version_pkc"

agents = sa.Table(
    "agents",
    metadata,
    _seq(),
    _id(),
    _text("name"),
    _text("description"),
    _text("tags"),
    _text("agent_type"),
    _text("system"),
    _text("model"),
    _number("context_window"),
    _text("settings"),
    _number("max_steps"),
    _flag("message_buffer_autoclear"),
    _flag("pinned"),
    _flag("hidden"),
    _text("metadata"),
    *_edited(),
    _maybe_number("deleted_at"),
    _maybe_number("last_message_seq"),
    _text("extras", "{}"),
)
"""`last_message_seq`: newest user or assistant message with text, kept by `append` so that the agent list is cheap."""

blocks = sa.Table(
    "blocks",
    metadata,
    _seq(),
    _id(),
    _text("label"),
    _text("value"),
    _number("limit"),
    _text("description"),
    _flag("read_only"),
    _text("tags"),
    _flag("hidden"),
    _text("metadata"),
    *_edited(),
    _maybe_number("deleted_at"),
)

tools = sa.Table(
    "tools",
    metadata,
    _seq(),
    _id(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    _text("tool_type"),
    _text("description"),
    _text("parameters"),
    _text("tags"),
    _maybe_text("source_code"),
    _number("return_char_limit"),
    _flag("idempotent"),
    *_edited(),
)

agent_blocks = sa.Table(
    "agent_blocks",
    metadata,
    sa.Column("agent_id", sa.Text, sa.ForeignKey("agents.id"), primary_key=True),
    sa.Column("block_id", sa.Text, sa.ForeignKey("blocks.id"), primary_key=True, index=True),
    _number("position"),
)
"""Links to a deleted block stay, so that bringing the block back brings it back to its agents."""

agent_tools = sa.Table(
    "agent_tools",
    metadata,
    sa.Column("agent_id", sa.Text, sa.ForeignKey("agents.id"), primary_key=True),
    sa.Column("tool_id", sa.Text, sa.ForeignKey("tools.id"), primary_key=True, index=True),
    _number("position"),
)

conversations = sa.Table(
    "conversations",
    metadata,
    _seq(),
    _id(),
    sa.Column("agent_id", sa.Text, sa.ForeignKey("agents.id"), nullable=False, index=True),
    _text("title"),
    _flag("is_default"),
    sa.Column("root_id", sa.Text, nullable=False, index=True),
    _maybe_text("branched_from"),
    _maybe_number("branch_position"),
    _text("active_id"),
    _maybe_text("pending_request_id"),
    *_edited(),
    _maybe_number("deleted_at"),
)

messages = sa.Table(
    "messages",
    metadata,
    _seq(),
    _id(),
    sa.Column("agent_id", sa.Text, sa.ForeignKey("agents.id"), nullable=False),
    _text("role"),
    _text("parts"),
    _maybe_text("run_id"),
    _maybe_text("step_id"),
    _maybe_text("otid"),
    _maybe_text("name"),
    _maybe_text("sender_id"),
    _text("note"),
    _number("created_at"),
)
_partial("ix_messages_run_id", messages.c.run_id.is_not(None), messages.c.run_id)
_partial("ix_messages_otid", messages.c.otid.is_not(None), messages.c.otid, messages.c.agent_id)

conversation_messages = sa.Table(
    "conversation_messages",
    metadata,
    sa.Column("conversation_seq", Number, sa.ForeignKey("conversations.seq"), primary_key=True, autoincrement=False),
    sa.Column("position", Number, primary_key=True, autoincrement=False),
    sa.Column("message_seq", Number, sa.ForeignKey("messages.seq"), nullable=False, index=True),
    _number("entered_seq"),
    _maybe_number("left_seq"),
    sqlite_with_rowid=False,
)
"""Positions run from 1 without gaps. `entered_seq`, `left_seq`: the conversation's next position when the message came
into the context window and when it left."""
_in_context = conversation_messages.c.left_seq.is_(None)
# `left_seq` (always NULL there) and `message_seq` make SQLite prefer it to the primary key, by which it would read all.
_partial(
    "ix_conversation_messages_in_context",
    _in_context,
    conversation_messages.c.conversation_seq,
    conversation_messages.c.left_seq,
    conversation_messages.c.position,
    conversation_messages.c.message_seq,
)

runs = sa.Table(
    "runs",
    metadata,
    _seq(),
    _id(),
    sa.Column("agent_id", sa.Text, sa.ForeignKey("agents.id"), nullable=False, index=True),
    sa.Column("conversation_id", sa.Text, sa.ForeignKey("conversations.id"), nullable=False, index=True),
    _text("status"),
    _maybe_text("stop_reason"),
    _maybe_text("failure"),
    _flag("background"),
    _text("started_by"),
    sa.Column("purpose", sa.Text, nullable=False, server_default="reply"),
    _maybe_text("parent_run_id"),
    _maybe_text("message_id"),
    *_used(),
    _number("resumed"),
    _text("state"),
    _number("created_at"),
    _maybe_number("completed_at"),
)
_is_active = runs.c.status.in_([sa.literal_column("'created'"), sa.literal_column("'running'")])
_partial("uq_runs_active_conversation", _is_active, runs.c.conversation_id, unique=True)

steps = sa.Table(
    "steps",
    metadata,
    _seq(),
    _id(),
    sa.Column("run_id", sa.Text, sa.ForeignKey("runs.id"), nullable=False, index=True),
    _text("agent_id"),
    _number("step_no"),
    _number("attempt"),
    _text("model"),
    _text("status"),
    *_used(),
    _number("estimated_tokens"),
    _number("memory_seq"),
    _maybe_number("window_first"),
    _maybe_number("window_last"),
    _number("agent_version"),
    _text("finish_reason"),
    _text("repairs", "[]"),
    _flag("truncated", sa.false()),
    _number("created_at"),
    _maybe_number("first_token_at"),
    _maybe_number("completed_at"),
    _flag("reply_truncated"),
    sa.Column("request", sa.LargeBinary, nullable=False),
    sa.Column("reply", sa.LargeBinary, nullable=False),
)
"""`request`: the hashes of its parts, 32 bytes each, in order. `reply`: zlib."""
counted = sa.and_(steps.c.status == sa.literal_column("'completed'"), steps.c.prompt_tokens > sa.literal_column("0"))
_partial("ix_steps_counted", counted, steps.c.agent_id, steps.c.seq)

request_parts = sa.Table(
    "request_parts",
    metadata,
    sa.Column("hash", sa.LargeBinary, primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
"""`hash`: sha256 of the part; `content`: the part, zlib."""

run_events = sa.Table(
    "run_events",
    metadata,
    sa.Column("run_seq", Number, sa.ForeignKey("runs.seq"), primary_key=True, autoincrement=False),
    sa.Column("seq_id", Number, primary_key=True, autoincrement=False),
    _maybe_text("step_id"),
    _number("step_no"),
    _number("attempt"),
    _flag("whole"),
    _text("payload"),
    _number("bytes"),
    sa.Column(
        "message_id", sa.Text, sa.ForeignKey("messages.id", deferrable=True, initially="DEFERRED"), nullable=True
    ),
    _maybe_number("position"),
    _maybe_text("changes"),
    sqlite_with_rowid=False,
)
"""The message and the memory events that belong to an event are referred to (`message_id`, `changes`), not copied."""
_partial("ix_run_events_delta", run_events.c.whole.is_(sa.false()), run_events.c.run_seq)
_partial("ix_run_events_message_id", run_events.c.message_id.is_not(None), run_events.c.message_id)

memory_events = sa.Table(
    "memory_events",
    metadata,
    _seq(),
    _id(),
    _number("at"),
    _maybe_text("agent_id"),
    _text("target_kind"),
    sa.Column("target_id", sa.Text, nullable=False, index=True),
    _text("label"),
    _text("op"),
    _maybe_text("before"),
    _maybe_text("after"),
    _number("version"),
    _text("actor"),
    _maybe_text("run_id"),
    _maybe_text("step_id"),
    _maybe_text("tool_call_id"),
    _maybe_text("tool_name"),
    _maybe_text("message_id"),
    _text("client"),
    _maybe_number("undoes"),
    _text("actor_name", ""),
    sqlite_autoincrement=True,
)
"""Its seq is never given twice: rows elsewhere keep it as a point in time."""
_partial("ix_memory_events_run_id", memory_events.c.run_id.is_not(None), memory_events.c.run_id)
_partial("ix_memory_events_undoes", memory_events.c.undoes.is_not(None), memory_events.c.undoes)

memory_event_agents = sa.Table(
    "memory_event_agents",
    metadata,
    sa.Column("agent_id", sa.Text, primary_key=True),
    sa.Column("event_seq", Number, sa.ForeignKey("memory_events.seq"), primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""Whose memory an event changed, noted when it happened: a block may be held by several agents, and by others later."""
sa.Index("ix_memory_event_agents_event_seq", memory_event_agents.c.event_seq)

providers = sa.Table(
    "providers",
    metadata,
    _seq(),
    _id(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    _text("kind"),
    _text("base_url"),
    _flag("has_key"),
    _flag("enabled"),
    _text("variable", ""),
    _flag("awaits_consent", sa.false()),
    *_edited(),
)

settings = sa.Table(
    "settings", metadata, sa.Column("key", sa.Text, primary_key=True), _text("value"), _number("version")
)

blobs = sa.Table(
    "blobs",
    metadata,
    sa.Column("sha256", sa.Text, primary_key=True),
    _text("media_type"),
    _number("size"),
    _number("width"),
    _number("height"),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

identities = sa.Table(
    "identities",
    metadata,
    _seq(),
    _id(),
    sa.Column("identifier_key", sa.Text, nullable=False, unique=True),
    _text("name"),
    _text("identity_type"),
    _text("properties"),
    _text("block_ids"),
    *_edited(),
)

run_requests = sa.Table(
    "run_requests",
    metadata,
    sa.Column("run_id", sa.Text, sa.ForeignKey("runs.id"), primary_key=True),
    _text("config"),
    _maybe_text("callback_url"),
    _maybe_number("callback_sent_at"),
    _maybe_number("callback_status_code"),
    _maybe_text("callback_error"),
    _maybe_number("deleted_at"),
)
"""What a program asked for beside the messages, and whether it was told of the end. Few runs have a row."""
_to_call = sa.and_(run_requests.c.callback_url.is_not(None), run_requests.c.callback_sent_at.is_(None))
_partial("ix_run_requests_to_call", _to_call, run_requests.c.run_id)

step_feedback = sa.Table(
    "step_feedback",
    metadata,
    sa.Column("step_id", sa.Text, sa.ForeignKey("steps.id"), primary_key=True),
    _maybe_text("feedback"),
    _text("tags"),
)
