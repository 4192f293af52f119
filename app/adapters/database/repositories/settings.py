"""Settings with a meaning beyond one window, as JSON values by key."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database import mapping
from app.adapters.database.known_rows import NOTHING_KNOWN, NothingKnown
from app.adapters.database.prepared import Prepared
from app.adapters.database.rows import add, all_rows, first_row
from app.adapters.database.tables import settings
from app.domain.system import Setting

_one = Prepared(sa.select(settings).where(settings.c.key == sa.bindparam("key")))
_set = Prepared(settings.update().where(settings.c.key == sa.bindparam("name")), ("value", "version"))


@dataclass(frozen=True)
class SqlSettings:
    db: Connection
    known: NothingKnown = NOTHING_KNOWN

    def get(self, key: str) -> Setting | None:
        return self.known.recall("setting", key, lambda: self._read(key), _weight)

    def _read(self, key: str) -> Setting | None:
        row = first_row(self.db, _one, {"key": key})
        return None if row is None else mapping.setting_of(row)

    def list(self) -> tuple[Setting, ...]:
        rows = all_rows(self.db, sa.select(settings).order_by(settings.c.key))
        return tuple(mapping.setting_of(row) for row in rows)

    def set(self, key: str, value: Any) -> Setting:
        stored = self.get(key)
        text = mapping.to_json(value)
        self.known.forget("setting", key)
        if stored is None:
            add(self.db, settings, {"key": key, "value": text, "version": 1})
            return Setting(key=key, value=value)
        version = stored.version + 1
        _set.run(self.db, {"name": key, "value": text, "version": version})
        return Setting(key=key, value=value, version=version)


def _weight(setting: Setting | None) -> int:
    return 0 if setting is None else len(str(setting.value))
