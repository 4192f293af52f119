"""Takes values out of JSON in which every field may be missing or of another kind."""

import json
from typing import Any

from app.domain.json_value import JsonObject, array_of, is_object, object_of

_LENIENT = json.JSONDecoder(strict=False)
"""Made once: `json.loads` makes one at each call, which costs more than reading a short text."""


def read_json(written: str) -> Any:
    """JSON of a server; some leave tabs and other control characters unescaped in their strings. Raises ValueError."""
    try:
        return _LENIENT.decode(written)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def names(value: Any) -> set[str]:
    """The strings of a list, or the keys of an object whose value is true."""
    if is_object(value):
        return {name for name, has in value.items() if has}
    return {str(name) for name in array_of(value)}


def objects(value: Any) -> list[JsonObject]:
    """What of a list are objects; nothing of what is no list."""
    return [one for one in array_of(value) if is_object(one)]


def at(value: Any, *path: str) -> Any:
    """What lies there inside objects in objects; None where one is missing."""
    for name in path:
        value = object_of(value).get(name)
    return value


def text(value: Any) -> str:
    """A text, or nothing where it is none."""
    return value if isinstance(value, str) else ""


LARGEST = 2**53
"""Whole numbers up to here are exact in every JSON reader."""


def count(value: Any) -> int | None:
    """A number above zero that can be one: nothing real comes near `LARGEST`, and beyond it nothing can be stored."""
    given = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if given and 0 < value <= LARGEST else None
