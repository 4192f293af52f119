"""The first shape: agents, blocks, conversations, messages, runs, memory history, tools, providers, settings, blobs."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table('about',
        sa.Column('key', sa.Text(), nullable=False),
        sa.Column('value', sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint('key', name=op.f('pk_about'))
    )
    op.create_table('agents',
        sa.Column('seq', NUMBER, nullable=False),
        sa.Column('id', sa.Text(), nullable=False),
        sa.Column('name', sa.Text(), nullable=False),
        sa.Column('description', sa.Text(), nullable=False),
        sa.Column('tags', sa.Text(), nullable=False),
        sa.Column('agent_type', sa.Text(), nullable=False),
        sa.Column('system', sa.Text(), nullable=False),
        sa.Column('model', sa.Text(), nullable=False),
        sa.Column('context_window', NUMBER, nullable=False),
        sa.Column('settings', sa.Text(), nullable=False),
        sa.Column('max_steps', NUMBER, nullable=False),
        sa.Column('message_buffer_autoclear', sa.Boolean(), nullable=False),
        sa.Column('pinned', sa.Boolean(), nullable=False),
        sa.Column('hidden', sa.Boolean(), nullable=False),
        sa.Column('metadata', sa.Text(), nullable=False),
        sa.Column('version', NUMBER, nullable=False),
        sa.Column('created_at', NUMBER, nullable=False),
        sa.Column('updated_at', NUMBER, nullable=False),
        sa.Column('deleted_at', NUMBER, nullable=True),
        sa.Column('last_message_seq', NUMBER, nullable=True),
        sa.PrimaryKeyConstraint('seq', name=op.f('pk_agents')),
        sa.UniqueConstraint('id', name=op.f('uq_agents_id'))
    )
    op.create_table('blobs',
        sa.Column('sha256', sa.Text(), nullable=False),
        sa.Column('media_type', sa.Text(), nullable=False),
        sa.Column('size', NUMBER, nullable=False),
        sa.Column('width', NUMBER, nullable=False),
        sa.Column('height', NUMBER, nullable=False),
        sa.Column('content', sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint('sha256', name=op.f('pk_blobs'))
    )
    op.create_table('blocks',
        sa.Column('seq', NUMBER, nullable=False),
        sa.Column('id', sa.Text(), nullable=False),
        sa.Column('label', sa.Text(), nullable=False),
        sa.Column('value', sa.Text(), nullable=False),
        sa.Column('limit', NUMBER, nullable=False),
        sa.Column('description', sa.Text(), nullable=False),
        sa.Column('read_only', sa.Boolean(), nullable=False),
        sa.Column('tags', sa.Text(), nullable=False),
        sa.Column('hidden', sa.Boolean(), nullable=False),
        sa.Column('metadata', sa.Text(), nullable=False),
        sa.Column('version', NUMBER, nullable=False),
        sa.Column('created_at', NUMBER, nullable=False),
        sa.Column('updated_at', NUMBER, nullable=False),
        sa.Column('deleted_at', NUMBER, nullable=True),
        sa.PrimaryKeyConstraint('seq', name=op.f('pk_blocks')),
        sa.UniqueConstraint('id', name=op.f('uq_blocks_id'))
    )
    op.create_table('memory_events',
        sa.Column('seq', NUMBER, nullable=False),
        sa.Column('id', sa.Text(), nullable=False),
        sa.Column('at', NUMBER, nullable=False),
        sa.Column('agent_id', sa.Text(), nullable=True),
        sa.Column('target_kind', sa.Text(), nullable=False),
        sa.Column('target_id', sa.Text(), nullable=False),
        sa.Column('label', sa.Text(), nullable=False),
        sa.Column('op', sa.Text(), nullable=False),
        sa.Column('before', sa.Text(), nullable=True),
        sa.Column('after', sa.Text(), nullable=True),
        sa.Column('version', NUMBER, nullable=False),
        sa.Column('actor', sa.Text(), nullable=False),
        sa.Column('run_id', sa.Text(), nullable=True),
        sa.Column('step_id', sa.Text(), nullable=True),
        sa.Column('tool_call_id', sa.Text(), nullable=True),
        sa.Column('tool_name', sa.Text(), nullable=True),
        sa.Column('message_id', sa.Text(), nullable=True),
        sa.Column('client', sa.Text(), nullable=False),
        sa.Column('undoes', NUMBER, nullable=True),
        sa.PrimaryKeyConstraint('seq', name=op.f('pk_memory_events')),
        sa.UniqueConstraint('id', name=op.f('uq_memory_events_id')),
        sqlite_autoincrement=True
    )
    op.create_index('ix_memory_events_run_id', 'memory_events', ['run_id'], unique=False, sqlite_where=sa.text('run_id IS NOT NULL'), postgresql_where=sa.text('run_id IS NOT NULL'))
    op.create_index(op.f('ix_memory_events_target_id'), 'memory_events', ['target_id'], unique=False)
    op.create_index('ix_memory_events_undoes', 'memory_events', ['undoes'], unique=False, sqlite_where=sa.text('undoes IS NOT NULL'), postgresql_where=sa.text('undoes IS NOT NULL'))
    op.create_table('providers',
        sa.Column('seq', NUMBER, nullable=False),
        sa.Column('id', sa.Text(), nullable=False),
        sa.Column('name', sa.Text(), nullable=False),
        sa.Column('kind', sa.Text(), nullable=False),
        sa.Column('base_url', sa.Text(), nullable=False),
        sa.Column('has_key', sa.Boolean(), nullable=False),
        sa.Column('enabled', sa.Boolean(), nullable=False),
        sa.Column('version', NUMBER, nullable=False),
        sa.Column('created_at', NUMBER, nullable=False),
        sa.Column('updated_at', NUMBER, nullable=False),
        sa.PrimaryKeyConstraint('seq', name=op.f('pk_providers')),
        sa.UniqueConstraint('id', name=op.f('uq_providers_id')),
        sa.UniqueConstraint('name', name=op.f('uq_providers_name'))
    )
    op.create_table('request_parts',
        sa.Column('hash', sa.LargeBinary(), nullable=False),
        sa.Column('content', sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint('hash', name=op.f('pk_request_parts'))
    )
    op.create_table('settings',
        sa.Column('key', sa.Text(), nullable=False),
        sa.Column('value', sa.Text(), nullable=False),
        sa.Column('version', NUMBER, nullable=False),
        sa.PrimaryKeyConstraint('key', name=op.f('pk_settings'))
    )
    op.create_table('tools',
        sa.Column('seq', NUMBER, nullable=False),
        sa.Column('id', sa.Text(), nullable=False),
        sa.Column('name', sa.Text(), nullable=False),
        sa.Column('tool_type', sa.Text(), nullable=False),
        sa.Column('description', sa.Text(), nullable=False),
        sa.Column('parameters', sa.Text(), nullable=False),
        sa.Column('tags', sa.Text(), nullable=False),
        sa.Column('source_code', sa.Text(), nullable=True),
        sa.Column('return_char_limit', NUMBER, nullable=False),
        sa.Column('idempotent', sa.Boolean(), nullable=False),
        sa.Column('version', NUMBER, nullable=False),
        sa.Column('created_at', NUMBER, nullable=False),
        sa.Column('updated_at', NUMBER, nullable=False),
        sa.PrimaryKeyConstraint('seq', name=op.f('pk_tools')),
        sa.UniqueConstraint('id', name=op.f('uq_tools_id')),
        sa.UniqueConstraint('name', name=op.f('uq_tools_name'))
    )
    op.create_table('agent_blocks',
        sa.Column('agent_id', sa.Text(), nullable=False),
        sa.Column('block_id', sa.Text(), nullable=False),
        sa.Column('position', NUMBER, nullable=False),
        sa.ForeignKeyConstraint(['agent_id'], ['agents.id'], name=op.f('fk_agent_blocks_agent_id')),
        sa.ForeignKeyConstraint(['block_id'], ['blocks.id'], name=op.f('fk_agent_blocks_block_id')),
        sa.PrimaryKeyConstraint('agent_id', 'block_id', name=op.f('pk_agent_blocks'))
    )
    op.create_index(op.f('ix_agent_blocks_block_id'), 'agent_blocks', ['block_id'], unique=False)
    op.create_table('agent_tools',
        sa.Column('agent_id', sa.Text(), nullable=False),
        sa.Column('tool_id', sa.Text(), nullable=False),
        sa.Column('position', NUMBER, nullable=False),
        sa.ForeignKeyConstraint(['agent_id'], ['agents.id'], name=op.f('fk_agent_tools_agent_id')),
        sa.ForeignKeyConstraint(['tool_id'], ['tools.id'], name=op.f('fk_agent_tools_tool_id')),
        sa.PrimaryKeyConstraint('agent_id', 'tool_id', name=op.f('pk_agent_tools'))
    )
    op.create_index(op.f('ix_agent_tools_tool_id'), 'agent_tools', ['tool_id'], unique=False)
    op.create_table('conversations',
        sa.Column('seq', NUMBER, nullable=False),
        sa.Column('id', sa.Text(), nullable=False),
        sa.Column('agent_id', sa.Text(), nullable=False),
        sa.Column('title', sa.Text(), nullable=False),
        sa.Column('is_default', sa.Boolean(), nullable=False),
        sa.Column('root_id', sa.Text(), nullable=False),
        sa.Column('branched_from', sa.Text(), nullable=True),
        sa.Column('branch_position', NUMBER, nullable=True),
        sa.Column('active_id', sa.Text(), nullable=False),
        sa.Column('pending_request_id', sa.Text(), nullable=True),
        sa.Column('version', NUMBER, nullable=False),
        sa.Column('created_at', NUMBER, nullable=False),
        sa.Column('updated_at', NUMBER, nullable=False),
        sa.Column('deleted_at', NUMBER, nullable=True),
        sa.ForeignKeyConstraint(['agent_id'], ['agents.id'], name=op.f('fk_conversations_agent_id')),
        sa.PrimaryKeyConstraint('seq', name=op.f('pk_conversations')),
        sa.UniqueConstraint('id', name=op.f('uq_conversations_id'))
    )
    op.create_index(op.f('ix_conversations_agent_id'), 'conversations', ['agent_id'], unique=False)
    op.create_index(op.f('ix_conversations_root_id'), 'conversations', ['root_id'], unique=False)
    op.create_table('memory_event_agents',
        sa.Column('agent_id', sa.Text(), nullable=False),
        sa.Column('event_seq', NUMBER, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(['event_seq'], ['memory_events.seq'], name=op.f('fk_memory_event_agents_event_seq')),
        sa.PrimaryKeyConstraint('agent_id', 'event_seq', name=op.f('pk_memory_event_agents')),
        sqlite_with_rowid=False
    )
    op.create_table('messages',
        sa.Column('seq', NUMBER, nullable=False),
        sa.Column('id', sa.Text(), nullable=False),
        sa.Column('agent_id', sa.Text(), nullable=False),
        sa.Column('role', sa.Text(), nullable=False),
        sa.Column('parts', sa.Text(), nullable=False),
        sa.Column('run_id', sa.Text(), nullable=True),
        sa.Column('step_id', sa.Text(), nullable=True),
        sa.Column('otid', sa.Text(), nullable=True),
        sa.Column('name', sa.Text(), nullable=True),
        sa.Column('sender_id', sa.Text(), nullable=True),
        sa.Column('note', sa.Text(), nullable=False),
        sa.Column('created_at', NUMBER, nullable=False),
        sa.ForeignKeyConstraint(['agent_id'], ['agents.id'], name=op.f('fk_messages_agent_id')),
        sa.PrimaryKeyConstraint('seq', name=op.f('pk_messages')),
        sa.UniqueConstraint('id', name=op.f('uq_messages_id'))
    )
    op.create_index('ix_messages_otid', 'messages', ['otid', 'agent_id'], unique=False, sqlite_where=sa.text('otid IS NOT NULL'), postgresql_where=sa.text('otid IS NOT NULL'))
    op.create_index('ix_messages_run_id', 'messages', ['run_id'], unique=False, sqlite_where=sa.text('run_id IS NOT NULL'), postgresql_where=sa.text('run_id IS NOT NULL'))
    op.create_table('conversation_messages',
        sa.Column('conversation_seq', NUMBER, autoincrement=False, nullable=False),
        sa.Column('position', NUMBER, autoincrement=False, nullable=False),
        sa.Column('message_seq', NUMBER, nullable=False),
        sa.Column('entered_seq', NUMBER, nullable=False),
        sa.Column('left_seq', NUMBER, nullable=True),
        sa.ForeignKeyConstraint(['conversation_seq'], ['conversations.seq'], name=op.f('fk_conversation_messages_conversation_seq')),
        sa.ForeignKeyConstraint(['message_seq'], ['messages.seq'], name=op.f('fk_conversation_messages_message_seq')),
        sa.PrimaryKeyConstraint('conversation_seq', 'position', name=op.f('pk_conversation_messages')),
        sqlite_with_rowid=False
    )
    op.create_index('ix_conversation_messages_in_context', 'conversation_messages', ['conversation_seq', 'left_seq', 'position', 'message_seq'], unique=False, sqlite_where=sa.text('left_seq IS NULL'), postgresql_where=sa.text('left_seq IS NULL'))
    op.create_index(op.f('ix_conversation_messages_message_seq'), 'conversation_messages', ['message_seq'], unique=False)
    op.create_table('runs',
        sa.Column('seq', NUMBER, nullable=False),
        sa.Column('id', sa.Text(), nullable=False),
        sa.Column('agent_id', sa.Text(), nullable=False),
        sa.Column('conversation_id', sa.Text(), nullable=False),
        sa.Column('status', sa.Text(), nullable=False),
        sa.Column('stop_reason', sa.Text(), nullable=True),
        sa.Column('failure', sa.Text(), nullable=True),
        sa.Column('background', sa.Boolean(), nullable=False),
        sa.Column('started_by', sa.Text(), nullable=False),
        sa.Column('message_id', sa.Text(), nullable=True),
        sa.Column('prompt_tokens', NUMBER, nullable=False),
        sa.Column('completion_tokens', NUMBER, nullable=False),
        sa.Column('cached_tokens', NUMBER, nullable=True),
        sa.Column('reasoning_tokens', NUMBER, nullable=True),
        sa.Column('usage_steps', NUMBER, nullable=False),
        sa.Column('resumed', NUMBER, nullable=False),
        sa.Column('state', sa.Text(), nullable=False),
        sa.Column('created_at', NUMBER, nullable=False),
        sa.Column('completed_at', NUMBER, nullable=True),
        sa.ForeignKeyConstraint(['agent_id'], ['agents.id'], name=op.f('fk_runs_agent_id')),
        sa.ForeignKeyConstraint(['conversation_id'], ['conversations.id'], name=op.f('fk_runs_conversation_id')),
        sa.PrimaryKeyConstraint('seq', name=op.f('pk_runs')),
        sa.UniqueConstraint('id', name=op.f('uq_runs_id'))
    )
    op.create_index(op.f('ix_runs_agent_id'), 'runs', ['agent_id'], unique=False)
    op.create_index(op.f('ix_runs_conversation_id'), 'runs', ['conversation_id'], unique=False)
    op.create_index('uq_runs_active_conversation', 'runs', ['conversation_id'], unique=True, sqlite_where=sa.text("status IN ('created', 'running')"), postgresql_where=sa.text("status IN ('created', 'running')"))
    op.create_table('run_events',
        sa.Column('run_seq', NUMBER, autoincrement=False, nullable=False),
        sa.Column('seq_id', NUMBER, autoincrement=False, nullable=False),
        sa.Column('step_id', sa.Text(), nullable=True),
        sa.Column('step_no', NUMBER, nullable=False),
        sa.Column('attempt', NUMBER, nullable=False),
        sa.Column('whole', sa.Boolean(), nullable=False),
        sa.Column('payload', sa.Text(), nullable=False),
        sa.Column('bytes', NUMBER, nullable=False),
        sa.Column('message_id', sa.Text(), nullable=True),
        sa.Column('position', NUMBER, nullable=True),
        sa.Column('changes', sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(['message_id'], ['messages.id'], name=op.f('fk_run_events_message_id'), initially='DEFERRED', deferrable=True),
        sa.ForeignKeyConstraint(['run_seq'], ['runs.seq'], name=op.f('fk_run_events_run_seq')),
        sa.PrimaryKeyConstraint('run_seq', 'seq_id', name=op.f('pk_run_events')),
        sqlite_with_rowid=False
    )
    op.create_index('ix_run_events_delta', 'run_events', ['run_seq'], unique=False, sqlite_where=sa.text('whole IS 0'), postgresql_where=sa.text('whole IS 0'))
    op.create_table('steps',
        sa.Column('seq', NUMBER, nullable=False),
        sa.Column('id', sa.Text(), nullable=False),
        sa.Column('run_id', sa.Text(), nullable=False),
        sa.Column('agent_id', sa.Text(), nullable=False),
        sa.Column('step_no', NUMBER, nullable=False),
        sa.Column('attempt', NUMBER, nullable=False),
        sa.Column('model', sa.Text(), nullable=False),
        sa.Column('status', sa.Text(), nullable=False),
        sa.Column('prompt_tokens', NUMBER, nullable=False),
        sa.Column('completion_tokens', NUMBER, nullable=False),
        sa.Column('cached_tokens', NUMBER, nullable=True),
        sa.Column('reasoning_tokens', NUMBER, nullable=True),
        sa.Column('usage_steps', NUMBER, nullable=False),
        sa.Column('estimated_tokens', NUMBER, nullable=False),
        sa.Column('memory_seq', NUMBER, nullable=False),
        sa.Column('window_first', NUMBER, nullable=True),
        sa.Column('window_last', NUMBER, nullable=True),
        sa.Column('agent_version', NUMBER, nullable=False),
        sa.Column('finish_reason', sa.Text(), nullable=False),
        sa.Column('created_at', NUMBER, nullable=False),
        sa.Column('first_token_at', NUMBER, nullable=True),
        sa.Column('completed_at', NUMBER, nullable=True),
        sa.Column('reply_truncated', sa.Boolean(), nullable=False),
        sa.Column('request', sa.LargeBinary(), nullable=False),
        sa.Column('reply', sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(['run_id'], ['runs.id'], name=op.f('fk_steps_run_id')),
        sa.PrimaryKeyConstraint('seq', name=op.f('pk_steps')),
        sa.UniqueConstraint('id', name=op.f('uq_steps_id'))
    )
    op.create_index('ix_steps_counted', 'steps', ['agent_id', 'seq'], unique=False, sqlite_where=sa.text("status = 'completed' AND prompt_tokens > 0"), postgresql_where=sa.text("status = 'completed' AND prompt_tokens > 0"))
    op.create_index(op.f('ix_steps_run_id'), 'steps', ['run_id'], unique=False)

    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE message_search USING fts5(words, scope, content='', "
            """tokenize="unicode61 remove_diacritics 0 categories 'L* N* Co M*'")"""
        )
    about = sa.table("about", sa.column("key", sa.Text()), sa.column("value", sa.Text()))
    op.bulk_insert(about, [{"key": "format", "value": "1"}, {"key": "written_by", "value": ""}])
