"""Blobs: bytes stored once under their hash."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database import mapping
from app.adapters.database.rows import first_row, missing
from app.adapters.database.tables import blobs
from app.domain.system import Blob


@dataclass(frozen=True)
class BlobRows:
    db: Connection

    def put(self, blob: Blob, data: bytes) -> None:
        known = first_row(self.db, sa.select(blobs.c.size).where(blobs.c.sha256 == blob.sha256))
        if known is None:
            self.db.execute(blobs.insert(), {**mapping.blob_values(blob), "content": data})

    def get(self, sha256: str) -> tuple[Blob, bytes]:
        row = first_row(self.db, sa.select(blobs).where(blobs.c.sha256 == sha256))
        if row is None:
            raise missing("blob", sha256)
        return mapping.blob_of(row), row["content"]
