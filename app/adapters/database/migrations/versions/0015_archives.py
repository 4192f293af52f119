"""Archival memory: archives, the agents that have them, and passages with their tags and an index of their words."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
LIVE = "deleted_at IS NULL"


def upgrade() -> None:
    _archives()
    _passages()
    op.execute(
        "CREATE VIRTUAL TABLE passage_search USING fts5(words, scope, content='', "
        """tokenize="unicode61 remove_diacritics 0 categories 'L* N* Co M*'")"""
    )


def _index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _archives() -> None:
    op.create_table('archives',
        sa.Column('seq', NUMBER, nullable=False),
        sa.Column('id', sa.Text(), nullable=False),
        sa.Column('name', sa.Text(), nullable=False),
        sa.Column('description', sa.Text(), nullable=False),
        sa.Column('embedding', sa.Text(), nullable=True),
        sa.Column('metadata', sa.Text(), nullable=False),
        sa.Column('made_for', sa.Text(), nullable=True),
        sa.Column('passages', NUMBER, nullable=False),
        sa.Column('version', NUMBER, nullable=False),
        sa.Column('created_at', NUMBER, nullable=False),
        sa.Column('updated_at', NUMBER, nullable=False),
        sa.Column('deleted_at', NUMBER, nullable=True),
        sa.PrimaryKeyConstraint('seq', name=op.f('pk_archives')),
        sa.UniqueConstraint('id', name=op.f('uq_archives_id'))
    )
    _index('ix_archives_live', 'archives', ['seq'], LIVE)
    _index('ix_archives_name', 'archives', ['name', 'seq'], LIVE)
    op.create_table('agent_archives',
        sa.Column('agent_id', sa.Text(), nullable=False),
        sa.Column('archive_id', sa.Text(), nullable=False),
        sa.Column('position', NUMBER, nullable=False),
        sa.ForeignKeyConstraint(['agent_id'], ['agents.id'], name=op.f('fk_agent_archives_agent_id')),
        sa.ForeignKeyConstraint(['archive_id'], ['archives.id'], name=op.f('fk_agent_archives_archive_id')),
        sa.PrimaryKeyConstraint('agent_id', 'archive_id', name=op.f('pk_agent_archives'))
    )
    op.create_index(op.f('ix_agent_archives_archive_id'), 'agent_archives', ['archive_id'])


def _passages() -> None:
    op.create_table('passages',
        sa.Column('seq', NUMBER, nullable=False),
        sa.Column('id', sa.Text(), nullable=False),
        sa.Column('archive_seq', NUMBER, nullable=False),
        sa.Column('text', sa.Text(), nullable=False),
        sa.Column('text_hash', sa.Text(), nullable=False),
        sa.Column('tags', sa.Text(), nullable=False),
        sa.Column('valid_from', NUMBER, nullable=True),
        sa.Column('superseded_at', NUMBER, nullable=True),
        sa.Column('superseded_by', sa.Text(), nullable=True),
        sa.Column('actor', sa.Text(), nullable=False),
        sa.Column('actor_name', sa.Text(), nullable=False),
        sa.Column('message_id', sa.Text(), nullable=True),
        sa.Column('run_id', sa.Text(), nullable=True),
        sa.Column('source', sa.Text(), nullable=False),
        sa.Column('nearly', sa.Text(), nullable=True),
        sa.Column('alikeness', sa.Float(), nullable=False),
        sa.Column('metadata', sa.Text(), nullable=False),
        sa.Column('found_count', NUMBER, nullable=False),
        sa.Column('last_found_at', NUMBER, nullable=True),
        sa.Column('version', NUMBER, nullable=False),
        sa.Column('created_at', NUMBER, nullable=False),
        sa.Column('updated_at', NUMBER, nullable=False),
        sa.Column('deleted_at', NUMBER, nullable=True),
        sa.ForeignKeyConstraint(['archive_seq'], ['archives.seq'], name=op.f('fk_passages_archive_seq')),
        sa.PrimaryKeyConstraint('seq', name=op.f('pk_passages')),
        sa.UniqueConstraint('id', name=op.f('uq_passages_id')),
        sqlite_autoincrement=True
    )
    order = ['archive_seq', 'created_at', 'seq']
    _index('ix_passages_live', 'passages', order, LIVE)
    _index('ix_passages_text_hash', 'passages', ['archive_seq', 'text_hash'], LIVE)
    _index('ix_passages_writer', 'passages', ['archive_seq', 'actor', 'actor_name', 'created_at', 'seq'], LIVE)
    _index('ix_passages_superseded', 'passages', order, f"{LIVE} AND superseded_at IS NOT NULL")
    _index('ix_passages_superseded_by', 'passages', ['superseded_by'], f"{LIVE} AND superseded_by IS NOT NULL")
    _index('ix_passages_nearly', 'passages', order, f"{LIVE} AND nearly IS NOT NULL")
    _index('ix_passages_deleted_at', 'passages', ['deleted_at'], "deleted_at IS NOT NULL")
    op.create_table('passage_tags',
        sa.Column('archive_seq', NUMBER, autoincrement=False, nullable=False),
        sa.Column('tag', sa.Text(), nullable=False),
        sa.Column('created_at', NUMBER, autoincrement=False, nullable=False),
        sa.Column('passage_seq', NUMBER, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(['passage_seq'], ['passages.seq'], name=op.f('fk_passage_tags_passage_seq')),
        sa.PrimaryKeyConstraint('archive_seq', 'tag', 'created_at', 'passage_seq', name=op.f('pk_passage_tags')),
        sqlite_with_rowid=False
    )
    op.create_index('ix_passage_tags_passage_seq', 'passage_tags', ['passage_seq'])
