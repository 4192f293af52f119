"""What tools that people write may use, and the names of their own variables."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tools", sa.Column("access", sa.Text(), nullable=False, server_default="{}"))
    op.add_column("tools", sa.Column("secret_names", sa.Text(), nullable=False, server_default="[]"))
