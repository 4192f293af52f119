"""Keys in the system's key ring. Every call ends within a second: a locked ring would wait for a password for ever."""

import threading
from collections.abc import Callable
from typing import Any, Literal, Protocol, TypeVar

from app.adapters.secrets.file import FileSecrets
from app.domain.error import StorageError

SERVICE = "Lares"
PATIENCE = 1.0
_UNUSABLE = ("keyring.backends.fail", "keyring.backends.null")

T = TypeVar("T")


class Ring(Protocol):
    """The part of a `keyring` backend that is used here."""

    def get_password(self, service: str, username: str) -> str | None: ...
    def set_password(self, service: str, username: str, password: str) -> None: ...
    def delete_password(self, service: str, username: str) -> None: ...


class KeyringSecrets:
    """`file`: keys written while no ring answered; they move into the ring when they are set again."""

    def __init__(self, ring: Ring, file: FileSecrets, patience: float = PATIENCE) -> None:
        self._ring = ring
        self._file = file
        self._patience = patience

    def __repr__(self) -> str:
        return f"KeyringSecrets({type(self._ring).__name__})"

    @property
    def backend(self) -> Literal["keyring", "file"]:
        return "keyring"

    def get(self, name: str) -> str | None:
        kept = self._ask(lambda: self._ring.get_password(SERVICE, name))
        return self._file.get(name) if kept is None else kept

    def set(self, name: str, value: str) -> None:
        self._ask(lambda: self._ring.set_password(SERVICE, name, value))
        self._file.delete(name)

    def delete(self, name: str) -> None:
        if self._ask(lambda: self._ring.get_password(SERVICE, name)) is not None:
            self._ask(lambda: self._ring.delete_password(SERVICE, name))
        self._file.delete(name)

    def _ask(self, work: Callable[[], T]) -> T:
        answer, reason = within(self._patience, work)
        if reason is None:
            return answer  # pyright: ignore[reportReturnType]
        raise StorageError(
            "The system's key ring is not available at the moment, so servers that need a key will refuse requests.",
            code="storage",
            hint="Unlock the key ring, then try again.",
            details={"reason": reason},
        )


def probe_keyring(patience: float = PATIENCE) -> Ring | None:
    """The system's key ring if it really answers within a second, else None."""
    ring, _ = within(patience, _working_ring)
    return ring


def _working_ring() -> Ring | None:
    import keyring

    ring: Any = keyring.get_keyring()
    backends = getattr(ring, "backends", None)
    if type(ring).__module__.startswith(_UNUSABLE) or (backends is not None and not backends):
        return None
    ring.get_password(SERVICE, "probe")
    return ring


def within(seconds: float, work: Callable[[], T]) -> tuple[T | None, str | None]:
    """The result and None, or None and why there is none. A call that hangs is left behind in its thread."""
    answers: list[tuple[T | None, str | None]] = []

    def run() -> None:
        try:
            answers.append((work(), None))
        except Exception as problem:  # noqa: BLE001  backends raise whatever their system raises
            # Only the kind: a backend's text might repeat what it was given.
            answers.append((None, type(problem).__name__))

    thread = threading.Thread(target=run, name="keyring", daemon=True)
    thread.start()
    thread.join(seconds)
    return answers[0] if answers else (None, "no answer")
