"""Model servers."""

from typing import Protocol

from app.domain.model import Provider


class ProviderRepository(Protocol):
    def list(self) -> tuple[Provider, ...]:
        """All of them, in the order in which they were added."""
        ...

    def get(self, provider_id: str) -> Provider:
        """Raises `NotFound`."""
        ...

    def named(self, name: str) -> Provider | None:
        """By the first half of a model handle."""
        ...

    def add(self, provider: Provider) -> None:
        """Raises `Conflict` (code `name_taken`)."""
        ...

    def save(self, provider: Provider) -> None:
        """Writes all fields as given."""
        ...

    def delete(self, provider_id: str) -> None:
        """For good; its key stays in the secret store."""
        ...
