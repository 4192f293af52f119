"""Which one of its kind made a change of memory: an agent, a program, a schedule by name. Earlier rows have none."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('memory_events', sa.Column('actor_name', sa.Text(), server_default='', nullable=False))
