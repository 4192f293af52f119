"""Archives, which agents have them, and their passages with their tags."""

import sqlalchemy as sa

from app.adapters.database.tables.columns import (
    Number,
    edited,
    id_column,
    maybe_number,
    maybe_text,
    metadata,
    number,
    partial,
    seq_column,
    text,
)

archives = sa.Table(
    "archives",
    metadata,
    seq_column(),
    id_column(),
    text("name"),
    text("description"),
    maybe_text("embedding"),
    text("metadata"),
    maybe_text("made_for"),
    number("passages"),
    *edited(),
    maybe_number("deleted_at"),
)
"""`passages`: how many of its passages are not deleted, kept where they come and go."""
partial("ix_archives_live", archives.c.deleted_at.is_(None), archives.c.seq)
partial("ix_archives_name", archives.c.deleted_at.is_(None), archives.c.name, archives.c.seq)

agent_archives = sa.Table(
    "agent_archives",
    metadata,
    sa.Column("agent_id", sa.Text, sa.ForeignKey("agents.id"), primary_key=True),
    sa.Column("archive_id", sa.Text, sa.ForeignKey("archives.id"), primary_key=True, index=True),
    number("position"),
)
"""Links to a deleted archive stay, so that undoing the deletion gives it back to its agents."""

passages = sa.Table(
    "passages",
    metadata,
    seq_column(),
    id_column(),
    sa.Column("archive_seq", Number, sa.ForeignKey("archives.seq"), nullable=False),
    text("text"),
    text("text_hash"),
    text("tags"),
    maybe_number("valid_from"),
    maybe_number("superseded_at"),
    maybe_text("superseded_by"),
    text("actor"),
    text("actor_name"),
    maybe_text("message_id"),
    maybe_text("run_id"),
    text("source"),
    maybe_text("nearly"),
    sa.Column("alikeness", sa.Float, nullable=False),
    text("metadata"),
    number("found_count"),
    maybe_number("last_found_at"),
    *edited(),
    maybe_number("deleted_at"),
    sqlite_autoincrement=True,
)
"""`text_hash` is the same for the same text, whatever its spaces and capitals. A seq is never given twice: an index
outside of the database may still know it.
"""
_row = passages.c
_live = _row.deleted_at.is_(None)
partial("ix_passages_live", _live, _row.archive_seq, _row.created_at, _row.seq)
partial("ix_passages_text_hash", _live, _row.archive_seq, _row.text_hash)
partial("ix_passages_writer", _live, _row.archive_seq, _row.actor, _row.actor_name, _row.created_at, _row.seq)
_superseded = sa.and_(_live, _row.superseded_at.is_not(None))
partial("ix_passages_superseded", _superseded, _row.archive_seq, _row.created_at, _row.seq)
partial("ix_passages_superseded_by", sa.and_(_live, _row.superseded_by.is_not(None)), _row.superseded_by)
partial("ix_passages_nearly", sa.and_(_live, _row.nearly.is_not(None)), _row.archive_seq, _row.created_at, _row.seq)
partial("ix_passages_deleted_at", _row.deleted_at.is_not(None), _row.deleted_at)

passage_tags = sa.Table(
    "passage_tags",
    metadata,
    sa.Column("archive_seq", Number, primary_key=True, autoincrement=False),
    sa.Column("tag", sa.Text, primary_key=True),
    sa.Column("created_at", Number, primary_key=True, autoincrement=False),
    sa.Column("passage_seq", Number, sa.ForeignKey("passages.seq"), primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""The tags of passages that are not deleted, in the order in which lists show these; the rows stay the truth."""
sa.Index("ix_passage_tags_passage_seq", passage_tags.c.passage_seq)
