"""Keys in a JSON file of mode 0600, replaced as a whole: a crash leaves the old file or the new one."""

import contextlib
import json
import os
import secrets
import threading
from pathlib import Path
from typing import Literal

from app.domain.error import StorageError
from app.domain.json_value import is_object


class FileSecrets:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"FileSecrets({str(self._path)!r})"

    @property
    def backend(self) -> Literal["keyring", "file"]:
        return "file"

    def get(self, name: str) -> str | None:
        with self._lock:
            return self._read().get(name)

    def set(self, name: str, value: str) -> None:
        with self._lock:
            self._write(self._read() | {name: value})

    def delete(self, name: str) -> None:
        with self._lock:
            kept = self._read()
            if kept.pop(name, None) is not None:
                self._write(kept)

    def _read(self) -> dict[str, str]:
        try:
            text = self._path.read_text(encoding="utf-8")
            self._close_to_others()
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError) as problem:
            raise self._unreadable(type(problem).__name__) from None
        kept = _parsed(text)
        if kept is None:
            raise self._unreadable("no JSON object of texts")
        return kept

    def _write(self, kept: dict[str, str]) -> None:
        draft = self._path.with_name(f"{self._path.name}.{secrets.token_hex(4)}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(kept, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, self._path)
        except OSError as problem:
            with contextlib.suppress(OSError):
                draft.unlink()
            raise StorageError(
                f"The key could not be written to {self._path}, so it was not saved.",
                code="storage",
                hint="Check that the folder is writable and the disk has space, then enter the key again.",
                details={"reason": problem.strerror or type(problem).__name__},
            ) from None

    def _close_to_others(self) -> None:
        if os.name == "posix" and self._path.stat().st_mode & 0o077:
            self._path.chmod(0o600)

    def _unreadable(self, reason: str) -> StorageError:
        return StorageError(
            f"The file with your keys, {self._path}, cannot be read. "
            "Servers that need a key will refuse requests until it can be.",
            code="storage",
            hint="Make the file readable, or remove it and enter the keys again.",
            details={"reason": reason},
        )


def _parsed(text: str) -> dict[str, str] | None:
    # The error of a failed parse carries the whole text, so it must not become part of any other exception.
    try:
        kept = json.loads(text)
    except ValueError:
        return None
    texts = is_object(kept) and all(isinstance(value, str) for value in kept.values())
    return kept if texts else None
