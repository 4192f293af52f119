"""Whether Chroma's files are as they were left.

It reads damaged ones without a word, stands still, or ends the process, so they are compared before it opens them.
"""

import contextlib
import json
import os
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

NOTES, DATABASE = "files.json", "chroma.sqlite3"
AT_ONCE = 4 * 1024 * 1024


class Noted(NamedTuple):
    """One file of a graph."""

    size: int
    changed: int
    """Nanoseconds: while it is the same, the sum below need not be made again."""
    crc: int


def note(folder: Path) -> None:
    """Writes down what the files of the graphs are now; Chroma writes them after each thousand vectors."""
    before = _noted(folder) or {}
    now: dict[str, Noted] = {}
    for name, file in _files(folder):
        told, known = file.stat(), before.get(name)
        same = known is not None and known[:2] == (told.st_size, told.st_mtime_ns)
        now[name] = known if known is not None and same else Noted(told.st_size, told.st_mtime_ns, _crc(file))
    if now != before:
        new = folder / f"{NOTES}.new"
        new.write_text(json.dumps(now))
        os.replace(new, folder / NOTES)


def as_noted(folder: Path) -> bool:
    """Whether every file is the one that was noted, and the database among them is whole."""
    noted = _noted(folder)
    if noted is None:
        return False
    there = {name: (file.stat().st_size, _crc(file)) for name, file in _files(folder)}
    return there == {name: (one.size, one.crc) for name, one in noted.items()} and _is_whole(folder / DATABASE)


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for file in sorted(folder.glob("*/*")):
        if file.is_file():
            yield file.relative_to(folder).as_posix(), file


def _noted(folder: Path) -> dict[str, Noted] | None:
    try:
        told = json.loads((folder / NOTES).read_text())
        return {str(name): Noted(*(int(number) for number in one)) for name, one in told.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def _crc(file: Path) -> int:
    crc = 0
    with file.open("rb") as opened:
        while some := opened.read(AT_ONCE):
            crc = zlib.crc32(some, crc)
    return crc


def _is_whole(file: Path) -> bool:
    if not file.exists():
        return False
    try:
        with contextlib.closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as db:
            return db.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
    except sqlite3.Error:
        return False
