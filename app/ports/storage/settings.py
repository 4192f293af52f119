"""Settings of the engine by key."""

from typing import Any, Protocol

from app.domain.system import Setting


class SettingRepository(Protocol):
    def get(self, key: str) -> Setting | None: ...
    def list(self) -> tuple[Setting, ...]: ...
    def set(self, key: str, value: Any) -> Setting: ...
