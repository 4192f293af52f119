"""Pure: reads calls written as Python, `[f(a=1, b="x")]`. Only literals count; nothing is ever executed."""

import ast
import re
from collections.abc import Callable
from typing import Any

from app.engine.repairs.json_repair import as_object

LONGEST = 100_000
"""Characters; Python's parser takes memory with the length of what it reads."""
DEEPEST = 40
"""Levels of brackets; some hundred would end in a RecursionError or a crash of the parser."""
_SIGNS = re.compile(r"(?:[-+~]\s{0,3}|not\s{1,3}){20}")
_OPEN = "([{"
_WRAPPERS = frozenset({"print", "str", "await"})


def read_python(text: str, known: Callable[[str], str | None]) -> list[tuple[str, dict[str, Any]]]:
    """Calls of known tools that make up the whole text; empty if it is anything else."""
    code = text.strip()
    if not code or len(code) > LONGEST or _too_deep(code) or _SIGNS.search(code):
        return []
    try:
        tree = ast.parse(code, mode="exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    found: list[tuple[str, dict[str, Any]]] = []
    for statement in tree.body:
        calls = _calls(statement.value, known) if isinstance(statement, ast.Expr | ast.Assign) else None
        if calls is None:
            return []
        found += calls
    return found


def _too_deep(code: str) -> bool:
    """Whether brackets nest deeper than any call does; the parser must not be driven to its limits."""
    depth = 0
    for sign in re.finditer(r"[()\[\]{}]", code):
        depth += 1 if sign[0] in _OPEN else -1
        if depth > DEEPEST:
            return True
    return False


def _calls(node: ast.expr, known: Callable[[str], str | None]) -> list[tuple[str, dict[str, Any]]] | None:
    if isinstance(node, ast.List | ast.Tuple):
        listed = [_call(item, known) for item in node.elts]
        calls = [call for call in listed if call is not None]
        return calls if calls and len(calls) == len(listed) else None
    one = _call(node, known)
    return None if one is None else [one]


def _call(node: ast.expr, known: Callable[[str], str | None]) -> tuple[str, dict[str, Any]] | None:
    if isinstance(node, ast.Await):
        node = node.value
    if not isinstance(node, ast.Call):
        return None
    name = _dotted(node.func)
    if name in _WRAPPERS and len(node.args) == 1:
        return _call(node.args[0], known)
    meant = known(name) if name else None
    if meant is None:
        return None
    try:
        return meant, _arguments(node)
    except (ValueError, TypeError, RecursionError, MemoryError):
        return None


def _arguments(node: ast.Call) -> dict[str, Any]:
    """Keyword arguments, or one dict as the only argument. Raises `ValueError` for what is no literal."""
    if len(node.args) == 1 and not node.keywords:
        only = as_object(ast.literal_eval(node.args[0]))
        if only is None:
            raise ValueError("a bare argument has no name")
        return {str(key): value for key, value in only.items()}
    if node.args:
        raise ValueError("a bare argument has no name")
    arguments: dict[str, Any] = {}
    for keyword in node.keywords:
        value: Any = ast.literal_eval(keyword.value)
        if keyword.arg is not None:
            arguments[keyword.arg] = value
        else:
            arguments |= {str(key): inner for key, inner in (as_object(value) or {}).items()}
    return arguments


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""
