"""Providers; their keys are elsewhere."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database import mapping
from app.adapters.database.known_rows import NOTHING_KNOWN, NothingKnown
from app.adapters.database.prepared import Prepared
from app.adapters.database.rows import first_row, insert, missing, update
from app.adapters.database.tables import providers
from app.domain.error import Conflict
from app.domain.model import Provider

_all = Prepared(sa.select(providers).order_by(providers.c.seq))
_named = Prepared(sa.select(providers).where(providers.c.name == sa.bindparam("name")))


@dataclass(frozen=True)
class SqlProviders:
    db: Connection
    known: NothingKnown = NOTHING_KNOWN

    def list(self) -> tuple[Provider, ...]:
        return tuple(mapping.provider_of(row) for row in _all.all(self.db))

    def get(self, provider_id: str) -> Provider:
        row = first_row(self.db, sa.select(providers).where(providers.c.id == provider_id))
        if row is None:
            raise missing("provider", provider_id)
        return mapping.provider_of(row)

    def named(self, name: str) -> Provider | None:
        return self.known.recall("provider", name, lambda: self._read(name))

    def _read(self, name: str) -> Provider | None:
        row = first_row(self.db, _named, {"name": name})
        return None if row is None else mapping.provider_of(row)

    def add(self, provider: Provider) -> None:
        self._claim(provider)
        insert(self.db, providers, mapping.provider_values(provider))
        self.known.forget_all()

    def save(self, provider: Provider) -> None:
        self._claim(provider)
        update(self.db, providers, provider.id, mapping.provider_values(provider))
        self.known.forget_all()  # its name before is not known here

    def delete(self, provider_id: str) -> None:
        if not self.db.execute(providers.delete().where(providers.c.id == provider_id)).rowcount:
            raise missing("provider", provider_id)
        self.known.forget_all()

    def _claim(self, provider: Provider) -> None:
        holder = self.named(provider.name)
        if holder is not None and holder.id != provider.id:
            raise Conflict(
                f"A server named “{provider.name}” already exists.",
                code="name_taken",
                hint="Choose another name.",
                details={"name": provider.name},
            )
