"""Tools that people write: the language of the source, what it needs, and what programs ask for it."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tools", sa.Column("source_type", sa.Text(), server_default="python", nullable=False))
    op.add_column("tools", sa.Column("arguments_schema", sa.Text(), nullable=True))
    op.add_column("tools", sa.Column("requirements", sa.Text(), server_default="{}", nullable=False))
    op.add_column("tools", sa.Column("requires_approval", sa.Boolean(), nullable=True))
    op.add_column("tools", sa.Column("parallel", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("tools", sa.Column("metadata", sa.Text(), server_default="{}", nullable=False))
