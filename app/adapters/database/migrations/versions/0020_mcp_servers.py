"""MCP servers."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table('mcp_servers',
        sa.Column('seq', NUMBER, nullable=False),
        sa.Column('id', sa.Text(), nullable=False),
        sa.Column('name', sa.Text(), nullable=False),
        sa.Column('launch', sa.Text(), nullable=False),
        sa.Column('auth_header', sa.Text(), nullable=False),
        sa.Column('has_token', sa.Boolean(), nullable=False),
        sa.Column('approved', sa.Text(), nullable=False),
        sa.Column('start_seconds', sa.Float(), nullable=False),
        sa.Column('call_seconds', sa.Float(), nullable=False),
        sa.Column('version', NUMBER, nullable=False),
        sa.Column('created_at', NUMBER, nullable=False),
        sa.Column('updated_at', NUMBER, nullable=False),
        sa.PrimaryKeyConstraint('seq', name=op.f('pk_mcp_servers')),
        sa.UniqueConstraint('id', name=op.f('uq_mcp_servers_id')),
        sa.UniqueConstraint('name', name=op.f('uq_mcp_servers_name'))
    )
