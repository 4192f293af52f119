"""Blocks, and which agents hold them."""

import sqlalchemy as sa

from app.adapters.database.tables.columns import (
    edited,
    flag,
    id_column,
    maybe_number,
    metadata,
    number,
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

agent_blocks = sa.Table(
    "agent_blocks",
    metadata,
    sa.Column("agent_id", sa.Text, sa.ForeignKey("agents.id"), primary_key=True),
    sa.Column("block_id", sa.Text, sa.ForeignKey("blocks.id"), primary_key=True, index=True),
    number("position"),
)
"""Links to a deleted block stay, so that bringing the block back brings it back to its agents."""
