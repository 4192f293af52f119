"""Whole copies of the database."""

from typing import Protocol

from app.domain.system import Backup


class BackupStore(Protocol):
    """Whole copies of the database beside it."""

    async def list(self) -> tuple[Backup, ...]:
        """Newest first."""
        ...

    async def create(self, reason: str) -> Backup:
        """`VACUUM INTO` a new file; keeps 7 daily ones, and all manual ones."""
        ...

    def schedule_restore(self, name: str) -> None:
        """Notes that this backup replaces the database at the next start of the engine."""
        ...
