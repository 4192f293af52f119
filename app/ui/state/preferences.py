"""Window state that is pleasant to keep: sizes, columns, last agent, look, drafts. Nothing with meaning is stored here.

A broken or read-only file never stops the app: reading then gives the default, writing is forgotten.
"""

import json
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtCore import QByteArray, QSettings

T = TypeVar("T")
FILE = "window.ini"
DRAFTS_KEPT = 200


class Preferences:
    def __init__(self, folder: Path) -> None:
        self._settings = QSettings(str(folder / FILE), QSettings.Format.IniFormat)
        self._settings.setFallbacksEnabled(False)

    def get(self, key: str, default: T) -> T:
        """The stored value if it is of the default's type, else the default."""
        raw = self._settings.value(key)
        if not isinstance(raw, str):
            return default
        try:
            found: Any = json.loads(raw)
        except ValueError:
            return default
        if isinstance(default, float) and isinstance(found, int) and not isinstance(found, bool):
            found = float(found)
        return found if type(found) is type(default) else default

    def set(self, key: str, value: object) -> None:
        self._settings.setValue(key, json.dumps(value, ensure_ascii=False))

    def remove(self, key: str) -> None:
        self._settings.remove(key)

    def get_bytes(self, key: str) -> QByteArray:
        return QByteArray.fromBase64(QByteArray(self.get(key, "").encode("ascii", "replace")))

    def set_bytes(self, key: str, value: QByteArray) -> None:
        self.set(key, bytes(value.toBase64().data()).decode("ascii"))

    def draft(self, conversation_id: str) -> dict[str, Any]:
        """What was typed and where the view stood; empty when nothing was kept."""
        return self.get(f"drafts/{conversation_id}", {})

    def set_draft(self, conversation_id: str, draft: dict[str, Any]) -> None:
        if draft:
            self.set(f"drafts/{conversation_id}", draft)
            self._forget_oldest()
        else:
            self.remove(f"drafts/{conversation_id}")

    def _forget_oldest(self) -> None:
        self._settings.beginGroup("drafts")
        keys = self._settings.childKeys()
        self._settings.endGroup()
        if len(keys) <= DRAFTS_KEPT:
            return
        by_age = sorted(keys, key=lambda key: self.draft(key).get("at", 0))
        for key in by_age[: len(keys) - DRAFTS_KEPT]:
            self.remove(f"drafts/{key}")

    def save(self) -> None:
        """To disk now; what cannot be written is given up in silence, because it is only comfort."""
        self._settings.sync()
