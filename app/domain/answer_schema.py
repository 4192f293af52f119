"""The JSON schema that answers of an agent must have, as a person types it: read, checked, and said what is wrong."""

import json
from typing import Any, cast

LONGEST = 20_000
"""Characters of a schema; it is part of every request."""
DEEPEST = 12
TYPES = ("object", "array", "string", "number", "integer", "boolean", "null")
_LISTS = ("anyOf", "oneOf", "allOf")


def read_schema(text: str) -> tuple[dict[str, Any] | None, str]:
    """The schema, or None and one sentence that says what is wrong and where."""
    if len(text) > LONGEST:
        return None, f"A schema can have {LONGEST:,} characters; this one has {len(text):,}."
    try:
        schema = json.loads(text)
    except json.JSONDecodeError as error:
        return None, f"Line {error.lineno} is not JSON: {error.msg[:1].lower()}{error.msg[1:]}."
    except RecursionError:
        return None, "This is nested too deeply."
    if not isinstance(schema, dict):
        return None, "A schema is a JSON object: { … }."
    whole = cast(dict[str, Any], schema)
    if whole.get("type") != "object":
        return None, 'An answer is one JSON object, so the schema needs "type": "object".'
    problem = _problem(whole, "", 0)
    return (None, problem) if problem else (whole, "")


def _problem(schema: Any, place: str, depth: int) -> str:
    """What is wrong below this place; empty when nothing is."""
    where = f"In “{place}”: " if place else ""
    if not isinstance(schema, dict):
        return f"{where}a schema is expected here, a JSON object."
    if depth > DEEPEST:
        return f"{where}this is nested too deeply."
    one = cast(dict[str, Any], schema)
    kinds = one.get("type", [])
    named = cast(list[Any], kinds) if isinstance(kinds, list) else [kinds]
    unknown = [kind for kind in named if kind not in TYPES]
    if unknown:
        return f"{where}“{unknown[0]}” is no type; there are {', '.join(TYPES)}."
    if not isinstance(one.get("enum", []), list):
        return f'{where}"enum" is a list of values.'
    fields = one.get("properties", {})
    if not isinstance(fields, dict):
        return f'{where}"properties" is an object of schemas.'
    required = one.get("required", [])
    if not isinstance(required, list) or not all(isinstance(name, str) for name in cast(list[Any], required)):
        return f'{where}"required" is a list of names.'
    missing = [name for name in cast(list[str], required) if name not in fields]
    if missing:
        return f"{where}“{missing[0]}” is required, but is not among the properties."
    return _problem_below(one, cast(dict[str, Any], fields), place, depth)


def _problem_below(one: dict[str, Any], fields: dict[str, Any], place: str, depth: int) -> str:
    below = [(f"{place}.{name}" if place else name, field) for name, field in fields.items()]
    if "items" in one:
        below.append((f"{place}[]", one["items"]))
    for key in _LISTS:
        if key in one and not isinstance(one[key], list):
            return f'"{key}" is a list of schemas.'
        below += [(place, option) for option in one.get(key, [])]
    return next(filter(None, (_problem(schema, where, depth + 1) for where, schema in below)), "")
