"""What a step sent and received, byte for byte.

A request is an ordered list of parts, and the next request repeats most of them: each part is stored once under its
sha256, compressed. A reply is stored whole up to a size that no sensible reply reaches.
"""

import hashlib
import zlib
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database.prepared import Prepared, Row
from app.adapters.database.rows import add
from app.adapters.database.tables import counted, request_parts, steps
from app.domain.run import StepTrace

REPLY_CAP = 1_000_000
_HASH = 32
_known = Prepared(sa.select(request_parts.c.hash).where(request_parts.c.hash == sa.bindparam("hash")))
_last_request = Prepared(
    sa.select(steps.c.request)
    .where(counted, steps.c.agent_id == sa.bindparam("agent"))
    .order_by(steps.c.seq.desc())
    .limit(1)
)


def last_request(db: Connection, agent_id: str) -> bytes:
    """The hashes of the parts that an agent sent last."""
    return _last_request.scalar(db, {"agent": agent_id}) or b""


def values(db: Connection, before: bytes, parts: tuple[bytes, ...], reply: bytes) -> dict[str, Any]:
    """Columns of a step; stores the parts that are new, which are few: most were in the request before, `before`."""
    hashes = [hashlib.sha256(part).digest() for part in parts]
    by_hash = dict(zip(hashes, parts, strict=True))
    for key in hashes_of(before):
        by_hash.pop(key, None)
    new = [{"hash": key, "content": zlib.compress(part)} for key, part in by_hash.items() if not _is_known(db, key)]
    if new:
        add(db, request_parts, *new)
    return {
        "request": b"".join(hashes),
        "reply": zlib.compress(reply[:REPLY_CAP]),
        "reply_truncated": len(reply) > REPLY_CAP,
    }


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


def request_of(db: Connection, joined_hashes: bytes) -> tuple[bytes, ...]:
    """The parts of a request, exactly as they were sent."""
    hashes = hashes_of(joined_hashes)
    found = sa.select(request_parts.c.hash, request_parts.c.content).where(request_parts.c.hash.in_(set(hashes)))
    parts = {key: zlib.decompress(content) for key, content in db.execute(found)}
    return tuple(parts[key] for key in hashes)


def hashes_of(joined: bytes) -> tuple[bytes, ...]:
    return tuple(joined[at : at + _HASH] for at in range(0, len(joined), _HASH))
