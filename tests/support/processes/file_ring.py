"""A key ring for child processes: PYTHON_KEYRING_BACKEND names one of these, FILE_RING the file it lies in."""

import json
import os
import threading
from pathlib import Path

from keyring.backend import KeyringBackend


class FileRing(KeyringBackend):
    priority = 1  # type: ignore[assignment]

    @property
    def _file(self) -> Path:
        return Path(os.environ["FILE_RING"])

    def _kept(self) -> dict[str, str]:
        return json.loads(self._file.read_text("utf-8")) if self._file.exists() else {}

    def get_password(self, service: str, username: str) -> str | None:
        return self._kept().get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self._file.write_text(json.dumps(self._kept() | {f"{service}/{username}": password}), "utf-8")

    def delete_password(self, service: str, username: str) -> None:
        kept = self._kept()
        del kept[f"{service}/{username}"]
        self._file.write_text(json.dumps(kept), "utf-8")


class RaisingRing(FileRing):
    def get_password(self, service: str, username: str) -> str | None:
        raise RuntimeError("locked")


class LaterRaisingRing(FileRing):
    """Answers when it is tried out, and is locked afterwards."""

    def get_password(self, service: str, username: str) -> str | None:
        if username == "probe":
            return None
        raise RuntimeError("locked")


class WaitingRing(FileRing):
    """Waiting for a person who types a password."""

    def get_password(self, service: str, username: str) -> str | None:
        threading.Event().wait(3)
        return None


class OtherRing(FileRing):
    """Works, and knows nothing of what another one keeps."""

    def get_password(self, service: str, username: str) -> str | None:
        return None
