"""Whether the server cut a step's request without saying so."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('steps', sa.Column('truncated', sa.Boolean(), server_default=sa.false(), nullable=False))
