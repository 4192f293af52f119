"""SQLite itself: connections with their pragmas, checks and whole copies. Knows files and SQL, but no table.

With search.py and passage_search.py the only module whose SQL only SQLite understands.
"""

import contextlib
import sqlite3
from collections.abc import Generator
from functools import cache
from pathlib import Path
from typing import Literal

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.pool import QueuePool

from app.domain.error import StorageError

READERS = 3
_BUSY_MS = 5_000
_WRITER_BUSY_MS = 30_000
"""So long a transaction waits for another program that holds the file (a backup, a look into the database) before it
fails; a run tells meanwhile what it waits for."""
_HEADER = b"SQLite format 3\x00"


WRITING, READING = "BEGIN IMMEDIATE", "BEGIN"
"""How transactions begin. Those that write take the lock first, so that none fails half-way for want of it."""


def writing_engine(file: Path) -> Engine:
    """One connection."""
    return _engine(file, WRITING, 1, ("journal_size_limit=67108864", "foreign_keys=ON"), _WRITER_BUSY_MS)


def reading_engine(file: Path) -> Engine:
    """A few connections that cannot write; each transaction sees one state of the database."""
    return _engine(file, READING, READERS, ("query_only=ON",))


def migrating_engine(file: Path) -> Engine:
    """Like the writing one, but rebuilding a table does not touch the rows that refer to it."""
    return _engine(file, WRITING, 1, ("foreign_keys=OFF",))


@contextlib.contextmanager
def transaction(db: Connection, begin: str) -> Generator[None, None, None]:
    """What `db.begin()` does, begun and ended by the driver itself: through SQLAlchemy that costs a fifth of a turn's
    transaction. Statements may still go either way.
    """
    raw = driver_connection(db)
    raw.rollback()  # one whose own rollback failed is still open
    raw.execute(begin)
    try:
        yield
        raw.commit()
    except BaseException:
        with contextlib.suppress(sqlite3.Error):  # what went wrong before says more
            raw.rollback()
        raise
    finally:
        if db.in_transaction():  # as SQLAlchemy sees it, since a statement went through it
            db.rollback()


def driver_connection(db: Connection) -> sqlite3.Connection:
    connection = db.connection.driver_connection
    assert isinstance(connection, sqlite3.Connection)
    return connection


def version_seen(connection: sqlite3.Connection) -> int:
    """A number that changes when another connection has written, and never with what this one writes."""
    return connection.execute("PRAGMA data_version").fetchone()[0]


def _engine(file: Path, begin: str, size: int, pragmas: tuple[str, ...], busy_ms: int = _BUSY_MS) -> Engine:
    # SQLAlchemy 2.1 and Python must not begin transactions on their own: `begin` below does.
    arguments = {"isolation_level": None, "check_same_thread": False, "timeout": busy_ms / 1000}
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(file)),
        connect_args=arguments,
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=0,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in ("synchronous=FULL", "cache_size=-8000", *pragmas):
            connection.execute(f"PRAGMA {pragma}")
        # Its own knows ASCII only; a person who searches for "zoë" means "Zoë" too.
        connection.create_function("lower", 1, _folded, deterministic=True)

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        if not driver_connection(connection).in_transaction:  # else `transaction` has begun it
            connection.exec_driver_sql(begin)

    return engine


@contextlib.contextmanager
def plain_connection(file: Path, mode: Literal["ro", "rw", "rwc"] = "ro") -> Generator[sqlite3.Connection, None, None]:
    """A connection without SQLAlchemy for work on whole files. Only `rwc` makes a missing file."""
    connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode={mode}", uri=True, timeout=_BUSY_MS / 1000)
    connection.isolation_level = None
    try:
        yield connection
    finally:
        connection.close()


def create_tables(db: Connection, metadata: sa.MetaData) -> None:
    """All of them, with their indexes, in a database that has none yet."""
    for statement in _creating(metadata):
        db.exec_driver_sql(statement)


@cache
def _creating(metadata: sa.MetaData) -> tuple[str, ...]:
    """Making these statements takes longer than running them, and each fit test has a database of its own."""
    made: list[str] = []

    def keep(statement: sa.schema.ExecutableDDLElement, *_: object, **__: object) -> None:
        made.append(str(statement.compile(dialect=engine.dialect)))

    engine = sa.create_mock_engine("sqlite://", keep)
    metadata.create_all(engine, checkfirst=False)
    return tuple(made)


def use_wal(connection: sqlite3.Connection) -> None:
    """Turns on the journal that lets people read while an agent writes; raises where the folder cannot have it."""
    mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    modules = {name for (name,) in connection.execute("SELECT name FROM pragma_module_list")}
    lacking = lacking_feature(mode, modules)
    if lacking is not None:
        raise lacking


def lacking_feature(journal_mode: str, modules: set[str]) -> StorageError | None:
    """What this SQLite, or this folder, cannot do though we need it."""
    if journal_mode.lower() != "wal":
        return StorageError(
            "The data folder is on a disk that cannot keep your data safe while Lares runs.",
            code="no_wal",
            hint="Choose a data folder on this computer's own disk, not on a network or cloud drive.",
            details={"journal_mode": journal_mode},
        )
    if "fts5" not in modules:
        return StorageError(
            "This computer's SQLite has no full-text search (FTS5), so Lares cannot start.",
            code="no_fts5",
            hint="Install Python from python.org or from your system's packages, whose SQLite has it.",
            details={"sqlite": sqlite3.sqlite_version},
        )
    return None


def table_names(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def header_flaw(file: Path) -> str:
    """What the first bytes of a database file say against it; empty if nothing. Costs one small read."""
    with file.open("rb") as opened:
        head = opened.read(100)
    size = file.stat().st_size
    if size == 0:
        return ""
    if len(head) < 100 or not head.startswith(_HEADER):
        return "it does not begin like a database"
    page = int.from_bytes(head[16:18], "big")
    page = 65536 if page == 1 else page
    pages, counter, valid_for = (int.from_bytes(head[at : at + 4], "big") for at in (28, 24, 92))
    has_journal = _size(file.with_name(file.name + "-wal")) > 0
    if not has_journal and counter == valid_for and size < pages * page:
        return f"it is cut off: {size} of {pages * page} bytes"
    return ""


def check(file: Path) -> str:
    """Reads the whole database; what is wrong with it, or empty."""
    try:
        with plain_connection(file) as connection:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if found == "ok" else str(found)


def copy_whole(source: Path, target: Path) -> None:
    """A compact copy as of now; others may go on reading and writing. The target must not exist."""
    with plain_connection(source) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))


def settle(file: Path) -> None:
    """Moves everything from the journal into the file, so that the file alone is the database."""
    with plain_connection(file, "rw") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def broken_references(connection: Connection) -> int:
    return len(connection.exec_driver_sql("PRAGMA foreign_key_check").all())


def _folded(text: str | float | None) -> str | float | None:
    return text.casefold() if isinstance(text, str) else text


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
