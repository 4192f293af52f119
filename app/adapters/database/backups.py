"""Backups: whole copies of the database beside it, made while it is in use, put back at the next opening.

The functions work on a closed, damaged or newer database too. Every file appears and disappears by one rename, so a
crash at any point leaves either the old state or the new one.
"""

import asyncio
import contextlib
import os
import shutil
import sqlite3
from pathlib import Path

from app.adapters.database.errors import storage_error
from app.adapters.database.sqlite import check, copy_whole, settle
from app.backup_files import NOTE, REASONS, backup_name, backup_of, backups_in, note_restore
from app.domain.base import Micros
from app.domain.error import Invalid, NotFound, StorageError
from app.domain.system import Backup
from app.ports.system import Clock

FILE = "lares.db"
FOLDER = "backups"
DAILY_KEPT = 7
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
    if not note.exists():
        return None
    name = note.read_text(encoding="utf-8").strip()
    try:
        backup = _existing(folder, name)
        flaw = check(backup)
        if flaw:
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


def clear_parts(folder: Path) -> None:
    """Removes what a crash left half written."""
    for part in (*folder.glob("*.part"), *(folder / FOLDER).glob("*.part")):
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
    for backup in others[DAILY_KEPT - 1 :]:
        (folder / FOLDER / backup.name).unlink(missing_ok=True)


def _named(folder: Path, reason: str, at: Micros) -> Path:
    if reason not in REASONS:
        raise Invalid(f"A backup is made for one of these reasons: {', '.join(REASONS)}.")
    return folder / FOLDER / backup_name(at, reason)


def _existing(folder: Path, name: str) -> Path:
    file = folder / FOLDER / name
    if file.name != name or not file.is_file() or backup_of(file) is None:
        raise NotFound(
            "This backup does not exist any more.", hint="Choose another one.", details={"kind": "backup", "id": name}
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
