"""Identities of other systems."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database import mapping
from app.adapters.database.rows import all_rows, first_row, missing, update
from app.adapters.database.tables import identities
from app.domain.error import Conflict
from app.domain.identity import Identity


@dataclass(frozen=True)
class SqlIdentities:
    db: Connection

    def get(self, identity_id: str) -> Identity:
        row = first_row(self.db, sa.select(identities).where(identities.c.id == identity_id))
        if row is None:
            raise missing("identity", identity_id)
        return mapping.identity_of(row)

    def keyed(self, identifier_key: str) -> Identity | None:
        row = first_row(self.db, sa.select(identities).where(identities.c.identifier_key == identifier_key))
        return None if row is None else mapping.identity_of(row)

    def list(self) -> tuple[Identity, ...]:
        rows = all_rows(self.db, sa.select(identities).order_by(identities.c.seq))
        return tuple(mapping.identity_of(row) for row in rows)

    def add(self, identity: Identity) -> None:
        self._check_free(identity)
        self.db.execute(identities.insert(), mapping.identity_values(identity))

    def save(self, identity: Identity) -> None:
        self._check_free(identity)
        update(self.db, identities, identity.id, mapping.identity_values(identity))

    def delete(self, identity_id: str) -> None:
        if not self.db.execute(identities.delete().where(identities.c.id == identity_id)).rowcount:
            raise missing("identity", identity_id)

    def _check_free(self, identity: Identity) -> None:
        other = self.keyed(identity.identifier_key)
        if other is not None and other.id != identity.id:
            raise Conflict(
                f"An identity with the key “{identity.identifier_key}” already exists.",
                code="name_taken",
                hint="Use that one, or choose another key.",
            )
