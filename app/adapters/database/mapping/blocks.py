"""Blocks of core memory."""

from app.adapters.database.mapping.values import EDITED, Values, from_json, same, to_json
from app.adapters.database.prepared import Row
from app.domain.block import Block

_BLOCK = ("id", "label", "value", "limit", "description", "read_only", "hidden", *EDITED)


def block_values(block: Block) -> Values:
    values = {name: getattr(block, name) for name in _BLOCK}
    return {**values, "tags": to_json(block.tags), "metadata": to_json(block.metadata)}


def block_of(row: Row) -> Block:
    return Block(**same(row, *_BLOCK), tags=tuple(from_json(row["tags"])), metadata=from_json(row["metadata"]))
