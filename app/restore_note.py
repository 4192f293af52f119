"""The note that a backup replaces the database at the next opening. Standard library only.

The window writes it too, when no engine runs that could be asked; the engine looks for it before it opens the database.
"""

import os
from pathlib import Path

NOTE = "restore.next"
"""File name, beside the backups; it holds the backup's name."""


def note_restore(backup: Path) -> None:
    """`backup` becomes the database at the next opening; what is there now is kept beside it. Raises OSError."""
    note = backup.parent / NOTE
    part = note.with_name(f"{NOTE}.part")
    with part.open("w", encoding="utf-8") as file:
        file.write(backup.name)
        file.flush()
        os.fsync(file.fileno())
    part.replace(note)
