"""Opening the database of a data folder: restore if asked, check, create or bring up to date, then hand it out."""

import asyncio
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.exc import DBAPIError

from app import __version__
from app.adapters.database import backups
from app.adapters.database.engine import SqliteStorage, suspect_marker
from app.adapters.database.errors import damaged, missing, newer, storage_error
from app.adapters.database.migrations import CURRENT, Versions
from app.adapters.database.passage_search import create_passage_index
from app.adapters.database.rows import add
from app.adapters.database.search import create_index
from app.adapters.database.sqlite import (
    check,
    create_tables,
    header_flaw,
    migrating_engine,
    plain_connection,
    table_names,
    use_wal,
)
from app.adapters.database.tables import about, alembic_version, metadata
from app.domain.event import Changed
from app.ports.system import Clock

MARKER = "lares.known"
"""Lies beside the database from its first opening, so that one that is gone is told from one that never was."""
_MARK = "Lares keeps agents in this folder. When lares.db is gone while this file is here, Lares says so.\n"
LOST = (
    "The file that held your agents (lares.db) was empty or gone, and there was no backup to go back to. "
    "Lares began with a new one."
)


_LARGEST_EMPTY = 65536
"""Bytes of a database without any table: one page, of the largest kind that SQLite has."""


class Stamp(NamedTuple):
    """What a database says of itself; all empty for a new one."""

    revision: str = ""
    format: int = 0
    written_by: str = ""


async def open_storage(folder: Path, clock: Clock, *, on_changed: Callable[[Changed], None]) -> SqliteStorage:
    """Opens `lares.db` in the folder, making both if need be. Only one process may do so at a time.

    Raises `StorageError`: `read_only`, `disk_full`, `database_damaged`, `database_missing`, `newer_data`, `no_wal`,
    `no_fts5`. The backups can be listed and put back even then (`list_backups`, `schedule_restore`).
    """
    lost = await asyncio.to_thread(prepare, folder, clock)
    storage = SqliteStorage(folder / backups.FILE, on_changed)
    storage.notice = LOST if lost else ""
    return storage


def prepare(folder: Path, clock: Clock, versions: Versions = CURRENT) -> bool:
    """Everything before the first transaction, with all errors as sentences.

    True when there was a database once, and it is gone without a backup.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _try_writing(folder)
        backups.clear_parts(folder)
        backups.restore_scheduled(folder, clock.now())
        lost = _is_lost(folder)
        _prepare_file(folder, clock, versions)
        marker = folder / MARKER
        if not marker.exists():
            marker.write_text(_MARK, encoding="utf-8")
        return lost
    except (DBAPIError, sqlite3.Error, OSError) as cause:
        raise storage_error(cause, folder) from cause


def _prepare_file(folder: Path, clock: Clock, versions: Versions) -> None:
    file = folder / backups.FILE
    if file.exists():
        _distrust(file)
    with plain_connection(file, "rwc") as connection:
        stamp = _stamp(connection)
        if stamp.revision and (stamp.revision not in versions.revisions or stamp.format > versions.format):
            raise newer(stamp.written_by or "unknown version")
        use_wal(connection)
    if not stamp.revision:
        _create(file, versions)
    elif stamp.revision != versions.head:
        _upgrade(folder, clock, versions)
    if stamp.revision and (stamp.format, stamp.written_by) != (versions.format, __version__):
        _sign(file, versions)


def _is_lost(folder: Path) -> bool:
    """Whether the database is gone. Stops the opening while a sound copy lies beside, until a person has chosen."""
    file = folder / backups.FILE
    size = file.stat().st_size if file.exists() else 0
    if size > _LARGEST_EMPTY or (size and header_flaw(file)):
        return False
    if size:
        with plain_connection(file) as connection:
            if table_names(connection):
                return False
    chosen = backups.begin_anew(folder)
    sound = None if chosen else backups.newest_sound(folder)
    if sound is not None:
        raise missing(sound.name)
    _set_aside_journal(file)
    return not chosen and (folder / MARKER).exists()


def _set_aside_journal(file: Path) -> None:
    """SQLite would remove it beside an empty database, and it may hold the last messages."""
    journal = file.with_name(file.name + "-wal")
    if journal.exists() and journal.stat().st_size > 0:
        os.replace(journal, journal.with_name(journal.name + ".lost"))


def _try_writing(folder: Path) -> None:
    probe = folder / f".probe-{os.getpid()}"
    probe.touch()
    probe.unlink()


def _distrust(file: Path) -> None:
    """A look at the header always; a whole reading only after a transaction met damage."""
    flaw = header_flaw(file)
    marker = suspect_marker(file)
    if not flaw and marker.exists():
        flaw = check(file)
        if not flaw:
            marker.unlink()
    if flaw:
        raise damaged(flaw)


def _stamp(connection: sqlite3.Connection) -> Stamp:
    names = table_names(connection)
    if not names:
        return Stamp()
    if not {"about", "alembic_version"} <= names:
        raise damaged("it is a database, but not a Lares database")
    revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    said = dict(connection.execute("SELECT key, value FROM about").fetchall())
    if revision is None or not said.get("format", "").isdigit():
        raise damaged("it does not say which version it is")
    return Stamp(revision[0], int(said["format"]), said.get("written_by", ""))


def _create(file: Path, versions: Versions) -> None:
    """A new database in one transaction, without Alembic; a test compares it with what the migrations make."""
    engine = migrating_engine(file)
    try:
        with engine.begin() as db:
            create_tables(db, metadata)
            create_index(db)
            create_passage_index(db)
            add(db, alembic_version, {"version_num": versions.head})
            said = _signature(versions)
            add(db, about, *({"key": key, "value": value} for key, value in said.items()))
    finally:
        engine.dispose()


def _upgrade(folder: Path, clock: Clock, versions: Versions) -> None:
    # Alembic takes 0.2 s to import and is needed once per version.
    from app.adapters.database.migrations.upgrade import upgrade

    backups.create_backup(folder, "migration", clock.now())
    engine = migrating_engine(folder / backups.FILE)
    try:
        upgrade(engine, versions)
    finally:
        engine.dispose()


def _sign(file: Path, versions: Versions) -> None:
    with plain_connection(file, "rw") as connection:
        said = _signature(versions)
        connection.executemany("UPDATE about SET value = ? WHERE key = ?", [(said[key], key) for key in said])


def _signature(versions: Versions) -> dict[str, str]:
    return {"format": str(versions.format), "written_by": __version__}
