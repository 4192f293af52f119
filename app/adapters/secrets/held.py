"""Keys that live in memory only, in front of those that are kept: of variables, and of servers that are just tried."""

from typing import Literal

from app.ports.secrets import SecretStore


class SecretsWithHeld:
    """Implements `app.ports.secrets.HeldSecrets`. A held key is given instead of a kept one of its name."""

    def __init__(self, kept: SecretStore) -> None:
        self._kept = kept
        self._held: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"SecretsWithHeld({self._kept!r})"

    @property
    def backend(self) -> Literal["keyring", "file"]:
        return self._kept.backend

    def get(self, name: str) -> str | None:
        held = self._held.get(name)
        return self._kept.get(name) if held is None else held

    def set(self, name: str, value: str) -> None:
        self._kept.set(name, value)

    def delete(self, name: str) -> None:
        self._kept.delete(name)

    def hold(self, name: str, value: str) -> None:
        self._held[name] = value

    def drop(self, name: str) -> None:
        self._held.pop(name, None)
