"""JSON schemas that come with a source: as programs make them from pydantic models, with parts under `$defs`."""

from typing import Any

from app.domain.error import Invalid
from app.domain.json_value import JsonObject, is_array, is_object, object_of
from app.engine.custom_tools.annotations import DEEPEST


def inlined(schema: JsonObject) -> JsonObject:
    """An object schema without references: small models and the grammars of local servers follow none.

    Raises `Invalid` where it is none, or holds itself.
    """
    parts = {**object_of(schema.get("definitions")), **object_of(schema.get("$defs"))}
    found = _resolved(schema, parts, ())
    if not is_object(found) or found.get("type", "object") != "object":
        raise Invalid("The schema of a tool's arguments must be that of an object, with properties.")
    known = {name: value for name, value in found.items() if name not in ("$defs", "definitions", "title")}
    return {"type": "object", "properties": {}, "required": [], **known}


def _resolved(value: Any, parts: JsonObject, path: tuple[str, ...]) -> Any:
    if is_array(value):
        return [_resolved(one, parts, path) for one in value]
    if not is_object(value):
        return value
    named = value.get("$ref")
    if not isinstance(named, str):
        return {key: _resolved(one, parts, path) for key, one in value.items() if key not in ("$defs", "definitions")}
    name = named.rpartition("/")[2]
    if name in path or len(path) > DEEPEST:
        raise Invalid(f"The schema “{name}” holds itself, which cannot be told to a model.")
    if name not in parts:
        raise Invalid(f"The schema speaks of “{named}”, which it does not define.")
    more = {key: one for key, one in value.items() if key != "$ref"}
    return {**_resolved(parts[name], parts, (*path, name)), **more}
