"""Where keys are kept: the system's keyring, or a file only this user can read."""

from typing import Literal, Protocol


class SecretStore(Protocol):
    """Secrets by name. Raises `StorageError` where the store cannot be read or written."""

    @property
    def backend(self) -> Literal["keyring", "file"]:
        """Where secrets are kept; `file`: no keyring answers."""
        ...

    def get(self, name: str) -> str | None:
        """The secret, or None. May block up to a second: call it in a thread."""
        ...

    def set(self, name: str, value: str) -> None:
        """Keeps it, in place of an earlier one. May block up to a second: call it in a thread."""
        ...

    def delete(self, name: str) -> None:
        """Removes it; a missing one is no error."""
        ...


class HeldSecrets(SecretStore, Protocol):
    """A store that also holds secrets that are never kept: they are gone with the engine."""

    def hold(self, name: str, value: str) -> None:
        """Gives this one for the name from now on, whatever is kept. Never blocks."""
        ...

    def drop(self, name: str) -> None:
        """Holds it no longer; one that is not held is no error."""
        ...
