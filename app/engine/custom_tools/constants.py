"""Values that stand in a source as they are."""

import ast
from typing import Any


class NotConstant(Exception):
    """It would have to be run to be known."""


def constant(node: ast.expr, names: dict[str, ast.expr], depth: int = 0) -> Any:
    """The value of a literal, or of a name that stands for one. Raises `NotConstant`."""
    if isinstance(node, ast.Name) and node.id in names and depth < 10:
        return constant(names[node.id], names, depth + 1)
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, MemoryError, RecursionError):
        raise NotConstant from None
    return _json(value)


def _json(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, (list, tuple, set)):
        return [_json(one) for one in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):  # pyright: ignore[reportUnknownVariableType]
        return {key: _json(one) for key, one in value.items()}  # pyright: ignore[reportUnknownVariableType]
    raise NotConstant
