"""`engine.json`: where the engine of a data folder listens and the token that opens it. Standard library only.

The file is a note, not a truth: whoever answers on the port must still prove that it knows the token.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class EngineNote:
    port: int
    pid: int
    token: str
    protocol: int
    version: str
    started_at: float


def read_note(path: Path) -> EngineNote | None:
    """None when there is no such file or it makes no sense."""
    try:
        fields: dict[str, Any] = json.loads(path.read_bytes())
        note = EngineNote(
            port=int(fields["port"]),
            pid=int(fields["pid"]),
            token=str(fields["token"]),
            protocol=int(fields["protocol"]),
            version=str(fields["version"]),
            started_at=float(fields["started_at"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return note if 0 < note.port < 65536 and note.token else None


def write_note(path: Path, note: EngineNote) -> None:
    """Whole or not at all, readable by this user only."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(asdict(note), file)
        os.replace(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)
