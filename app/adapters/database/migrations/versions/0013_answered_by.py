"""Which model wrote a reply, where it was not the one that was asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('steps', sa.Column('answered_by', sa.Text(), server_default='', nullable=False))
