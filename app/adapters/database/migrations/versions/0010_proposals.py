"""Edits of memory are proposed."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table('proposals',
        sa.Column('seq', NUMBER, nullable=False),
        sa.Column('id', sa.Text(), nullable=False),
        sa.Column('agent_id', sa.Text(), nullable=False),
        sa.Column('conversation_id', sa.Text(), nullable=False),
        sa.Column('run_id', sa.Text(), nullable=False),
        sa.Column('message_id', sa.Text(), nullable=False),
        sa.Column('block_id', sa.Text(), nullable=False),
        sa.Column('label', sa.Text(), nullable=False),
        sa.Column('old', sa.Text(), nullable=False),
        sa.Column('new', sa.Text(), nullable=False),
        sa.Column('status', sa.Text(), nullable=False),
        sa.Column('change_seq', NUMBER, nullable=True),
        sa.Column('created_at', NUMBER, nullable=False),
        sa.PrimaryKeyConstraint('seq', name=op.f('pk_proposals')),
        sa.UniqueConstraint('id', name=op.f('uq_proposals_id'))
    )
    still_open = sa.text("status = 'open'")
    op.create_index(
        'ix_proposals_open', 'proposals', ['conversation_id', 'seq'], sqlite_where=still_open, postgresql_where=still_open
    )
