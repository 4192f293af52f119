"""Whether the file that SQLite has open is still the one that stands in the data folder.

SQLite does not look: it goes on writing into a file that was deleted, or that another one has taken the place of, and
says that all is stored.
"""

import os
from pathlib import Path

from app.adapters.database.errors import replaced

Identity = tuple[int, int] | None
"""Disk and number of a file; None when it is not there."""


class SameFile:
    """Remembers which file the database is. Made once it exists; used by the thread that writes."""

    def __init__(self, file: Path) -> None:
        self._file = os.fspath(file)
        self._journal = f"{self._file}-wal"
        self._opened = _identity(self._file)
        self._journal_opened: Identity = None

    def ensure(self) -> None:
        """Raises `StorageError` (`database_replaced`) when it is gone or another one. Costs microseconds.

        The journal counts too, since it holds what was written last: SQLite makes it with the first transaction and
        keeps it while a connection is open.
        """
        self._same(self._opened, _identity(self._file))
        journal = _identity(self._journal)
        if self._journal_opened is None:
            self._journal_opened = journal
        else:
            self._same(self._journal_opened, journal)

    def _same(self, opened: Identity, found: Identity) -> None:
        if found != opened:
            raise replaced(os.path.dirname(self._file), gone=found is None)


def _identity(file: str) -> Identity:
    try:
        found = os.stat(file)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
