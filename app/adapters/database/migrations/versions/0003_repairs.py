"""What was read otherwise than the model wrote it, kept with its step."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('steps', sa.Column('repairs', sa.Text(), server_default='[]', nullable=False))
