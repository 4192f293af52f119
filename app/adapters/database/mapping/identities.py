"""Whom of another system agents belong to."""

from app.adapters.database.mapping.values import EDITED, Values, from_json, same, to_json
from app.adapters.database.prepared import Row
from app.domain.identity import Identity

_IDENTITY = ("id", "identifier_key", "name", "identity_type", *EDITED)


def identity_values(identity: Identity) -> Values:
    values = {name: getattr(identity, name) for name in _IDENTITY}
    return {**values, "properties": to_json(identity.properties), "block_ids": to_json(identity.block_ids)}


def identity_of(row: Row) -> Identity:
    properties, block_ids = tuple(from_json(row["properties"])), tuple(from_json(row["block_ids"]))
    return Identity(**same(row, *_IDENTITY), properties=properties, block_ids=block_ids)
