"""The links by which lists find agents and blocks. They are of what is not deleted."""

import sqlalchemy as sa

from app.adapters.database.tables.columns import Number, metadata

tagged = sa.Table(
    "tagged",
    metadata,
    sa.Column("tag", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("seq", Number, primary_key=True, autoincrement=False),
    sa.Index("ix_tagged_kind_seq", "kind", "seq"),
    sqlite_with_rowid=False,
)
"""The tags of agents and blocks (`kind`): an index of what their rows say."""

agent_identities = sa.Table(
    "agent_identities",
    metadata,
    sa.Column("identity_id", sa.Text, primary_key=True),
    sa.Column("agent_seq", Number, sa.ForeignKey("agents.seq"), primary_key=True, autoincrement=False),
    sa.Index("ix_agent_identities_agent_seq", "agent_seq"),
    sqlite_with_rowid=False,
)
"""The identities of agents: an index of what their extras say."""
