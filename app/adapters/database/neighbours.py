"""What was said before and after a message."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database import mapping
from app.adapters.database.prepared import Prepared, Row
from app.adapters.database.tables import conversation_messages, messages
from app.domain.base import Micros

REACH = 4
"""Positions that are looked at on either side: calls of tools and their returns lie between two texts."""
SESSION: Micros = 3600 * 1_000_000
"""What was said longer before or after is no neighbour."""
SPOKEN = ("user", "assistant")
"""The roles whose texts are embedded and count as neighbours."""
_place = conversation_messages.c
_places = Prepared(
    sa.select(_place.message_seq, _place.conversation_seq, _place.position)
    .where(_place.message_seq.in_(sa.bindparam("seqs", expanding=True)))
    .order_by(_place.conversation_seq)
)
_there = Prepared(
    sa.select(_place.position, messages)
    .join_from(conversation_messages, messages, messages.c.seq == _place.message_seq)
    .where(
        _place.conversation_seq == sa.bindparam("conversation"),
        _place.position.in_(sa.bindparam("positions", expanding=True)),
        messages.c.role.in_(SPOKEN),
    )
)


class Said(NamedTuple):
    """A text of a neighbour."""

    seq: int
    text: str


class Neighbours(NamedTuple):
    before: Said | None = None
    after: Said | None = None


def neighbours_of(db: Connection, seqs: Sequence[int]) -> dict[int, Neighbours]:
    """The spoken neighbours of messages, in the oldest conversation that shows each of them."""
    where: dict[int, dict[int, int]] = defaultdict(dict)
    seen: set[int] = set()
    for row in _places.all(db, {"seqs": list(seqs)}):
        if row["message_seq"] not in seen:
            seen.add(row["message_seq"])
            where[row["conversation_seq"]][row["position"]] = row["message_seq"]
    found: dict[int, Neighbours] = {}
    for conversation, places in where.items():
        spoken = _spoken(db, conversation, places)
        for position, seq in places.items():
            here = spoken.get(position)
            if here is not None:
                before = _first(spoken, here, range(position - 1, position - REACH - 1, -1))
                after = _first(spoken, here, range(position + 1, position + REACH + 1))
                found[seq] = Neighbours(before, after)
    return found


def _spoken(db: Connection, conversation: int, places: Iterable[int]) -> dict[int, Row]:
    near = sorted({each for position in places for each in range(position - REACH, position + REACH + 1)})
    return {row["position"]: row for row in _there.all(db, {"conversation": conversation, "positions": near})}


def _first(spoken: dict[int, Row], here: Row, positions: range) -> Said | None:
    for position in positions:
        one = spoken.get(position)
        text = mapping.message_of(one).text.strip() if one is not None else ""  # read for what is near enough only
        if one is not None and text:
            return Said(one["seq"], text) if abs(one["created_at"] - here["created_at"]) <= SESSION else None
    return None
