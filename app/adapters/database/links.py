"""The links by which lists find agents and blocks: their tags, and the identities of agents. Only of what is there."""

from collections.abc import Iterable, Sequence
from functools import cache

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database.prepared import Prepared
from app.adapters.database.rows import add, all_rows
from app.adapters.database.tables import agent_identities, agents, blocks, tagged

_identities = Prepared(
    sa.select(agent_identities.c.identity_id).where(agent_identities.c.agent_seq == sa.bindparam("owner"))
)


def tag(db: Connection, kind: str, public_id: str, tags: Iterable[str]) -> None:
    """Gives an agent or a block just these tags; a deleted one is found by none."""
    seq, deleted = _place(db, kind, public_id)
    wanted = set[str]() if deleted else set(tags)
    now = {row["tag"] for row in all_rows(db, _tags, {"owner_kind": kind, "owner": seq})}
    if gone := now - wanted:
        db.execute(tagged.delete().where(tagged.c.tag.in_(gone), tagged.c.kind == kind, tagged.c.seq == seq))
    add(db, tagged, *({"tag": one, "kind": kind, "seq": seq} for one in sorted(wanted - now)))


def connect(db: Connection, agent_id: str, identity_ids: Iterable[str]) -> None:
    """Connects an agent with just these identities; a deleted one is found by none."""
    seq, deleted = _place(db, "agent", agent_id)
    wanted = set[str]() if deleted else set(identity_ids)
    now = {row["identity_id"] for row in all_rows(db, _identities, {"owner": seq})}
    link = agent_identities.c
    if gone := now - wanted:
        db.execute(agent_identities.delete().where(link.identity_id.in_(gone), link.agent_seq == seq))
    add(db, agent_identities, *({"identity_id": one, "agent_seq": seq} for one in sorted(wanted - now)))


def rarest(db: Connection, kind: str, tags: Sequence[str], every: bool) -> str | None:
    """The tag along which a list is read: of those that it needs the one that fewest have. None: it needs none.

    Looks at so many links of each tag as the rarest has, and a few times more.
    """
    if not tags or (len(tags) > 1 and not every):
        return None
    wanted, most = list(dict.fromkeys(tags)), FEW
    while len(wanted) > 1:
        counts = [_some.scalar(db, {"owner_kind": kind, "one": one, "most": most}) for one in wanted]
        if min(counts) < most:
            return wanted[counts.index(min(counts))]
        most *= 8
    return wanted[0]


FEW = 50
"""Links of a tag that are looked at first: a page."""
_links = sa.select(tagged.c.seq).where(tagged.c.kind == sa.bindparam("owner_kind"), tagged.c.tag == sa.bindparam("one"))
_some = Prepared(sa.select(sa.func.count()).select_from(_links.limit(sa.bindparam("most")).subquery("found")))
_tags = Prepared(
    sa.select(tagged.c.tag).where(tagged.c.kind == sa.bindparam("owner_kind"), tagged.c.seq == sa.bindparam("owner"))
)


@cache
def _place_of(kind: str) -> Prepared:
    table = agents if kind == "agent" else blocks
    return Prepared(sa.select(table.c.seq, table.c.deleted_at).where(table.c.id == sa.bindparam("public_id")))


def _place(db: Connection, kind: str, public_id: str) -> tuple[int, bool]:
    """The seq of a row that exists, and whether it is deleted."""
    (row,) = _place_of(kind).all(db, {"public_id": public_id})
    return row["seq"], row["deleted_at"] is not None
