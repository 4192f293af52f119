"""Values of secrets: which can be one, and how those of an agent, a tool or the sandbox are read from the store."""

from collections.abc import Mapping

from app.domain.error import Invalid
from app.ports.secrets import SecretStore

MAX_NAME = 200


def check_secrets(values: Mapping[str, str | None]) -> None:
    """Each becomes an environment variable of a call. Raises `Invalid` for a name or a value that none can have."""
    for name, value in values.items():
        if not 0 < len(name) <= MAX_NAME or not name.isprintable() or "=" in name:
            raise Invalid(
                "A secret needs a name of 1 to 200 printable characters without “=”.", hint="For example: API_KEY"
            )
        if value is not None and "\0" in value:
            raise Invalid(f"The value of “{name}” has a character that no variable can have.", hint="Enter it again.")


def stored_values(secrets: SecretStore, keys: Mapping[str, str]) -> dict[str, str]:
    """By name, given the key of each; those that the store has lost are left out. May block.

    So are names that earlier versions took and no variable can have.
    """
    found = {name: secrets.get(key) for name, key in keys.items() if "=" not in name}
    return {name: value for name, value in found.items() if value is not None}
