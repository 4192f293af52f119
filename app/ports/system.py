"""Time and ids, so that tests can fix them."""

from typing import Protocol

from app.domain.base import Micros
from app.domain.ids import Kind


class Clock(Protocol):
    def now(self) -> Micros:
        """UTC, microseconds since 1970."""
        ...


class IdFactory(Protocol):
    def new(self, kind: Kind) -> str:
        """A fresh `<kind>-<uuid4>`."""
        ...
