"""Pure: names of tools that every model server accepts, no two alike."""

import re
import unicodedata
from collections.abc import Collection

MOST = 64
"""Characters, as OpenAI and Anthropic take them."""
_OTHER = re.compile(r"[^A-Za-z0-9_-]+")


def tool_name(told: str, server: str, taken: Collection[str]) -> str:
    """The name for a tool that its server calls `told`; one that is taken gets the server's name before it."""
    name = _clean(told) or "tool"
    if name not in taken:
        return name
    prefixed = _cut(f"{_clean(server) or 'mcp'}_{name}", MOST)
    number, found = 2, prefixed
    while found in taken:
        ending = f"_{number}"
        found = _cut(prefixed, MOST - len(ending)) + ending
        number += 1
    return found


def _clean(text: str) -> str:
    spelled = unicodedata.normalize("NFKD", text)
    kept = "".join(one for one in spelled if not unicodedata.combining(one))
    name = _OTHER.sub("_", kept).strip("_-")
    # Gemini takes no name that begins with a digit.
    return _cut(f"_{name}" if name[:1].isdigit() else name, MOST)


def _cut(name: str, most: int) -> str:
    return name[:most].rstrip("_-") or "tool"
