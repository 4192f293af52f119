"""What lies in a folder that Lares could work on, told before any engine opens it."""

import contextlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.data_folder import DATABASE, is_there
from app.domain.base import Micros
from app.domain.error import Invalid, StorageError
from app.volumes import on_network_volume

_HEADER = b"SQLite format 3\0"
_OF_THE_SYSTEM = frozenset({".ds_store", "thumbs.db", "desktop.ini", "lost+found", ".directory", ".localized"})
"""What file managers and file systems leave in folders, in small letters."""


@dataclass(frozen=True)
class FolderContents:
    """What lies in a folder that Lares could work on."""

    folder: Path
    kind: Literal["new", "empty", "lares"]
    """`new`: it does not exist yet."""
    bytes: int = 0
    """Of the database."""
    changed_at: Micros = 0


def look_at(folder: Path, current: Path) -> FolderContents:
    """What lies there. Raises `Invalid` or `StorageError` where Lares cannot work on it, with why and what to do.

    `current`: the folder that Lares works on now. Of a folder with other files `details` names one `inside` that
    could be made.
    """
    folder, current = folder.resolve(), current.resolve()
    if folder == current:
        raise Invalid("Lares is using this folder now.", hint="Choose another one.")
    if current in folder.parents:
        raise Invalid("This folder is inside the data folder that Lares is using.", hint="Choose one elsewhere.")
    if folder.exists() and not folder.is_dir():
        raise Invalid(f"“{folder.name}” is a file, not a folder.", hint="Choose a folder.")
    if on_network_volume(folder):
        raise StorageError(
            "This folder is on a network volume, where a database can be damaged when the connection breaks.",
            hint="Choose a folder on this computer's own disk.",
        )
    try:
        entries = _entries(folder)
        _try_writing(folder)
        return _contents(folder, entries)
    except OSError as error:
        raise StorageError(
            f"Lares cannot write to this folder ({error.strerror}).",
            code="read_only",
            hint="Choose another one, or allow writing there.",
        ) from error


def _entries(folder: Path) -> list[str]:
    if not folder.exists():
        return []
    return [entry.name for entry in folder.iterdir() if entry.name.lower() not in _OF_THE_SYSTEM]


def _try_writing(folder: Path) -> None:
    place = next(place for place in (folder, *folder.parents) if place.exists())
    with tempfile.TemporaryFile(dir=place):
        pass


def _contents(folder: Path, entries: list[str]) -> FolderContents:
    if not entries:
        return FolderContents(folder, "empty" if folder.exists() else "new")
    if not is_there(folder):
        raise Invalid(
            "There are other files in this folder, and none of Lares.",
            code="other_files",
            hint="Choose an empty folder, or make a new one in it.",
            details={"inside": str(folder / "Lares")},
        )
    database = folder / DATABASE
    with contextlib.suppress(FileNotFoundError):
        about = database.stat()
        with database.open("rb") as file:
            if file.read(len(_HEADER)) not in (_HEADER, b""):
                raise Invalid(
                    "The file lares.db in this folder is not a database.",
                    hint="Choose another folder, or put the right file back first.",
                )
        return FolderContents(folder, "lares", about.st_size, about.st_mtime_ns // 1000)
    return FolderContents(folder, "lares")
