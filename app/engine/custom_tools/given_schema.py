"""JSON schemas that come with a source: as programs make them from pydantic models, with parts under `$defs`."""

from typing import Any

from app.domain.error import Invalid
from app.domain.json_value import JsonObject, is_array, is_object, object_of
from app.engine.custom_tools.annotations import DEEPEST, MOST_CHOICES

MOST_PARTS = 5_000
"""Objects, lists and values of a schema once nothing in it is a reference any more: a few that refer to one another
twice each would else become millions.
"""


def inlined(schema: JsonObject) -> JsonObject:
    """An object schema without references: small models and the grammars of local servers follow none.

    Raises `Invalid` where it is none, or holds itself.
    """
    parts = {**object_of(schema.get("definitions")), **object_of(schema.get("$defs"))}
    found = _Resolved(parts).of(schema, ())
    if not is_object(found) or found.get("type", "object") != "object":
        raise Invalid("The schema of a tool's arguments must be that of an object, with properties.")
    known = {name: value for name, value in found.items() if name not in ("$defs", "definitions", "title")}
    return {"type": "object", "properties": {}, "required": [], **known}


class _Resolved:
    def __init__(self, parts: JsonObject) -> None:
        self._parts = parts
        self._left = MOST_PARTS

    def of(self, value: Any, path: tuple[str, ...]) -> Any:
        self._left -= 1
        if self._left < 0:
            raise Invalid(
                f"The schema of a tool's arguments has more than {MOST_PARTS:,} parts, which no model can be told."
            )
        if is_array(value):
            return [self.of(one, path) for one in value]
        if not is_object(value):
            return value
        choices = value.get("enum")
        if is_array(choices) and len(choices) > MOST_CHOICES:
            raise Invalid(
                f"An argument is a choice of {len(choices):,} values; {MOST_CHOICES} are the most.",
                hint="Take a text instead.",
            )
        named = value.get("$ref")
        if not isinstance(named, str):
            return {key: self.of(one, path) for key, one in value.items() if key not in ("$defs", "definitions")}
        name = named.rpartition("/")[2]
        if name in path or len(path) > DEEPEST:
            raise Invalid(f"The schema “{name}” holds itself, which cannot be told to a model.")
        if name not in self._parts:
            raise Invalid(f"The schema speaks of “{named}”, which it does not define.")
        more = {key: one for key, one in value.items() if key != "$ref"}
        return {**self.of(self._parts[name], (*path, name)), **more}
