"""`lares restore`: lists the backups, or notes which one the next start goes back to. Needs no engine."""

import datetime

from app.backup_files import NOTHING, backups_in, note_nothing, note_restore
from app.config import Config
from app.domain.error import NotFound, StorageError
from app.link.engine_file import read_note


def restore(config: Config, name: str) -> int:
    """Raises `AppError` when there is no such backup, or the folder cannot be used."""
    try:
        found = backups_in(config.backups)
        if not name:
            for backup in found:
                at = datetime.datetime.fromtimestamp(backup.at / 1_000_000).astimezone()
                print(f"{backup.name}  {at:%Y-%m-%d %H:%M}  {backup.bytes:,} bytes  {backup.reason}")
            if not found:
                print("There is no backup yet.")
            return 0
        if name == NOTHING and found:
            note_nothing(config.backups)
            print("The next start begins with nothing if the database is gone. The backups stay.")
        elif name in {backup.name for backup in found}:
            note_restore(config.backups / name)
            print(f"The next start goes back to {name}. What is there now is kept as a backup.")
        else:
            raise NotFound(f"There is no backup “{name}”.", hint="lares restore lists them.")
    except OSError as error:
        raise StorageError(f"The folder of backups cannot be used: {error.strerror}.") from error
    if read_note(config.engine_file) is not None:
        print("Lares is running on this folder: it happens when it starts again.")
    return 0
