"""Backups: whole copies of the database beside it, made while it is in use, put back at the next opening.

The functions work on a closed, damaged or newer database too. Every file appears and disappears by one rename, so a
crash at any point leaves either the old state or the new one.
"""

import asyncio
import contextlib
import logging
import os
import shutil
import sqlite3
from pathlib import Path

from app.adapters.database.errors import damaged, storage_error
from app.adapters.database.sqlite import check, copy_whole, header_flaw, plain_connection, settle, table_names
from app.backup_files import NOTE, NOTHING, REASONS, backup_name, backup_of, backups_in, note_restore, noted
from app.domain.base import Micros
from app.domain.error import Invalid, NotFound, StorageError
from app.domain.system import Backup
from app.ports.system import Clock

log = logging.getLogger(__name__)

FILE = "lares.db"
"""Name of the database in its folder."""
FOLDER = "backups"
DAILY_KEPT = 7
_HOLDING = ("agents", "blocks", "messages")
"""Tables that say whether there is anything to lose."""
_SIDE_FILES = ("-wal", "-shm", ".suspect")


class SqliteBackups:
    """Implements `app.ports.storage.BackupStore` for the database in a folder."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock

    async def list(self) -> tuple[Backup, ...]:
        return await asyncio.to_thread(list_backups, self._folder)

    async def create(self, reason: str) -> Backup:
        return await asyncio.to_thread(create_backup, self._folder, reason, self._clock.now())

    def schedule_restore(self, name: str) -> None:
        schedule_restore(self._folder, name)


def list_backups(folder: Path) -> tuple[Backup, ...]:
    """Newest first; files that are no backups are left out."""
    try:
        return backups_in(folder / FOLDER)
    except OSError as cause:
        raise storage_error(cause, folder) from cause


def create_backup(folder: Path, reason: str, at: Micros) -> Backup:
    """Copies the database as it is now, and drops daily copies beyond the newest seven."""
    file = _named(folder, reason, at)
    part = file.with_name(file.name + ".part")
    try:
        file.parent.mkdir(exist_ok=True)
        copy_whole(folder / FILE, part)
        if flaw := flaw_of(part):
            part.unlink()
            raise damaged(flaw)
        _put(part, file)
    except (sqlite3.Error, OSError) as cause:
        part.unlink(missing_ok=True)
        raise storage_error(cause, folder) from cause
    if reason == "daily":
        _drop_old_daily(folder, file.name)
    return _certainly(file)


def schedule_restore(folder: Path, name: str) -> None:
    """Notes that this backup replaces the database at the next opening."""
    try:
        note_restore(_existing(folder, name))
    except OSError as cause:
        raise storage_error(cause, folder) from cause


def restore_scheduled(folder: Path, now: Micros) -> str | None:
    """Carries out a noted restore; returns the backup's name. For the opening only: nobody may use the database.

    Raises `StorageError` when the backup is itself damaged; the database then stays, and the note is gone.
    """
    note = folder / FOLDER / NOTE
    name = noted(note.parent)
    if name is None:
        if note.is_file():
            log.warning("the note which backup comes back names none, so it is left out")
            note.unlink()
        return None
    if name == NOTHING:
        return None
    try:
        backup = _existing(folder, name)
        if flaw := flaw_of(backup):
            raise _damaged_backup(name, flaw)
    except (NotFound, StorageError):
        note.unlink()
        raise
    file = folder / FILE
    fresh = file.with_name(FILE + ".part")
    shutil.copyfile(backup, fresh)
    if file.exists():
        _keep(folder, now)
    for side in _SIDE_FILES:
        file.with_name(FILE + side).unlink(missing_ok=True)
    _put(fresh, file)
    note.unlink()
    _flush_folder(note.parent)
    return name


def flaw_of(copy: Path) -> str:
    """Why a copy cannot become the database, from a reading of all of it; empty when it can."""
    if copy.stat().st_size == 0:
        return "it is empty"
    flaw = header_flaw(copy) or check(copy)
    if flaw:
        return flaw
    with plain_connection(copy) as connection:
        if not {"about", "alembic_version", *_HOLDING} <= table_names(connection):
            return "it is a database, but not a Lares database"
    return ""


def holds_agents(copy: Path) -> bool:
    """Whether it is a database of Lares with an agent, a block or a message in it."""
    try:
        with plain_connection(copy) as connection:
            return any(connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in _HOLDING)
    except sqlite3.Error:
        return False


def newest_sound(folder: Path) -> Backup | None:
    """The newest copy that holds data and can be put back."""
    for backup in list_backups(folder):
        copy = folder / FOLDER / backup.name
        if holds_agents(copy) and not flaw_of(copy):
            return backup
    return None


def begin_anew(folder: Path) -> bool:
    """Whether a person chose to begin without a backup. The newest copy that holds data is then never rotated away."""
    if noted(folder / FOLDER) != NOTHING:
        return False
    kept = newest_sound(folder)
    if kept is not None and kept.reason == "daily":
        os.replace(folder / FOLDER / kept.name, folder / FOLDER / backup_name(kept.at, "before restore"))
    (folder / FOLDER / NOTE).unlink()
    return True


def clear_parts(folder: Path) -> None:
    """Removes what a crash left half written."""
    for part in (*folder.glob("*.part"), *(folder / FOLDER).glob("*.part")):
        if not part.is_dir():
            part.unlink(missing_ok=True)


def _keep(folder: Path, now: Micros) -> None:
    """Makes the present database a backup: a clean copy if it can be read, else the files as they are."""
    file = folder / FILE
    try:
        create_backup(folder, "before restore", now)
    except StorageError as error:
        if error.code in ("disk_full", "read_only"):
            raise
        with contextlib.suppress(sqlite3.Error):
            settle(file)
        kept = _named(folder, "before restore", now)
        kept.parent.mkdir(exist_ok=True)
        journal = file.with_name(FILE + "-wal")
        if journal.exists():
            os.replace(journal, kept.with_name(kept.name + "-wal"))
        os.replace(file, kept)


def _drop_old_daily(folder: Path, newest: str) -> None:
    """`newest`: the one just made; after a clock was set back it bears the oldest time."""
    others = [backup for backup in list_backups(folder) if backup.reason == "daily" and backup.name != newest]
    kept, old = [newest, *(backup.name for backup in others[: DAILY_KEPT - 1])], others[DAILY_KEPT - 1 :]
    if old and not any(holds_agents(folder / FOLDER / name) for name in kept):
        last = next((backup for backup in old if holds_agents(folder / FOLDER / backup.name)), None)
        old = [backup for backup in old if backup is not last]
    for backup in old:
        (folder / FOLDER / backup.name).unlink(missing_ok=True)


def _named(folder: Path, reason: str, at: Micros) -> Path:
    if reason not in REASONS:
        raise Invalid(f"A backup is made for one of these reasons: {', '.join(REASONS)}.")
    return folder / FOLDER / backup_name(at, reason)


def _existing(folder: Path, name: str) -> Path:
    file = folder / FOLDER / name
    if file.name != name or not file.is_file() or backup_of(file) is None:
        raise NotFound(
            "This backup no longer exists.", hint="Choose another one.", details={"kind": "backup", "id": name}
        )
    return file


def _certainly(file: Path) -> Backup:
    backup = backup_of(file)
    assert backup is not None, file.name
    return backup


def _damaged_backup(name: str, flaw: str) -> StorageError:
    return StorageError(
        "This backup is damaged, so it was not restored. Your data is as it was.",
        code="database_damaged",
        hint="Start Lares again, or choose another backup.",
        details={"backup": name, "reason": flaw},
    )


def _put(part: Path, file: Path) -> None:
    """Gives a finished file its name, on the disk and not only in memory."""
    with part.open("rb+") as opened:
        os.fsync(opened.fileno())
    os.replace(part, file)
    _flush_folder(file.parent)


def _flush_folder(folder: Path) -> None:
    # Windows cannot open folders, and writes their entries through by itself.
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
