"""Every list finds its page by an index: what lists are sorted by has columns, tags and identities have links."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
LISTED = "deleted_at IS NULL AND hidden IS 0"
THREAD = "root_id = id"
LIVE_THREAD = f"deleted_at IS NULL AND {THREAD}"


def upgrade() -> None:
    _agents()
    _links()
    _conversations()
    _identities()
    _index('ix_blocks_live', 'blocks', ['seq'], "deleted_at IS NULL")
    _index('ix_blocks_label', 'blocks', ['label', 'seq'], "deleted_at IS NULL")
    op.create_index('ix_steps_agent_id', 'steps', ['agent_id', 'seq'])


def _index(name: str, table: str, columns: list[str], where: str, unique: bool = False) -> None:
    op.create_index(name, table, columns, unique=unique, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _agents() -> None:
    op.add_column('agents', sa.Column('active_at', NUMBER, server_default='0', nullable=False))
    op.add_column('agents', sa.Column('last_run_at', NUMBER, server_default='0', nullable=False))
    op.add_column('agents', sa.Column('last_stop_reason', sa.Text(), nullable=True))
    last = "FROM runs WHERE agent_id = agents.id AND completed_at IS NOT NULL ORDER BY seq DESC LIMIT 1"
    said = "SELECT created_at FROM messages WHERE messages.seq = agents.last_message_seq"
    op.execute(
        f"UPDATE agents SET active_at = coalesce(({said}), created_at), "
        f"last_run_at = coalesce((SELECT completed_at {last}), 0), last_stop_reason = (SELECT stop_reason {last})"
    )
    _index('ix_agents_listed', 'agents', ['seq'], LISTED)
    _index('ix_agents_name', 'agents', ['name', 'seq'], LISTED)
    _index('ix_agents_updated_at', 'agents', ['updated_at', 'seq'], LISTED)
    _index('ix_agents_activity', 'agents', ['pinned', 'active_at', 'seq'], LISTED)
    _index('ix_agents_last_run_at', 'agents', ['last_run_at', 'seq'], LISTED)
    _index('ix_agents_last_stop_reason', 'agents', ['last_stop_reason', 'seq'], LISTED)
    _index('ix_agents_model', 'agents', ['model', 'context_window'], "deleted_at IS NULL")
    _index('ix_agents_deleted_at', 'agents', ['deleted_at', 'seq'], "deleted_at IS NOT NULL")


def _links() -> None:
    op.rename_table('agent_blocks', 'agent_blocks_before')
    op.create_table('agent_blocks',
        sa.Column('agent_id', sa.Text(), nullable=False),
        sa.Column('block_id', sa.Text(), nullable=False),
        sa.Column('position', NUMBER, nullable=False),
        sa.Column('agent_seq', NUMBER, nullable=False),
        sa.ForeignKeyConstraint(['agent_id'], ['agents.id'], name=op.f('fk_agent_blocks_agent_id')),
        sa.ForeignKeyConstraint(['block_id'], ['blocks.id'], name=op.f('fk_agent_blocks_block_id')),
        sa.ForeignKeyConstraint(['agent_seq'], ['agents.seq'], name=op.f('fk_agent_blocks_agent_seq')),
        sa.PrimaryKeyConstraint('agent_id', 'block_id', name=op.f('pk_agent_blocks'))
    )
    op.execute(
        "INSERT INTO agent_blocks SELECT agent_id, block_id, position, agents.seq "
        "FROM agent_blocks_before JOIN agents ON agents.id = agent_id"
    )
    op.drop_table('agent_blocks_before')
    op.create_index('ix_agent_blocks_block_id_agent_seq', 'agent_blocks', ['block_id', 'agent_seq'])
    op.create_table('tagged',
        sa.Column('tag', sa.Text(), nullable=False),
        sa.Column('kind', sa.Text(), nullable=False),
        sa.Column('seq', NUMBER, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint('tag', 'kind', 'seq', name=op.f('pk_tagged')),
        sqlite_with_rowid=False,
    )
    op.create_index('ix_tagged_kind_seq', 'tagged', ['kind', 'seq'])
    for kind in ("agent", "block"):
        op.execute(
            f"INSERT INTO tagged SELECT DISTINCT each.value, '{kind}', {kind}s.seq "
            f"FROM {kind}s, json_each({kind}s.tags) AS each WHERE {kind}s.deleted_at IS NULL"
        )
    op.create_table('agent_identities',
        sa.Column('identity_id', sa.Text(), nullable=False),
        sa.Column('agent_seq', NUMBER, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(['agent_seq'], ['agents.seq'], name=op.f('fk_agent_identities_agent_seq')),
        sa.PrimaryKeyConstraint('identity_id', 'agent_seq', name=op.f('pk_agent_identities')),
        sqlite_with_rowid=False,
    )
    op.create_index('ix_agent_identities_agent_seq', 'agent_identities', ['agent_seq'])
    op.execute(
        "INSERT INTO agent_identities SELECT DISTINCT each.value, agents.seq "
        "FROM agents, json_each(agents.extras, '$.identity_ids') AS each WHERE agents.deleted_at IS NULL"
    )


def _conversations() -> None:
    op.add_column('conversations', sa.Column('last_message_at', NUMBER, server_default='0', nullable=False))
    op.add_column('conversations', sa.Column('last_run_at', NUMBER, server_default='0', nullable=False))
    op.execute(
        "UPDATE conversations SET last_message_at = coalesce((SELECT messages.created_at "
        "FROM conversations AS shown JOIN conversation_messages AS place ON place.conversation_seq = shown.seq "
        "JOIN messages ON messages.seq = place.message_seq "
        "WHERE shown.id = conversations.active_id ORDER BY place.position DESC LIMIT 1), 0)"
    )
    op.execute(
        "UPDATE conversations SET last_run_at = coalesce((SELECT max(runs.completed_at) "
        "FROM conversations AS branch JOIN runs ON runs.conversation_id = branch.id "
        f"WHERE branch.root_id = conversations.id), 0) WHERE {THREAD}"
    )
    _index('ix_conversations_default', 'conversations', ['agent_id', 'is_default'], f"{THREAD} AND is_default IS 1")
    _index('ix_conversations_threads', 'conversations', ['seq'], LIVE_THREAD)
    _index('ix_conversations_threads_of_agent', 'conversations', ['agent_id', 'deleted_at', 'seq'], LIVE_THREAD)
    for name in ("last_message_at", "last_run_at"):
        _index(f'ix_conversations_{name}', 'conversations', [name, 'seq'], LIVE_THREAD)
        of_agent = ['agent_id', 'deleted_at', name, 'seq']
        _index(f'ix_conversations_{name}_of_agent', 'conversations', of_agent, LIVE_THREAD)
    deleted = f"deleted_at IS NOT NULL AND {THREAD}"
    _index('ix_conversations_deleted_at', 'conversations', ['deleted_at', 'seq'], deleted)


def _identities() -> None:
    """A deleted identity stays for 30 days, so that its id is a cursor; its key is free at once."""
    op.rename_table('identities', 'identities_before')
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
        sa.Column('deleted_at', NUMBER, nullable=True),
        sa.PrimaryKeyConstraint('seq', name=op.f('pk_identities')),
        sa.UniqueConstraint('id', name=op.f('uq_identities_id'))
    )
    op.execute("INSERT INTO identities SELECT *, NULL FROM identities_before")
    op.drop_table('identities_before')
    _index('uq_identities_identifier_key', 'identities', ['identifier_key'], "deleted_at IS NULL", unique=True)
    _index('ix_identities_listed', 'identities', ['seq'], "deleted_at IS NULL")
