"""Archives, and which agents have them."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database import mapping
from app.adapters.database.paging import Orders, page_of
from app.adapters.database.prepared import Prepared
from app.adapters.database.rows import add, all_rows, first_row, missing, scalar, update
from app.adapters.database.tables import agent_archives, agents, archives
from app.domain.archive import ALL_PASSAGES, Archive, PassageFilter
from app.domain.base import Micros
from app.domain.page import OLDEST_FIRST, PageRequest
from app.ports.storage.archives import ArchiveEmbedder

_LIVE = sa.select(archives).where(archives.c.deleted_at.is_(None))
_one = Prepared(_LIVE.where(archives.c.id == sa.bindparam("archive")))
_attached = sa.join(archives, agent_archives, agent_archives.c.archive_id == archives.c.id)
_mine = (archives.c.deleted_at.is_(None), agent_archives.c.agent_id == sa.bindparam("agent"))
_of_agent = Prepared(
    sa.select(archives).select_from(_attached).where(*_mine).order_by(agent_archives.c.position, archives.c.seq)
)
_count_for = Prepared(
    sa.select(sa.func.coalesce(sa.func.sum(archives.c.passages), 0)).select_from(_attached).where(*_mine)
)
_ORDERS: Orders = {"created_at": (archives.c.seq,)}


@dataclass(frozen=True)
class SqlArchives:
    db: Connection

    def get(self, archive_id: str) -> Archive:
        archive = self.find(archive_id)
        if archive is None:
            raise missing("archive", archive_id)
        return archive

    def find(self, archive_id: str) -> Archive | None:
        row = first_row(self.db, _one, {"archive": archive_id})
        return None if row is None else mapping.archive_of(row)

    def list(
        self, *, agent_id: str | None = None, name: str | None = None, page: PageRequest = OLDEST_FIRST
    ) -> tuple[Archive, ...]:
        found = _LIVE
        if agent_id is not None:
            held = sa.select(agent_archives.c.archive_id).where(agent_archives.c.agent_id == agent_id)
            found = found.where(archives.c.id.in_(held))
        if name is not None:
            found = found.where(archives.c.name == name)
        return tuple(mapping.archive_of(row) for row in page_of(self.db, found, archives, _ORDERS, page))

    def embedders(self, wanted: PassageFilter = ALL_PASSAGES) -> tuple[ArchiveEmbedder, ...]:
        found = sa.select(archives.c.seq, archives.c.id, archives.c.embedding).where(archives.c.deleted_at.is_(None))
        if wanted.agent_id is not None:
            held = sa.select(agent_archives.c.archive_id).where(agent_archives.c.agent_id == wanted.agent_id)
            found = found.where(archives.c.id.in_(held))
        if wanted.archive_ids:
            found = found.where(archives.c.id.in_(wanted.archive_ids))
        rows = all_rows(self.db, found.order_by(archives.c.seq))
        return tuple(ArchiveEmbedder(row["seq"], row["id"], row["embedding"]) for row in rows)

    def of_agent(self, agent_id: str) -> tuple[Archive, ...]:
        return tuple(mapping.archive_of(row) for row in all_rows(self.db, _of_agent, {"agent": agent_id}))

    def count_for(self, agent_id: str) -> int:
        return scalar(self.db, _count_for, {"agent": agent_id})

    def add(self, archive: Archive) -> None:
        add(self.db, archives, {**mapping.archive_values(archive), "passages": 0})

    def save(self, archive: Archive) -> None:
        update(self.db, archives, archive.id, mapping.archive_values(archive))

    def delete(self, archive_id: str, at: Micros) -> None:
        update(self.db, archives, archive_id, {"deleted_at": at})

    def undelete(self, archive_id: str) -> None:
        update(self.db, archives, archive_id, {"deleted_at": None})

    def holding(self, archive_id: str) -> tuple[str, ...]:
        link = agent_archives.c
        found = sa.select(link.agent_id).where(link.archive_id == archive_id).order_by(link.agent_id)
        return tuple(self.db.execute(found).scalars())

    def holders(self, archive_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        link = agent_archives.c
        found = (
            sa.select(link.archive_id, link.agent_id)
            .join(agents, agents.c.id == link.agent_id)
            .where(link.archive_id.in_(archive_ids), agents.c.deleted_at.is_(None))
            .order_by(agents.c.seq)
        )
        holders: dict[str, tuple[str, ...]] = {}
        for archive_id, agent_id in self.db.execute(found):
            holders[archive_id] = (*holders.get(archive_id, ()), agent_id)
        return holders

    def attach(self, agent_id: str, archive_id: str, position: int) -> None:
        link = agent_archives.c
        later = agent_archives.update().where(link.agent_id == agent_id, link.position >= position)
        self.db.execute(later.values(position=link.position + 1))
        add(self.db, agent_archives, {"agent_id": agent_id, "archive_id": archive_id, "position": position})

    def detach(self, agent_id: str, archive_id: str) -> None:
        link = agent_archives.c
        self.db.execute(agent_archives.delete().where(link.agent_id == agent_id, link.archive_id == archive_id))
