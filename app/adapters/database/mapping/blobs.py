"""Images, without their bytes."""

from app.adapters.database.mapping.values import Values, same
from app.adapters.database.prepared import Row
from app.domain.system import Blob

_BLOB = tuple(Blob.model_fields)


def blob_values(blob: Blob) -> Values:
    return {name: getattr(blob, name) for name in _BLOB}


def blob_of(row: Row) -> Blob:
    return Blob(**same(row, *_BLOB))
