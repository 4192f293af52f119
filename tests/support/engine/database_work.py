"""What SQLite does for a piece of work, in steps of its machine: they do not depend on how busy a computer is."""

import contextlib
import sqlite3
from collections.abc import Iterator

import sqlalchemy as sa


class DatabaseWork:
    """Counts the steps of all connections that are opened while it watches."""

    def __init__(self) -> None:
        self.steps = 0
        self.statements: set[str] = set()
        self._counts = False
        self._connections: list[sqlite3.Connection] = []

    @contextlib.contextmanager
    def watching(self) -> Iterator["DatabaseWork"]:
        def connected(connection: sqlite3.Connection, _record: object) -> None:
            self._connections.append(connection)
            if self._counts:
                self._watch(connection, True)

        sa.event.listen(sa.Engine, "connect", connected)
        try:
            yield self
        finally:
            sa.event.remove(sa.Engine, "connect", connected)

    @contextlib.contextmanager
    def counting(self) -> Iterator[None]:
        self.steps, self._counts = 0, True
        for connection in self._connections:
            self._watch(connection, True)
        try:
            yield
        finally:
            self._counts = False
            for connection in self._connections:
                self._watch(connection, False)

    @property
    def under_way(self) -> bool:
        """Whether a transaction is open on one of the connections."""
        for connection in self._connections:
            with contextlib.suppress(sqlite3.ProgrammingError):  # closed by now
                if connection.in_transaction:
                    return True
        return False

    def _watch(self, connection: sqlite3.Connection, counts: bool) -> None:
        with contextlib.suppress(sqlite3.ProgrammingError):  # closed by now
            connection.set_progress_handler(self._step if counts else None, 1)
            connection.set_trace_callback(self.statements.add if counts else None)

    def _step(self) -> int:
        self.steps += 1
        return 0
