"""JSON in columns, and fields that are stored as they are."""

import json
from typing import Any

from pydantic import TypeAdapter, ValidationError

from app.adapters.database.prepared import Row

Values = dict[str, Any]


_JSON: TypeAdapter[Any] = TypeAdapter(Any)
EDITED = ("version", "created_at", "updated_at")


def to_json(value: object) -> str:
    return _JSON.dump_json(value).decode()


def from_json(text: str) -> Any:
    try:
        return _JSON.validate_json(text)
    except ValidationError:
        return json.loads(text)  # it writes what is nested deeper than it reads


def maybe_json(value: object | None) -> str | None:
    return None if value is None else to_json(value)


def maybe_from_json(text: str | None) -> Any:
    return None if text is None else from_json(text)


def same(row: Row, *names: str) -> Values:
    return {name: row[name] for name in names}
