"""Which data folder it is when nobody says so: the system's, or the one that a person chose in the window."""

import os
from pathlib import Path
from typing import Literal

import platformdirs

from app.domain.error import Invalid, StorageError

Source = Literal["argument", "variable", "chosen", "usual"]
"""What said which folder it is: `--data`, LARES_DATA, a person in the window, or nobody."""
DATABASE = "lares.db"
"""File name of the database in a data folder."""
_SIGNS = (DATABASE, "lares.known", "settings.toml")
"""One of these lies in every folder that Lares has worked on, or that was chosen for it."""


def usual_folder() -> Path:
    """The system's place for application data."""
    return Path(platformdirs.user_data_dir("lares", appauthor=False))


def choice_file() -> Path:
    """Holds the chosen folder's path; outside of any data folder, since it says which one it is."""
    return Path(platformdirs.user_config_dir("lares", appauthor=False)) / "data-folder.txt"


def chosen_folder() -> Path | None:
    """The folder that a person chose in the window; None: the usual one. Raises `Invalid` where that cannot be read."""
    file = choice_file()
    try:
        said = file.read_text("utf-8").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(file, str(error)) from error
    if said and not Path(said).is_absolute():
        raise _unreadable(file, said)
    return Path(said) if said else None


def choose(folder: Path | None) -> None:
    """From the next start on Lares works on this folder, which is made; None: on the usual one. Raises OSError."""
    file = choice_file()
    if folder is None:
        file.unlink(missing_ok=True)
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not is_there(folder):
        (folder / "settings.toml").touch(mode=0o600)
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    fresh.write_text(f"{folder}\n", "utf-8")
    os.replace(fresh, file)


def is_there(folder: Path) -> bool:
    """Whether it is one of Lares. A chosen folder that is none any more may lie on a disk that is not connected."""
    return any((folder / sign).exists() for sign in _SIGNS)


def not_there(folder: Path) -> StorageError:
    """What is said of a chosen folder that is missing."""
    return StorageError(
        f"The data folder {folder} is not there.",
        code="folder_missing",
        hint="If it is on a disk that is not connected, connect it and try again. Or choose another folder.",
    )


def _unreadable(file: Path, reason: str) -> Invalid:
    return Invalid(
        f"Lares cannot read which data folder was chosen: {file} names none.",
        code="folder_choice",
        hint="Delete that file to use the usual folder, or write the folder's whole path into it.",
        details={"reason": reason},
    )
