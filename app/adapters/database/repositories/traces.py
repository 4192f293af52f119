"""What a step sent and received, byte for byte.

A request is an ordered list of parts, and the next request repeats most of them: each part is stored once under its
sha256, compressed. So is each whole leaf of such a list, since what is new comes at its end: a step's row takes so
much for each leaf and not for each message of the window. A large part, such as a system prompt with all that an agent
knows, is a leaf of its own, made of pieces: an edit of memory changes few of them, and the return that shows it has
the same ones. A reply is stored whole up to a size that no sensible reply reaches.
"""

import hashlib
import re
import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
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
LARGE = 8 * 1024
"""Bytes from which a part is stored in pieces: below, their rows would take what they save."""
_SENTENCE = re.compile(rb"(?s).{0,400}?(?:\\n|[.!?] )|.{1,400}")
"""A piece ends where a sentence or a line (of JSON) does, so that what stands elsewhere does not move its borders."""
_ENDS_ONE_IN = 32
_LARGEST_PIECE = 16 * 1024
_ONE_PART = b"\x01"
"""What a leaf begins with that is one part."""
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
    by_hash: dict[bytes, bytes] = {}
    leaves: list[bytes] = []
    rest: list[bytes] = []
    for part in parts:
        pieces = _pieces(part) if len(part) >= LARGE else ()
        if pieces:
            if rest:
                leaves.append(_kept(by_hash, b"".join(rest)))
                rest = []
            leaves.append(_kept(by_hash, b"".join((_ONE_PART, *(_kept(by_hash, piece) for piece in pieces)))))
            continue
        rest.append(_kept(by_hash, part))
        if len(rest) == LEAF:
            leaves.append(_kept(by_hash, b"".join(rest)))
            rest = []
    new = [
        {"hash": key, "content": zlib.compress(part)}
        for key, part in by_hash.items()
        if key not in before and not _is_known(db, key)
    ]
    if new:
        add(db, request_parts, *new)
    head = len(leaves).to_bytes(_LEAVES, "big") if leaves else b""
    columns = {
        "request": b"".join((head, *leaves, *rest)),
        "reply": zlib.compress(reply[:RAW_REPLY_MAX]),
        "reply_truncated": len(reply) > RAW_REPLY_MAX,
    }
    return columns, frozenset(by_hash)


def _kept(by_hash: dict[bytes, bytes], content: bytes) -> bytes:
    key = hashlib.sha256(content).digest()
    by_hash[key] = content
    return key


@lru_cache(maxsize=4)
def _pieces(part: bytes) -> tuple[bytes, ...]:
    """Nearly the same for nearly the same part. Kept, since a system prompt stays for many steps."""
    pieces: list[bytes] = []
    begin = 0
    for found in _SENTENCE.finditer(part):
        end = found.end()
        if zlib.crc32(found[0]) % _ENDS_ONE_IN == 0 or end - begin >= _LARGEST_PIECE:
            pieces.append(part[begin:end])
            begin = end
    return (*pieces, part[begin:]) if begin < len(part) else tuple(pieces)


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
    parts = _stored(db, [*(key for leaf in known.values() for key in _cut(_listed(leaf))), *rest])
    sent: list[bytes] = []
    for leaf in (known[key] for key in leaves):
        in_leaf = [parts[key] for key in _cut(_listed(leaf))]
        sent += [b"".join(in_leaf)] if len(leaf) % _HASH else in_leaf
    return (*sent, *(parts[key] for key in rest))


def hashes_of(db: Connection, requests: Iterable[bytes]) -> Iterator[bytes]:
    """The hashes of all that requests are stored as; one may come several times."""
    seen: set[bytes] = set()
    for stored in requests:
        leaves, rest = _read(stored)
        new = [leaf for leaf in leaves if leaf not in seen]
        seen.update(new)
        yield from new
        for leaf in _stored(db, new).values():
            yield from _cut(_listed(leaf))
        yield from rest


def _read(stored: bytes) -> tuple[list[bytes], list[bytes]]:
    """The hashes of the leaves that a list begins with, and those of the parts after them."""
    if len(stored) % _HASH == 0:
        return [], _cut(stored)
    hashes, whole = _cut(stored[_LEAVES:]), int.from_bytes(stored[:_LEAVES], "big")
    return hashes[:whole], hashes[whole:]


def _listed(leaf: bytes) -> bytes:
    """The hashes of a leaf, without what it begins with if it is one part."""
    return leaf[len(leaf) % _HASH :]


def _stored(db: Connection, hashes: Iterable[bytes]) -> dict[bytes, bytes]:
    wanted, found = list(dict.fromkeys(hashes)), dict[bytes, bytes]()
    for start in range(0, len(wanted), PORTION):
        rows = _contents.all(db, {"hashes": wanted[start : start + PORTION]})
        found |= {row["hash"]: zlib.decompress(row["content"]) for row in rows}
    return found


def _cut(joined: bytes) -> list[bytes]:
    return [joined[at : at + _HASH] for at in range(0, len(joined), _HASH)]
