"""What lies in the data folder is for its user alone: files 0600, folders 0700, also those that were there before."""

import os
import stat
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

_OWN = (
    *("lares.db*", "lares.known", "settings.toml", "keys.json*"),
    *("engine*", "window.*", "backups", "logs", "packages", ".probe-*"),
)
"""Names of what Lares keeps there. Whatever else lies beside is not touched."""
_OTHERS = 0o077


def close_to_others(folder: Path) -> str:
    """Takes from other users what they could read. A sentence when they could; empty when there was nothing to do."""
    if os.name != "posix" or not folder.is_dir():
        return ""
    was_open = _is_open(folder)
    left = [path for path in _own_paths(folder) if _is_open(path) and not _close(path)]
    if not was_open:
        return ""
    if left:
        return _LEFT
    # A folder that is shared with something else, such as a home or /tmp, keeps its mode.
    return _MENDED if _is_own(folder) and _close(folder) else _MENDED_FILES


def _own_paths(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if any(fnmatchcase(path.name, own) for own in _OWN):
            yield path
            if path.name in ("backups", "logs") and path.is_dir() and not path.is_symlink():
                yield from path.iterdir()


def _is_open(path: Path) -> bool:
    mode = path.lstat().st_mode
    return not stat.S_ISLNK(mode) and bool(mode & _OTHERS)


def _is_own(folder: Path) -> bool:
    return all(any(fnmatchcase(other.name, own) for own in _OWN) for other in folder.iterdir())


def _close(path: Path) -> bool:
    try:
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~_OTHERS)
    except OSError:
        return False
    return True


_MENDED = "Other users of this computer could read your data folder. Lares closed it to them."
_MENDED_FILES = (
    "Your data folder is open to other users of this computer and holds more than Lares keeps. "
    "Lares closed its own files to them."
)
_LEFT = (
    "Other users of this computer can read your data folder, and Lares could not close it. "
    "Move it to a place of your own (--data)."
)
