"""Settings of the engine by key."""

from typing import Any, Protocol

from app.domain.system import Setting


class SettingRepository(Protocol):
    def get(self, key: str) -> Setting | None:
        """None where it was never set."""
        ...

    def list(self) -> tuple[Setting, ...]:
        """All of them."""
        ...

    def set(self, key: str, value: Any) -> Setting:
        """Stores any JSON value, and counts its version up."""
        ...
