"""What SQLite and the disk complain about, as sentences for people."""

import errno
import os
import shutil
import sqlite3
from pathlib import Path

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from app.domain.error import Invalid, StorageError

_FULL = (errno.ENOSPC, errno.EDQUOT) if hasattr(errno, "EDQUOT") else (errno.ENOSPC,)
_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)
_PROBE = 256 * 1024


def storage_error(cause: SQLAlchemyError | sqlite3.Error | OSError, folder: Path) -> StorageError:
    """The sentence for an error of the database library or the file system."""
    inner = cause.orig if isinstance(cause, DBAPIError) else cause
    if isinstance(inner, OSError):
        return _of_system(inner, folder)
    code = (getattr(inner, "sqlite_errorcode", None) or 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return disk_full(folder)
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return damaged(str(inner))
    if code == sqlite3.SQLITE_READONLY:
        return read_only(folder)
    if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        return _probed(folder) or _other(str(inner))
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return locked(str(inner))
    return _other(str(inner))


def locked(reason: str) -> StorageError:
    return StorageError(
        "Another program holds the file with your data (lares.db), so this could not be saved.",
        code="locked",
        hint="Close programs that look into the database or copy it, then try again.",
        details={"reason": reason},
    )


def disk_full(folder: Path) -> StorageError:
    free = free_bytes(folder)
    return StorageError(
        "The disk is full, so this could not be saved. Everything saved before is safe.",
        code="disk_full",
        hint="Free some space on the disk that holds your data, then try again.",
        details={"folder": str(folder), "free_bytes": free},
    )


def read_only(folder: Path) -> StorageError:
    return StorageError(
        "Lares is not allowed to write to its data folder, so it cannot start or save anything.",
        code="read_only",
        hint=f"Allow this user to write to {folder}, or choose another data folder.",
        details={"folder": str(folder)},
    )


def damaged(reason: str) -> StorageError:
    return StorageError(
        "The file that holds your agents is damaged and cannot be read.",
        code="database_damaged",
        hint="Restore a backup; the damaged file is kept.",
        details={"reason": reason},
    )


def missing(backup: str) -> StorageError:
    return StorageError(
        "The file that holds your agents (lares.db) is empty or gone, and there are backups of it. "
        "Nothing was changed.",
        code="database_missing",
        hint=f"Restore a backup (lares restore {backup}), or begin with nothing (lares restore nothing).",
        details={"backup": backup},
    )


def replaced(folder: str, *, gone: bool) -> StorageError:
    happened = "is gone" if gone else "was replaced by another one"
    return StorageError(
        f"The file with your data (lares.db) {happened} while Lares was using it, so nothing more can be saved.",
        code="database_replaced",
        hint=f"Put back the files that were in {folder}, or close Lares and start it again: it then says what is left.",
        details={"folder": folder},
    )


def newer(written_by: str) -> StorageError:
    return StorageError(
        f"This data was written by a newer Lares ({written_by}). Opening it here could damage it.",
        code="newer_data",
        hint="Install the newest Lares, or choose another data folder.",
        details={"written_by": written_by},
    )


def not_storable(cause: Exception) -> Invalid:
    """Numbers, and words that are no domain model's (titles, searches, ids), come here as they were given."""
    if isinstance(cause, OverflowError):
        return Invalid("This number is too large to be stored.", hint="Choose a smaller one.")
    if "depth" in str(cause):
        return Invalid("This is nested too deeply to be stored.", hint="Use fewer levels.")
    return Invalid("This text holds half a character, so it cannot be stored.", hint="Type it again.")


def free_bytes(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def _of_system(cause: OSError, folder: Path) -> StorageError:
    if cause.errno in _FULL:
        return disk_full(folder)
    if cause.errno in _READ_ONLY:
        return read_only(folder)
    return _other(cause.strerror or str(cause))


def _probed(folder: Path) -> StorageError | None:
    """SQLite only says that reading or writing failed: writing something else tells why."""
    probe = folder / f".probe-{os.getpid()}"
    try:
        with probe.open("wb") as file:
            file.write(bytes(_PROBE))
            file.flush()
            os.fsync(file.fileno())
    except OSError as cause:
        return _of_system(cause, folder)
    finally:
        probe.unlink(missing_ok=True)
    return None


def _other(reason: str) -> StorageError:
    return StorageError(
        "Your data could not be read or saved just now.",
        hint="Try again. If it happens again, restart Lares.",
        details={"reason": reason},
    )
