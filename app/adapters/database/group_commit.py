"""The one thread that writes. What waits for it is committed together, with one sync of the disk for all.

Each caller keeps a transaction of its own: it runs in a savepoint, fails alone, and is answered only when the commit
that holds its work has reached the disk. Nobody is kept waiting so that a group may form: a group is what had queued
up while the one before was being written. The idea is that of "group commit" in DeWitt et al., "Implementation
Techniques for Main Memory Database Systems" (SIGMOD 1984), section 5.
"""

import asyncio
import logging
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from app.adapters.database.known_rows import KnownRows
from app.adapters.database.sqlite import WRITING, driver_connection, transaction, version_seen
from app.adapters.database.threads import Threads
from app.domain.event import Changed

_log = logging.getLogger(__name__)

MOST_TOGETHER = 64
"""Transactions in one commit: with more, the first waits longer than the syncs that are saved are worth."""
MOST_SECONDS = 0.02
"""After so long a group takes no more in, so that one who waits for a small change is not held up by large ones."""


@dataclass
class Waiting:
    """A transaction that waits its turn. `work(connection, changed)` runs on the writer's thread."""

    work: Callable[[Connection, Callable[[Changed], None]], Any]
    done: "asyncio.Future[Any]"
    """Of the caller; for `answer`."""
    changes: list[Changed] = field(default_factory=list[Changed])
    result: Any = None
    error: BaseException | None = None


class GroupCommit:
    """Runs transactions in the order they came. `connect` gives the writing connection, on the writer's thread.

    `known`: what transactions keep in memory of what they read; it follows what becomes of each of them.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        known: KnownRows,
        answer: Callable[[Sequence[Waiting]], None],
        ensure_same: Callable[[], None],
    ) -> None:
        """`answer` is called on the writer's thread once it is known what became of a group; for each group once.
        `ensure_same` raises where the file that is written to is no longer the database.
        """
        self._connect = connect
        self._answer = answer
        self._known = known
        self._ensure_same = ensure_same
        self._queue: deque[Waiting] = deque()
        self._thread = Threads(1, "lares-write")

    def submit(self, waiting: Waiting) -> None:
        self._queue.append(waiting)
        self._thread.submit(self._drain)

    def close(self) -> None:
        """Waits for all that was submitted before."""
        self._thread.close()

    def _drain(self) -> None:
        """One group: all that waits now and, within the bounds, what comes while it is being written."""
        group: list[Waiting] = []
        try:
            self._run(group)
        except BaseException as error:  # noqa: BLE001  (whatever it is, it belongs to all who are in the group)
            self._known.undo()
            for one in group:
                one.error = one.error or error
        if group:
            try:
                self._answer(group)
            except Exception:  # noqa: BLE001  (who cannot be told must not keep the next from being stored)
                _log.exception("Callers could not be told what became of their transactions")

    def _run(self, group: list[Waiting]) -> None:
        if not self._queue:
            return  # an earlier group took it along
        alone = len(self._queue) == 1
        group.append(self._queue.popleft())
        self._ensure_same()
        self._known.begin()
        db = self._connect()
        driver = driver_connection(db)
        self._write(group, db, driver, alone)
        self._ensure_same()

    def _write(self, group: list[Waiting], db: Connection, driver: sqlite3.Connection, alone: bool) -> None:
        with transaction(db, WRITING):
            self._known.seen_by_others(version_seen(driver))
            if alone:
                _work(group[0], db)
                return
            ends = time.monotonic() + MOST_SECONDS
            self._in_savepoint(group[0], db, driver)
            while self._queue and len(group) < MOST_TOGETHER and time.monotonic() < ends:
                group.append(self._queue.popleft())
                self._in_savepoint(group[-1], db, driver)

    def _in_savepoint(self, one: Waiting, db: Connection, driver: sqlite3.Connection) -> None:
        """Its own error undoes its own work, and only that. Raises where SQLite has given up the whole transaction."""
        mark = self._known.mark()
        driver.execute("SAVEPOINT one")
        try:
            _work(one, db)
        except BaseException as error:  # noqa: BLE001  (it is answered to the caller)
            one.error = error
            self._known.undo(mark)
            try:
                driver.execute("ROLLBACK TO one")
            except sqlite3.OperationalError:
                # A full disk may end the transaction itself: then the work of the others is gone too.
                raise error from None
        driver.execute("RELEASE one")


def _work(one: Waiting, db: Connection) -> None:
    one.result = one.work(db, one.changes.append)
