"""What a step sent and received, byte for byte.

A request is an ordered list of parts, and the next request repeats most of them: each part is stored once under its
sha256, compressed. So is each whole leaf of such a list, since what is new comes at its end: a step's row takes so
much for each leaf and not for each message of the window. A reply is stored whole up to a size that no sensible reply
reaches.
"""

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database.prepared import Prepared, Row
from app.adapters.database.rows import add
from app.adapters.database.tables import counted, request_parts, steps
from app.domain.run import RAW_REPLY_MAX, StepTrace

LEAF = 48
"""Hashes of a leaf. A window of n messages takes n / 48 hashes and 24 more: with 2,400 the fewest."""
PORTION = 5_000
"""Hashes of one statement, which takes only so many values."""
_HASH = 32
_LEAVES = 4
"""Bytes that say how many leaves a list begins with; one without any, as earlier versions wrote them all, has none."""
_known = Prepared(sa.select(request_parts.c.hash).where(request_parts.c.hash == sa.bindparam("hash")))
_contents = Prepared(
    sa.select(request_parts.c.hash, request_parts.c.content).where(
        request_parts.c.hash.in_(sa.bindparam("hashes", expanding=True))
    )
)
_last_request = Prepared(
    sa.select(steps.c.request)
    .where(counted, steps.c.agent_id == sa.bindparam("agent"))
    .order_by(steps.c.seq.desc())
    .limit(1)
)


def last_request(db: Connection, agent_id: str) -> frozenset[bytes]:
    """The hashes of what an agent's last request is stored as."""
    return frozenset(hashes_of(db, [_last_request.scalar(db, {"agent": agent_id}) or b""]))


def values(
    db: Connection, before: frozenset[bytes], parts: tuple[bytes, ...], reply: bytes
) -> tuple[dict[str, Any], frozenset[bytes]]:
    """Columns of a step, and the hashes of what its request is stored as; stores what is new, which is little: most was
    in the request before, `before`.
    """
    hashes = [hashlib.sha256(part).digest() for part in parts]
    by_hash = dict(zip(hashes, parts, strict=True))
    whole = len(hashes) // LEAF
    leaves: list[bytes] = []
    for place in range(whole):
        leaf = b"".join(hashes[place * LEAF : (place + 1) * LEAF])
        leaves.append(hashlib.sha256(leaf).digest())
        by_hash[leaves[-1]] = leaf
    new = [
        {"hash": key, "content": zlib.compress(part)}
        for key, part in by_hash.items()
        if key not in before and not _is_known(db, key)
    ]
    if new:
        add(db, request_parts, *new)
    head = whole.to_bytes(_LEAVES, "big") if whole else b""
    columns = {
        "request": b"".join((head, *leaves, *hashes[whole * LEAF :])),
        "reply": zlib.compress(reply[:RAW_REPLY_MAX]),
        "reply_truncated": len(reply) > RAW_REPLY_MAX,
    }
    return columns, frozenset(by_hash)


def _is_known(db: Connection, key: bytes) -> bool:
    return _known.scalar(db, {"hash": key}) is not None


def trace_of(db: Connection, row: Row) -> StepTrace:
    request = b"".join(request_of(db, row["request"]))
    reply = zlib.decompress(row["reply"])
    truncated = row["reply_truncated"]
    # A cut may go through a character of several bytes; its first bytes are no text.
    text = reply.decode("utf-8", errors="ignore" if truncated else "replace")
    return StepTrace(
        step_id=row["id"], request=request.decode("utf-8", errors="replace"), reply=text, reply_truncated=truncated
    )


def request_of(db: Connection, stored: bytes) -> tuple[bytes, ...]:
    """The parts of a request, exactly as they were sent."""
    leaves, rest = _read(stored)
    known = _stored(db, leaves)
    hashes = [*(key for leaf in leaves for key in _cut(known[leaf])), *rest]
    parts = _stored(db, hashes)
    return tuple(parts[key] for key in hashes)


def hashes_of(db: Connection, requests: Iterable[bytes]) -> Iterator[bytes]:
    """The hashes of all that requests are stored as; one may come several times."""
    seen: set[bytes] = set()
    for stored in requests:
        leaves, rest = _read(stored)
        new = [leaf for leaf in leaves if leaf not in seen]
        seen.update(new)
        yield from new
        for leaf in _stored(db, new).values():
            yield from _cut(leaf)
        yield from rest


def _read(stored: bytes) -> tuple[list[bytes], list[bytes]]:
    """The hashes of the leaves that a list begins with, and those of the parts after them."""
    if len(stored) % _HASH == 0:
        return [], _cut(stored)
    hashes, whole = _cut(stored[_LEAVES:]), int.from_bytes(stored[:_LEAVES], "big")
    return hashes[:whole], hashes[whole:]


def _stored(db: Connection, hashes: Iterable[bytes]) -> dict[bytes, bytes]:
    wanted, found = list(dict.fromkeys(hashes)), dict[bytes, bytes]()
    for start in range(0, len(wanted), PORTION):
        rows = _contents.all(db, {"hashes": wanted[start : start + PORTION]})
        found |= {row["hash"]: zlib.decompress(row["content"]) for row in rows}
    return found


def _cut(joined: bytes) -> list[bytes]:
    return [joined[at : at + _HASH] for at in range(0, len(joined), _HASH)]
