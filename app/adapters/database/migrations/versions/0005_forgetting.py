"""What refers to a message or a change of memory is found at once, for forgetting what was deleted long ago."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        'ix_run_events_message_id', 'run_events', ['message_id'],
        sqlite_where=sa.text('message_id IS NOT NULL'), postgresql_where=sa.text('message_id IS NOT NULL'),
    )
    op.create_index('ix_memory_event_agents_event_seq', 'memory_event_agents', ['event_seq'])
