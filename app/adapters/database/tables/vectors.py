"""What texts mean, as vectors. They are the truth; every index over them can be made again."""

import sqlalchemy as sa

from app.adapters.database.tables.columns import Number, id_column, metadata, number, seq_column, text

vector_spaces = sa.Table(
    "vector_spaces",
    metadata,
    seq_column(),
    id_column(),
    text("handle"),
    text("digest"),
    text("prefixes"),
    number("dimension"),
    number("created_at"),
)

vectors = sa.Table(
    "vectors",
    metadata,
    seq_column(),
    sa.Column("space_seq", Number, sa.ForeignKey("vector_spaces.seq"), nullable=False),
    number("kind"),
    number("owner_seq"),
    number("scope_seq"),
    sa.Column("packed", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("space_seq", "kind", "owner_seq"),
    sqlite_autoincrement=True,
)
"""`kind`: see `VECTOR_KINDS`; `owner_seq`: the message or passage; `scope_seq`: its agent or archive;
`packed`: as `Vector.packed`. A seq is never given twice, so an index knows by it what it has not seen yet."""

vectors_gone = sa.Table(
    "vectors_gone",
    metadata,
    seq_column(),
    number("space_seq"),
    number("kind"),
    number("owner_seq"),
    sqlite_autoincrement=True,
)
"""Vectors that were deleted, for indexes that have them still."""
