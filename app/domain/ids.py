"""Public ids: `<kind>-<uuid4>`. They are made by the `IdFactory` port; here are only their shapes."""

import re
from typing import Literal

Kind = Literal[
    "agent",
    "archive",
    "block",
    "conv",
    "event",
    "identity",
    "mcp_client",
    "mcp_server",
    "message",
    "passage",
    "proposal",
    "provider",
    "run",
    "sandbox",
    "sandbox-env",
    "step",
    "tool",
    "call",
]

_SHAPE = re.compile(r"^(?P<kind>[a-z_]+(?:-env)?)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")


def is_id(text: str, kind: Kind) -> bool:
    """True if `text` has the shape of an id of this kind."""
    found = _SHAPE.match(text)
    return found is not None and found["kind"] == kind


def short(public_id: str) -> str:
    """The first four characters after the kind, as the window shows them: `run-7f3a...` -> `7f3a`."""
    return public_id.partition("-")[2][:4]
