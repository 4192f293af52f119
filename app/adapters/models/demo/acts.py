"""The four things the demo model can do in a reply."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Think:
    text: str


@dataclass(frozen=True)
class Say:
    text: str


@dataclass(frozen=True)
class Call:
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Break:
    """The connection dies here."""


Act = Think | Say | Call | Break
