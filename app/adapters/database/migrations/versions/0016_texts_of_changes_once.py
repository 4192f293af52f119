"""A large text that a change replaced is stored with the change that brought it, and named by the later one."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column('memory_events', sa.Column('value_from', NUMBER, nullable=True))
