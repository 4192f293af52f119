"""Pure: schemas of servers as small models and the grammars of local servers understand them.

References are put in place, unions and lists of types are simplified, missing types are added, what no model server
knows is left out, and texts are made plain. What holds itself ends as an object without fields.
"""

from typing import Any

from app.domain.json_value import JsonObject, array_of, is_array, is_object, object_of
from app.engine.mcp.plain import MOST_ARGUMENT, plain

DEEPEST = 12
"""Schemas in each other; a model that fills five levels well is a large one."""
MOST_NODES = 2_000
"""Schemas inside of one; a reference in a reference may multiply them without end."""
MOST_PROPERTIES, MOST_VALUES = 100, 200
"""Arguments of a tool and values of a list: with more of them its telling alone fills a small window."""
_TYPES = ("string", "number", "integer", "boolean", "object", "array")
_KEPT = ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "format", "default")
"""Beside them stand type, description, enum, items, properties, required and anyOf."""


def mended(schema: object) -> JsonObject:
    """The schema of a tool's arguments: always that of an object."""
    found = _Mending(object_of(schema)).of(schema, (), 0)
    if found.get("type") != "object":
        found = {"type": "object"}
    return {"type": "object", "properties": {}, "required": [], **found}


class _Mending:
    def __init__(self, root: JsonObject) -> None:
        self._root = root
        self._nodes = 0

    def of(self, schema: object, path: tuple[str, ...], depth: int) -> JsonObject:
        """`path`: the references that led here."""
        self._nodes += 1
        if not is_object(schema) or depth > DEEPEST or self._nodes > MOST_NODES:
            return {"type": "object"} if is_object(schema) else {"type": "string"}
        named = schema.get("$ref")
        if isinstance(named, str):
            return self._referred(named, schema, path, depth)
        merged = self._merged(schema)
        choices = [one for key in ("anyOf", "oneOf") for one in array_of(merged.get(key))]
        if choices:
            return self._union(merged, choices, path, depth)
        kind = merged.get("type")
        if is_array(kind):
            kinds = [one for one in kind if one in _TYPES]
            if len(kinds) > 1:
                return self._union(merged, [{**merged, "type": one} for one in kinds], path, depth)
            kind = kinds[0] if kinds else None
        return self._plain(merged, kind if kind in _TYPES else _guessed(merged), path, depth)

    def _referred(self, named: str, schema: JsonObject, path: tuple[str, ...], depth: int) -> JsonObject:
        target = self._at(named)
        more = {key: one for key, one in schema.items() if key != "$ref"}
        if target is None or named in path:
            kind = "object" if named in path else "string"
            return self._with_words({"type": kind}, more)
        return self.of({**target, **more}, (*path, named), depth + 1)

    def _at(self, named: str) -> JsonObject | None:
        if not named.startswith("#"):
            return None
        place: object = self._root
        for step in named[1:].split("/")[1:]:
            place = object_of(place).get(step.replace("~1", "/").replace("~0", "~"))
        return place if is_object(place) else None

    def _merged(self, schema: JsonObject) -> JsonObject:
        """`allOf` means all of them together."""
        parts = [one for one in array_of(schema.get("allOf")) if is_object(one)]
        whole = {key: one for key, one in schema.items() if key != "allOf"}
        for part in parts[:MOST_VALUES]:
            named = part.get("$ref")
            known = self._at(named) if isinstance(named, str) else part
            for key, value in (known or {}).items():
                if key == "properties":
                    whole[key] = {**object_of(value), **object_of(whole.get(key))}
                elif key == "required":
                    whole[key] = [*array_of(whole.get(key)), *array_of(value)]
                else:
                    whole.setdefault(key, value)
        return whole

    def _union(self, schema: JsonObject, choices: list[Any], path: tuple[str, ...], depth: int) -> JsonObject:
        """Without what is null; one that is left stands for itself, several texts to choose from become one list."""
        more = {key: one for key, one in schema.items() if key not in ("anyOf", "oneOf", "type")}
        kept = [one for one in choices if object_of(one).get("type") != "null"][:MOST_VALUES]
        if not kept:
            return self._with_words({"type": "string"}, more)
        if len(kept) == 1:
            return self.of({**more, **object_of(kept[0]), **_words_of(more)}, path, depth + 1)
        found: list[JsonObject] = []
        for one in kept:
            mended_one = self.of(one, path, depth + 1)
            if mended_one not in found:
                found.append(mended_one)
        if all(is_array(one.get("enum")) and one.get("type") == found[0].get("type") for one in found):
            values = [value for one in found for value in array_of(one.get("enum"))]
            found = [{"type": found[0].get("type"), "enum": values[:MOST_VALUES]}]
        if len(found) == 1:
            return self._with_words(found[0], more)
        return self._with_words({"anyOf": found}, more)

    def _plain(self, schema: JsonObject, kind: Any, path: tuple[str, ...], depth: int) -> JsonObject:
        found: JsonObject = {"type": kind}
        values = [schema["const"]] if "const" in schema else array_of(schema.get("enum"))
        values = [one for one in values if isinstance(one, str | int | float)][:MOST_VALUES]
        if values:
            found["enum"] = values
        if kind == "array":
            found["items"] = self.of(schema.get("items"), path, depth + 1)
        if kind == "object":
            found |= self._fields(schema, path, depth)
        found |= {key: schema[key] for key in _KEPT if isinstance(schema.get(key), str | int | float)}
        return self._with_words(found, schema)

    def _fields(self, schema: JsonObject, path: tuple[str, ...], depth: int) -> JsonObject:
        told = list(object_of(schema.get("properties")).items())[:MOST_PROPERTIES]
        if not told and "properties" not in schema:
            return {}
        fields = {name: self.of(one, path, depth + 1) for name, one in told}
        required = [name for name in dict.fromkeys(map(str, array_of(schema.get("required")))) if name in fields]
        return {"properties": fields, "required": required}

    def _with_words(self, found: JsonObject, schema: JsonObject) -> JsonObject:
        words = plain(schema.get("description"), MOST_ARGUMENT)
        return {**found, "description": words} if words else found


def _words_of(schema: JsonObject) -> JsonObject:
    return {key: schema[key] for key in ("description", "default") if key in schema}


def _guessed(schema: JsonObject) -> str:
    """The type of a schema that tells none."""
    if "properties" in schema or "additionalProperties" in schema or "required" in schema:
        return "object"
    if "items" in schema:
        return "array"
    values = [schema["const"]] if "const" in schema else array_of(schema.get("enum"))
    kinds: set[object] = {type(one) for one in values}
    if kinds and kinds <= {bool}:
        return "boolean"
    if kinds and kinds <= {int}:
        return "integer"
    if kinds and kinds <= {int, float}:
        return "number"
    if "minimum" in schema or "maximum" in schema:
        return "number"
    return "string"
