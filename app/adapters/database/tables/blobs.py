"""Images, once each by their hash."""

import sqlalchemy as sa

from app.adapters.database.tables.columns import metadata, number, text

blobs = sa.Table(
    "blobs",
    metadata,
    sa.Column("sha256", sa.Text, primary_key=True),
    text("media_type"),
    number("size"),
    number("width"),
    number("height"),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
