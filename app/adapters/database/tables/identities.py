"""Whom of another system agents belong to."""

import sqlalchemy as sa

from app.adapters.database.tables.columns import edited, id_column, metadata, seq_column, text

identities = sa.Table(
    "identities",
    metadata,
    seq_column(),
    id_column(),
    sa.Column("identifier_key", sa.Text, nullable=False, unique=True),
    text("name"),
    text("identity_type"),
    text("properties"),
    text("block_ids"),
    *edited(),
)
