"""Backups: whole copies of the database, made daily and by hand, and going back to one."""

from collections.abc import Callable

from app.domain.error import NotFound
from app.domain.event import Changed, Event
from app.domain.system import Backup
from app.ports.storage import BackupStore


class Backups:
    def __init__(self, store: BackupStore, publish: Callable[[Event], None], restart: Callable[[], None]) -> None:
        self._store = store
        self._publish = publish
        self._restart = restart

    async def list(self) -> tuple[Backup, ...]:
        """Newest first."""
        return await self._store.list()

    async def create(self) -> Backup:
        backup = await self._store.create("manual")
        self._publish(Changed(kind="backup", ids=(backup.name,)))
        return backup

    async def restore(self, name: str) -> None:
        """Goes back to a copy: the engine starts again with it. The present state is kept as a copy of its own."""
        if name not in {backup.name for backup in await self._store.list()}:
            raise NotFound(f"The backup “{name}” no longer exists.")
        self._store.schedule_restore(name)
        self._restart()
