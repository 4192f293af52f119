"""Whether a person has signed in at an MCP server."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("mcp_servers", sa.Column("signed_in", sa.Boolean(), nullable=False, server_default=sa.false()))
