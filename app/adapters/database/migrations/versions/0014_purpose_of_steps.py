"""What a step was for: a reply, or a summary of what left the window."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('steps', sa.Column('purpose', sa.Text(), server_default='reply', nullable=False))
