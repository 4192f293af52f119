"""Servers that variables of the environment name, and whether they may be used."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('providers', sa.Column('variable', sa.Text(), server_default='', nullable=False))
    op.add_column('providers', sa.Column('awaits_consent', sa.Boolean(), server_default=sa.false(), nullable=False))
