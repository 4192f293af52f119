"""Settings of the engine, as JSON."""

from app.adapters.database.mapping.values import from_json
from app.adapters.database.prepared import Row
from app.domain.system import Setting


def setting_of(row: Row) -> Setting:
    return Setting(key=row["key"], value=from_json(row["value"]), version=row["version"])
