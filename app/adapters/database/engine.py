"""Storage on SQLite: one thread that writes, a few that read. The event loop never waits for the disk."""

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn, TypeVar

from pydantic_core import PydanticSerializationError
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from app.adapters.database.errors import not_storable, storage_error
from app.adapters.database.repositories import repositories_on
from app.adapters.database.sqlite import READERS, reading_engine, writing_engine
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
        self._file = file
        self._on_changed = on_changed
        self._write_engine = writing_engine(file)
        self._read_engine = reading_engine(file)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="lares-write")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="lares-read")
        self._kept = threading.local()
        self._open: list[Connection] = []
        self._closed = False

    async def write(self, work: Callable[[Repositories], T]) -> T:
        self._ensure_open()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def publish(changes: list[Changed], result: T) -> None:
            try:
                for changed in changes:
                    self._on_changed(changed)
            finally:
                done.set_result(result)

        def transaction() -> None:
            try:
                result, changes = self._transaction(work)
            except BaseException as error:  # noqa: BLE001  (whatever it is, it belongs to the caller)
                _call(loop, done.set_exception, error)
            else:
                _call(loop, publish, changes, result)

        self._writer.submit(transaction)
        return await _whole(done)

    async def read(self, work: Callable[[Repositories], T]) -> T:
        self._ensure_open()
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._snapshot, work)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        loop = asyncio.get_running_loop()
        await _whole(loop.run_in_executor(self._writer, self._end))
        self._writer.shutdown()

    def _end(self) -> None:
        self._readers.shutdown()
        for connection in self._open:
            connection.close()
        self._read_engine.dispose()
        self._write_engine.dispose()

    def _transaction(self, work: Callable[[Repositories], T]) -> tuple[T, list[Changed]]:
        changes: list[Changed] = []
        try:
            db = self._connection(self._write_engine)
            with db.begin():
                result = work(repositories_on(db, changes.append))
        except _FAULTS as cause:
            self._fail(cause)
        return result, changes

    def _snapshot(self, work: Callable[[Repositories], T]) -> T:
        try:
            db = self._connection(self._read_engine)
            with db.begin():
                return work(repositories_on(db, _refuse))
        except _FAULTS as cause:
            self._fail(cause)

    def _connection(self, engine: Engine) -> Connection:
        """This thread's own, kept: taking one from the pool and giving it back costs as much as a transaction."""
        kept: Connection | None = getattr(self._kept, "connection", None)
        if kept is None:
            kept = self._kept.connection = engine.connect()
            self._open.append(kept)
        # SQLAlchemy leaves a transaction open whose commit failed.
        kept.connection.rollback()
        return kept

    def _fail(self, cause: Exception) -> NoReturn:
        if not isinstance(cause, DBAPIError | sqlite3.Error):
            raise not_storable(cause) from cause
        error = storage_error(cause, self._file.parent)
        if error.code == "database_damaged":
            suspect_marker(self._file).touch()
        raise error from cause

    def _ensure_open(self) -> None:
        if self._closed:
            raise StorageError("Lares is ending, so nothing more can be read or saved.", hint="Start Lares again.")


async def _whole(done: asyncio.Future[T]) -> T:
    """Awaits to the end, however often the caller is cancelled; only then the cancellation goes on."""
    cancelled: asyncio.CancelledError | None = None
    while not done.done():
        try:
            await asyncio.wait([done])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return done.result()
    if done.exception() is not None:
        _log.info("A transaction whose caller was cancelled failed: %s", done.exception())
    raise cancelled


def _call(loop: asyncio.AbstractEventLoop, callback: Callable[..., object], *values: object) -> None:
    try:
        loop.call_soon_threadsafe(callback, *values)
    except RuntimeError:
        # The loop was closed while the transaction ran: it is committed, and nobody is left to be told.
        _log.info("The event loop ended before a transaction did")


def _refuse(changed: Changed) -> None:
    raise RuntimeError(f"a reading transaction notes a change of {changed.kind}")
