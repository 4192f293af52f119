"""What the engine says of itself, its settings and its backups."""

from typing import Any, Literal

from app.domain.base import Frozen, Micros
from app.domain.json_value import array_of


class EngineStatus(Frozen):
    """What an engine tells each client that connects."""

    version: str
    pid: int
    data_folder: str
    started_at: Micros
    secrets: Literal["keyring", "file"]
    """Where keys are kept; `file`: a file that only this user can read, because no keyring answers."""
    notices: tuple[str, ...] = ()
    """Sentences a person should see once: network volume, snapshot failed, disk nearly full."""
    resumed_runs: tuple[str, ...] = ()
    """Runs taken up again when this engine started."""
    interrupted_runs: tuple[str, ...] = ()
    """Runs that were ended instead."""
    free_bytes: int | None = None


class Backup(Frozen):
    """A whole copy of the database."""

    name: str
    at: Micros
    bytes: int
    reason: Literal["daily", "migration", "manual", "before restore"]


class Setting(Frozen):
    """A value that the engine or every client goes by, under its key; `value` is any JSON."""

    key: str
    value: Any
    version: int = 1

    @property
    def rows(self) -> list[Any]:
        """The value where it is a list, else nothing: what another version wrote here is not ours to read."""
        return array_of(self.value)


class Blob(Frozen):
    """Bytes stored once by their hash (an image)."""

    sha256: str
    media_type: str
    size: int
    width: int = 0
    height: int = 0
