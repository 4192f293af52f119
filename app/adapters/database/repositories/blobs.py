"""Blobs: bytes stored once under their hash."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database import mapping
from app.adapters.database.rows import first_row, missing
from app.adapters.database.tables import blobs
from app.domain.system import Blob

_FACTS = [column for column in blobs.c if column.name != "content"]


@dataclass(frozen=True)
class SqlBlobs:
    db: Connection

    def put(self, blob: Blob, data: bytes) -> None:
        if self.find(blob.sha256) is None:
            self.db.execute(blobs.insert(), {**mapping.blob_values(blob), "content": data})

    def get(self, sha256: str) -> tuple[Blob, bytes]:
        row = first_row(self.db, sa.select(blobs).where(blobs.c.sha256 == sha256))
        if row is None:
            raise missing("blob", sha256)
        return mapping.blob_of(row), row["content"]

    def find(self, sha256: str) -> Blob | None:
        row = first_row(self.db, sa.select(*_FACTS).where(blobs.c.sha256 == sha256))
        return None if row is None else mapping.blob_of(row)
