"""What a run is for, and the run that asked for it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('runs', sa.Column('purpose', sa.Text(), server_default='reply', nullable=False))
    op.add_column('runs', sa.Column('parent_run_id', sa.Text(), nullable=True))
