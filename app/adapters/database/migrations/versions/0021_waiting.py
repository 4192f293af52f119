"""Conversations that wait for an answer are found at once."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    waits = sa.text("pending_request_id IS NOT NULL AND deleted_at IS NULL")
    op.create_index(
        "ix_conversations_waiting",
        "conversations",
        ["seq", "agent_id"],
        unique=False,
        sqlite_where=waits,
        postgresql_where=waits,
    )
