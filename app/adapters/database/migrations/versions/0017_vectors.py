"""What texts mean, as vectors."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table('vector_spaces',
        sa.Column('seq', NUMBER, nullable=False),
        sa.Column('id', sa.Text(), nullable=False),
        sa.Column('handle', sa.Text(), nullable=False),
        sa.Column('digest', sa.Text(), nullable=False),
        sa.Column('prefixes', sa.Text(), nullable=False),
        sa.Column('dimension', NUMBER, nullable=False),
        sa.Column('created_at', NUMBER, nullable=False),
        sa.PrimaryKeyConstraint('seq', name=op.f('pk_vector_spaces')),
        sa.UniqueConstraint('id', name=op.f('uq_vector_spaces_id'))
    )
    op.create_table('vectors',
        sa.Column('seq', NUMBER, nullable=False),
        sa.Column('space_seq', NUMBER, nullable=False),
        sa.Column('kind', NUMBER, nullable=False),
        sa.Column('owner_seq', NUMBER, nullable=False),
        sa.Column('scope_seq', NUMBER, nullable=False),
        sa.Column('packed', sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(['space_seq'], ['vector_spaces.seq'], name=op.f('fk_vectors_space_seq')),
        sa.PrimaryKeyConstraint('seq', name=op.f('pk_vectors')),
        sa.UniqueConstraint('space_seq', 'kind', 'owner_seq', name=op.f('uq_vectors_space_seq_kind_owner_seq')),
        sqlite_autoincrement=True
    )
    op.create_table('vectors_gone',
        sa.Column('seq', NUMBER, nullable=False),
        sa.Column('space_seq', NUMBER, nullable=False),
        sa.Column('kind', NUMBER, nullable=False),
        sa.Column('owner_seq', NUMBER, nullable=False),
        sa.PrimaryKeyConstraint('seq', name=op.f('pk_vectors_gone')),
        sqlite_autoincrement=True
    )
