"""Model servers."""

import sqlalchemy as sa

from app.adapters.database.tables.columns import edited, flag, id_column, metadata, seq_column, text

providers = sa.Table(
    "providers",
    metadata,
    seq_column(),
    id_column(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    text("kind"),
    text("base_url"),
    flag("has_key"),
    flag("enabled"),
    text("variable", ""),
    flag("awaits_consent", sa.false()),
    *edited(),
)
