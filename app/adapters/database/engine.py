"""Storage on SQLite: one thread that writes, a few that read. The event loop never waits for the disk."""

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from pydantic_core import PydanticSerializationError
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from app.adapters.database.errors import not_storable, storage_error
from app.adapters.database.group_commit import GroupCommit, Waiting
from app.adapters.database.known_rows import KnownRows
from app.adapters.database.parsed_messages import ParsedMessages
from app.adapters.database.repositories import repositories_on
from app.adapters.database.same_file import SameFile
from app.adapters.database.sqlite import READERS, READING, reading_engine, transaction, writing_engine
from app.adapters.database.threads import Threads
from app.domain.error import StorageError
from app.domain.event import Changed
from app.ports.storage import Repositories

T = TypeVar("T")
_FAULTS = (DBAPIError, sqlite3.Error, UnicodeEncodeError, PydanticSerializationError, OverflowError)
_log = logging.getLogger(__name__)


def suspect_marker(file: Path) -> Path:
    """Exists when a transaction met damage: the next opening then reads the whole file before trusting it."""
    return file.with_name(file.name + ".suspect")


class SqliteStorage:
    """Implements `app.ports.storage.Storage`. Made by `open_storage`."""

    def __init__(self, file: Path, on_changed: Callable[[Changed], None]) -> None:
        self.notice = ""
        """A sentence of the opening that a person should read; empty for nothing."""
        self.file = file
        """The database; the recall process reads it by itself."""
        self._on_changed = on_changed
        self._write_engine = writing_engine(file)
        self._read_engine = reading_engine(file)
        self._known = KnownRows()
        self._same_file = SameFile(file)
        self._writer = GroupCommit(
            lambda: self._connection(self._write_engine), self._known, self._answer, self._same_file.ensure
        )
        self._readers = Threads(READERS, "lares-read")
        self._parsed = ParsedMessages()
        self._kept = threading.local()
        self._open: list[Connection] = []
        self._closed = False

    async def write(self, work: Callable[[Repositories], T]) -> T:
        self._ensure_open()
        done: asyncio.Future[T] = _Kept(loop=asyncio.get_running_loop())
        self._writer.submit(Waiting(lambda db, changed: work(replace(self._writing(db), changed=changed)), done))
        try:
            return await done
        except asyncio.CancelledError:
            if done.done() and done.exception() is not None:
                _log.info("A transaction whose caller was cancelled failed: %s", done.exception())
            raise

    def _answer(self, group: Sequence[Waiting]) -> None:
        for one in group:
            if one.error is not None:
                one.error = self._told(one.error)
        for loop in {one.done.get_loop() for one in group}:
            _call(loop, self._settle, [one for one in group if one.done.get_loop() is loop])

    def _settle(self, group: Sequence[Waiting]) -> None:
        for one in group:
            if one.error is not None:
                one.done.set_exception(one.error)
                continue
            try:
                for changed in one.changes:
                    self._on_changed(changed)
            except Exception:  # noqa: BLE001  (it is stored, and whoever listens must not keep the others waiting)
                _log.exception("A change could not be told")
            one.done.set_result(one.result)

    async def read(self, work: Callable[[Repositories], T]) -> T:
        self._ensure_open()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def read() -> None:
            try:
                result = self._snapshot(work)
            except BaseException as error:  # noqa: BLE001  (it belongs to the caller)
                _call(loop, _fail, done, error)
            else:
                _call(loop, _give, done, result)

        self._readers.submit(read)
        return await done

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            await asyncio.to_thread(self._end)

    def _end(self) -> None:
        self._writer.close()
        self._readers.close()
        for connection in self._open:
            connection.close()
        self._read_engine.dispose()
        self._write_engine.dispose()

    def _snapshot(self, work: Callable[[Repositories], T]) -> T:
        try:
            db = self._connection(self._read_engine)
            with transaction(db, READING):
                return work(self._reading(db))
        except _FAULTS as cause:
            raise self._told(cause) from cause

    def _connection(self, engine: Engine) -> Connection:
        """This thread's own, kept: taking one from the pool and giving it back costs as much as a transaction."""
        kept: Connection | None = getattr(self._kept, "connection", None)
        if kept is None:
            self._same_file.ensure()  # else SQLite would open another one, or make it
            kept = self._kept.connection = engine.connect()
            self._open.append(kept)
        return kept

    def _reading(self, db: Connection) -> Repositories:
        """This thread's own, kept as its connection is."""
        kept: Repositories | None = getattr(self._kept, "reading", None)
        if kept is None:
            kept = self._kept.reading = repositories_on(db, _refuse, parsed=self._parsed)
        return kept

    def _writing(self, db: Connection) -> Repositories:
        """The same of the thread that writes; each transaction notes its changes for itself."""
        kept: Repositories | None = getattr(self._kept, "writing", None)
        if kept is None:
            kept = self._kept.writing = repositories_on(db, _refuse, self._known)
        return kept

    def _told(self, cause: BaseException) -> BaseException:
        """What the caller is told: faults of the database and the disk as sentences, its own errors as they are."""
        if not isinstance(cause, _FAULTS):
            return cause
        if not isinstance(cause, DBAPIError | sqlite3.Error):
            error: Exception = not_storable(cause)
        else:
            error = storage_error(cause, self.file.parent)
            if error.code == "database_damaged":
                self._note_damage()
        error.__cause__ = cause
        return error

    def _note_damage(self) -> None:
        try:
            suspect_marker(self.file).touch()
        except OSError as error:
            # A full or read-only disk: the caller is told of the damage all the same.
            _log.error("The damage of the database could not be noted: %s", error)

    def _ensure_open(self) -> None:
        if self._closed:
            raise StorageError(
                "Lares is shutting down, so nothing more can be read or saved.", hint="Start Lares again."
            )


class _Kept(asyncio.Future[T]):
    """One that its awaiter cannot cancel: a cancelled task goes on, with its cancellation, when this is done."""

    def cancel(self, msg: object = None) -> bool:
        return False


def _give(done: asyncio.Future[T], result: T) -> None:
    if not done.done():  # else the caller was cancelled
        done.set_result(result)


def _fail(done: asyncio.Future[T], error: BaseException) -> None:
    if not done.done():
        done.set_exception(error)


def _call(loop: asyncio.AbstractEventLoop, callback: Callable[..., object], *values: object) -> None:
    try:
        loop.call_soon_threadsafe(callback, *values)
    except RuntimeError:
        # The loop was closed while the transaction ran: it is committed, and nobody is left to be told.
        _log.info("The event loop ended before a transaction did")


def _refuse(changed: Changed) -> None:
    raise RuntimeError(f"a reading transaction notes a change of {changed.kind}")
