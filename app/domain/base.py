"""The base of every domain model: frozen, closed, plain JSON in and out."""

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Field", "Frozen", "Micros"]


class Frozen(BaseModel):
    """An immutable value. Change one with `model_copy(update=...)`; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Micros = int
"""UTC time as integer microseconds since 1970."""
