"""Images, stored once each."""

from typing import Protocol

from app.domain.system import Blob


class BlobRepository(Protocol):
    def put(self, blob: Blob, data: bytes) -> None:
        """Stores it once; a second time is no error."""
        ...

    def get(self, sha256: str) -> tuple[Blob, bytes]:
        """With its bytes. Raises `NotFound`."""
        ...

    def find(self, sha256: str) -> Blob | None:
        """Without its bytes."""
        ...
