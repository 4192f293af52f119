"""Identities of other systems."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database import mapping
from app.adapters.database.paging import Orders, contains, page_of
from app.adapters.database.rows import first_row, missing, scalar, update
from app.adapters.database.tables import identities
from app.domain.base import Micros
from app.domain.error import Conflict
from app.domain.identity import Identity
from app.domain.page import ALL_IDENTITIES, OLDEST_FIRST, IdentityFilter, PageRequest

_LIVE = sa.select(identities).where(identities.c.deleted_at.is_(None))
_ORDERS: Orders = {"created_at": (identities.c.seq,)}


@dataclass(frozen=True)
class SqlIdentities:
    db: Connection

    def get(self, identity_id: str) -> Identity:
        row = first_row(self.db, _LIVE.where(identities.c.id == identity_id))
        if row is None:
            raise missing("identity", identity_id)
        return mapping.identity_of(row)

    def keyed(self, identifier_key: str) -> Identity | None:
        row = first_row(self.db, _LIVE.where(identities.c.identifier_key == identifier_key))
        return None if row is None else mapping.identity_of(row)

    def list(self, wanted: IdentityFilter = ALL_IDENTITIES, page: PageRequest = OLDEST_FIRST) -> tuple[Identity, ...]:
        rows = page_of(self.db, _found(wanted), identities, _ORDERS, page)
        return tuple(mapping.identity_of(row) for row in rows)

    def count(self, wanted: IdentityFilter = ALL_IDENTITIES) -> int:
        return scalar(self.db, _found(wanted).with_only_columns(sa.func.count(), maintain_column_froms=True))

    def add(self, identity: Identity) -> None:
        self._check_free(identity)
        self.db.execute(identities.insert(), mapping.identity_values(identity))

    def save(self, identity: Identity) -> None:
        self._check_free(identity)
        update(self.db, identities, identity.id, mapping.identity_values(identity))

    def delete(self, identity_id: str, at: Micros) -> None:
        self.get(identity_id)
        update(self.db, identities, identity_id, {"deleted_at": at})

    def _check_free(self, identity: Identity) -> None:
        other = self.keyed(identity.identifier_key)
        if other is not None and other.id != identity.id:
            raise Conflict(
                f"An identity with the key “{identity.identifier_key}” already exists.",
                code="name_taken",
                hint="Use that one, or choose another key.",
            )


def _found(wanted: IdentityFilter) -> sa.Select[Any]:
    found, row = _LIVE, identities.c
    if wanted.ids is not None:
        found = found.where(row.id.in_(wanted.ids))
    if wanted.search is not None:
        found = found.where(contains(row.name, wanted.search))
    if wanted.identifier_key is not None:
        found = found.where(row.identifier_key == wanted.identifier_key)
    if wanted.identity_type is not None:
        found = found.where(row.identity_type == wanted.identity_type)
    return found
