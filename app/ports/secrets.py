"""Where keys are kept: the system's keyring, or a file only this user can read."""

from typing import Literal, Protocol


class SecretStore(Protocol):
    @property
    def backend(self) -> Literal["keyring", "file"]: ...

    def get(self, name: str) -> str | None:
        """The secret, or None. May block up to a second: call it in a thread."""
        ...

    def set(self, name: str, value: str) -> None: ...

    def delete(self, name: str) -> None:
        """Removes it; a missing one is no error."""
        ...
