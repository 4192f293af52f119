"""A long life is counted, and any moment of it found, without reading its texts; what agents wrote waits to be seen."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column('memory_events', sa.Column('fields', sa.Text(), server_default='', nullable=False))
    op.add_column('memory_events', sa.Column('sources', sa.Text(), server_default='[]', nullable=False))
    op.execute(
        "UPDATE memory_events SET fields = coalesce((SELECT group_concat(key, ' ') FROM json_each(after)), '') "
        "WHERE op = 'update' AND after IS NOT NULL"
    )
    op.create_index('ix_memory_events_fields', 'memory_events', ['target_id', 'fields', 'seq'], unique=False)
    op.add_column('memory_event_agents', sa.Column('at', NUMBER, server_default='0', nullable=False))
    for name in ('kind', 'target_kind', 'target_id', 'op'):
        op.add_column('memory_event_agents', sa.Column(name, sa.Text(), server_default='', nullable=False))
    op.execute(
        "UPDATE memory_event_agents SET (at, kind, target_kind, target_id, op) = (SELECT at, "
        "CASE WHEN undoes IS NULL THEN actor ELSE 'undo' END, target_kind, target_id, op "
        "FROM memory_events WHERE seq = event_seq)"
    )
    _inbox()


def _inbox() -> None:
    op.create_table('memory_inbox',
        sa.Column('event_seq', NUMBER, autoincrement=False, nullable=False),
        sa.Column('agent_id', sa.Text(), nullable=True),
        sa.Column('foreign_text', sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column('outcome', sa.Text(), nullable=True),
        sa.Column('looked_at', NUMBER, server_default='0', nullable=False),
        sa.ForeignKeyConstraint(['event_seq'], ['memory_events.seq'], name=op.f('fk_memory_inbox_event_seq')),
        sa.PrimaryKeyConstraint('event_seq', name=op.f('pk_memory_inbox'))
    )
    waiting = sa.text("outcome IS NULL")
    op.create_index(
        'ix_memory_inbox_waiting', 'memory_inbox', ['foreign_text', 'event_seq'], unique=False,
        sqlite_where=waiting, postgresql_where=waiting,
    )
    op.create_index('ix_memory_inbox_looked', 'memory_inbox', ['looked_at'], unique=False)
