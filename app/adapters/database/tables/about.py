"""What this database says of itself, and settings."""

import sqlalchemy as sa

from app.adapters.database.tables.columns import metadata, number, text

about = sa.Table("about", metadata, sa.Column("key", sa.Text, primary_key=True), text("value"))
"""What this database says of itself: `format` (a number) and `written_by` (a version of Lares)."""

alembic_version = sa.Table(
    "alembic_version", metadata, sa.Column("version_num", sa.String(32), primary_key=True, nullable=False)
)
"""Declared as Alembic does it, so that a new database needs no Alembic."""

alembic_version.primary_key.name = "alembic_version_pkc"

settings = sa.Table("settings", metadata, sa.Column("key", sa.Text, primary_key=True), text("value"), number("version"))
