"""Parsed JSON of others: what kind a value is, and the parts of it in a shape that can be relied on.

Keys of parsed JSON are always strings, which `isinstance(value, dict)` does not say to a type checker.
"""

from typing import Any, TypeGuard

JsonObject = dict[str, Any]


def is_object(value: object) -> TypeGuard[JsonObject]:
    """Whether it is a JSON object."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[Any]]:
    """Whether it is a JSON array."""
    return isinstance(value, list)


def object_of(value: object) -> JsonObject:
    """The value if it is an object, else an empty one."""
    return value if is_object(value) else {}


def array_of(value: object) -> list[Any]:
    """The value if it is an array, else an empty one."""
    return value if is_array(value) else []
