"""Asks the next engine to go back to a snapshot, for when none runs that could be asked. Standard library only.

The engine looks for this note before it opens the database; `app.adapters.database.backups` writes the same one.
"""

import os
from pathlib import Path

NOTE = "restore.next"


def note_restore(snapshot: Path) -> None:
    """`snapshot` becomes the database at the next opening; what is there now is kept beside it. Raises OSError."""
    note = snapshot.parent / NOTE
    part = note.with_name(f"{NOTE}.part")
    with part.open("w", encoding="utf-8") as file:
        file.write(snapshot.name)
        file.flush()
        os.fsync(file.fileno())
    part.replace(note)
