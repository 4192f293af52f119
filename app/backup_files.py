"""The files in the folder of backups: their names, their order, the note which one comes back.

The engine makes them; the window lists them too when no engine runs that could be asked.
"""

import datetime
import os
import re
from pathlib import Path
from typing import get_args

from app.domain.base import Micros
from app.domain.system import Backup

NOTE = "restore.next"
"""File name, beside the backups; it holds the name of the backup that becomes the database at the next opening."""
NOTHING = "nothing"
"""What the note holds in place of a name when a person chose to begin without a backup."""
REASONS: tuple[str, ...] = get_args(Backup.model_fields["reason"].annotation)
"""Why a copy was made; each is a part of its file's name."""
_NAME = re.compile(r"^(?P<at>\d{8}T\d{6}\.\d{6})Z-(?P<reason>[a-z-]+)\.db$")
_TIME = "%Y%m%dT%H%M%S.%f"
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def backup_name(at: Micros, reason: str) -> str:
    """The file name that `backup_of` reads back."""
    time = (_EPOCH + datetime.timedelta(microseconds=at)).strftime(_TIME)
    return f"{time}Z-{reason.replace(' ', '-')}.db"


def backup_of(file: Path) -> Backup | None:
    """None for a file that is no backup. The name tells the time: that of the file is when its writing ended."""
    found = _NAME.match(file.name)
    reason = found["reason"].replace("-", " ") if found else ""
    if found is None or reason not in REASONS:
        return None
    try:
        time = datetime.datetime.strptime(found["at"], _TIME).replace(tzinfo=datetime.UTC)
        size = file.stat().st_size
    except (ValueError, FileNotFoundError):
        return None
    if size == 0:
        # What a full disk or a program that syncs folders left of it.
        return None
    at = (time - _EPOCH) // datetime.timedelta(microseconds=1)
    return Backup.model_validate({"name": file.name, "at": at, "bytes": size, "reason": reason})


def backups_in(folder: Path) -> tuple[Backup, ...]:
    """Newest first; none where the folder is missing. Raises OSError."""
    try:
        files = list(folder.iterdir())
    except FileNotFoundError:
        return ()
    found = [backup for file in files if (backup := backup_of(file)) is not None]
    return tuple(sorted(found, key=lambda backup: backup.at, reverse=True))


def note_restore(backup: Path) -> None:
    """`backup` becomes the database at the next opening; what is there now is kept beside it. Raises OSError."""
    _note(backup.parent, backup.name)


def note_nothing(folder: Path) -> None:
    """The next opening begins anew where the database is gone, and leaves the backups in `folder`. Raises OSError."""
    _note(folder, NOTHING)


def noted(folder: Path) -> str | None:
    """What is noted for the next opening: the name of a backup, or `NOTHING`. Whatever else lies there is no note."""
    note = folder / NOTE
    if not note.is_file():
        return None
    said = note.read_bytes().decode("utf-8", "replace").strip()
    return said if said == NOTHING or _NAME.match(said) else None


def _note(folder: Path, said: str) -> None:
    note = folder / NOTE
    part = note.with_name(f"{NOTE}.part")
    with part.open("w", encoding="utf-8") as file:
        file.write(said)
        file.flush()
        os.fsync(file.fileno())
    part.replace(note)
