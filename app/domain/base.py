"""The base of every domain model: frozen, closed, plain JSON in and out."""

from pydantic import BaseModel, ConfigDict, Field

# Field comes from here everywhere: once Qt is loaded, pydantic can only be imported with BaseModel first, because Qt's
# import hook looks into half-loaded modules.
__all__ = ["Field", "Frozen", "Micros"]


class Frozen(BaseModel):
    """An immutable value. Change one with `model_copy(update=...)`; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Micros = int
"""UTC time as integer microseconds since 1970."""
