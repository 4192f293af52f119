"""The messages of an agent in all its threads, and all threads but the default ones, are found by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

FURTHER_THREAD = "deleted_at IS NULL AND root_id = id AND is_default IS 0"


def upgrade() -> None:
    op.create_index('ix_messages_agent_id', 'messages', ['agent_id', 'seq'])
    for name, columns in (
        ('ix_conversations_threads', ['seq']),
        ('ix_conversations_last_message_at', ['last_message_at', 'seq']),
        ('ix_conversations_last_run_at', ['last_run_at', 'seq']),
    ):
        op.drop_index(name, table_name='conversations')
        where = sa.text(FURTHER_THREAD)
        op.create_index(name, 'conversations', columns, sqlite_where=where, postgresql_where=where)
