"""Where keys are kept: the system's key ring where one answers, else a file only this user can read."""

from collections.abc import Callable
from pathlib import Path

from app.adapters.secrets.file import FileSecrets
from app.adapters.secrets.keyring import KeyringSecrets, Ring, probe_keyring
from app.ports.secrets import SecretStore

FILE_NAME = "keys.json"


def open_secrets(folder: Path, probe: Callable[[], Ring | None] = probe_keyring) -> SecretStore:
    """Chooses the store; blocks for a second at most. `probe` gives a working key ring or None."""
    file = FileSecrets(folder / FILE_NAME)
    ring = probe()
    return file if ring is None else KeyringSecrets(ring, file)
