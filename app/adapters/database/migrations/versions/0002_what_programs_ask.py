"""What programs ask for: extras of agents, identities, requests of runs, feedback on steps."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column('agents', sa.Column('extras', sa.Text(), server_default='{}', nullable=False))
    op.create_table('identities',
        sa.Column('seq', NUMBER, nullable=False),
        sa.Column('id', sa.Text(), nullable=False),
        sa.Column('identifier_key', sa.Text(), nullable=False),
        sa.Column('name', sa.Text(), nullable=False),
        sa.Column('identity_type', sa.Text(), nullable=False),
        sa.Column('properties', sa.Text(), nullable=False),
        sa.Column('block_ids', sa.Text(), nullable=False),
        sa.Column('version', NUMBER, nullable=False),
        sa.Column('created_at', NUMBER, nullable=False),
        sa.Column('updated_at', NUMBER, nullable=False),
        sa.PrimaryKeyConstraint('seq', name=op.f('pk_identities')),
        sa.UniqueConstraint('id', name=op.f('uq_identities_id')),
        sa.UniqueConstraint('identifier_key', name=op.f('uq_identities_identifier_key'))
    )
    op.create_table('run_requests',
        sa.Column('run_id', sa.Text(), nullable=False),
        sa.Column('config', sa.Text(), nullable=False),
        sa.Column('callback_url', sa.Text(), nullable=True),
        sa.Column('callback_sent_at', NUMBER, nullable=True),
        sa.Column('callback_status_code', NUMBER, nullable=True),
        sa.Column('callback_error', sa.Text(), nullable=True),
        sa.Column('deleted_at', NUMBER, nullable=True),
        sa.ForeignKeyConstraint(['run_id'], ['runs.id'], name=op.f('fk_run_requests_run_id')),
        sa.PrimaryKeyConstraint('run_id', name=op.f('pk_run_requests'))
    )
    op.create_index(
        'ix_run_requests_to_call', 'run_requests', ['run_id'],
        sqlite_where=sa.text('callback_url IS NOT NULL AND callback_sent_at IS NULL'),
        postgresql_where=sa.text('callback_url IS NOT NULL AND callback_sent_at IS NULL'),
    )
    op.create_table('step_feedback',
        sa.Column('step_id', sa.Text(), nullable=False),
        sa.Column('feedback', sa.Text(), nullable=True),
        sa.Column('tags', sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(['step_id'], ['steps.id'], name=op.f('fk_step_feedback_step_id')),
        sa.PrimaryKeyConstraint('step_id', name=op.f('pk_step_feedback'))
    )
