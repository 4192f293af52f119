"""Whom of another system agents belong to."""

import sqlalchemy as sa

from app.adapters.database.tables.columns import edited, id_column, maybe_number, metadata, partial, seq_column, text

identities = sa.Table(
    "identities",
    metadata,
    seq_column(),
    id_column(),
    text("identifier_key"),
    text("name"),
    text("identity_type"),
    text("properties"),
    text("block_ids"),
    *edited(),
    maybe_number("deleted_at"),
)
_known = identities.c.deleted_at.is_(None)
partial("uq_identities_identifier_key", _known, identities.c.identifier_key, unique=True)
partial("ix_identities_listed", _known, identities.c.seq)
