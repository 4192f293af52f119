"""Blocks, and which agents hold them."""

import sqlalchemy as sa

from app.adapters.database.tables.columns import (
    Number,
    edited,
    flag,
    id_column,
    maybe_number,
    metadata,
    number,
    partial,
    seq_column,
    text,
)

blocks = sa.Table(
    "blocks",
    metadata,
    seq_column(),
    id_column(),
    text("label"),
    text("value"),
    number("limit"),
    text("description"),
    flag("read_only"),
    text("tags"),
    flag("hidden"),
    text("metadata"),
    *edited(),
    maybe_number("deleted_at"),
)

_live = blocks.c.deleted_at.is_(None)
partial("ix_blocks_live", _live, blocks.c.seq)
partial("ix_blocks_label", _live, blocks.c.label, blocks.c.seq)

agent_blocks = sa.Table(
    "agent_blocks",
    metadata,
    sa.Column("agent_id", sa.Text, sa.ForeignKey("agents.id"), primary_key=True),
    sa.Column("block_id", sa.Text, sa.ForeignKey("blocks.id"), primary_key=True),
    number("position"),
    sa.Column("agent_seq", Number, sa.ForeignKey("agents.seq"), nullable=False),
    sa.Index("ix_agent_blocks_block_id_agent_seq", "block_id", "agent_seq"),
)
"""Links to a deleted block stay, so that bringing the block back brings it back to its agents."""
