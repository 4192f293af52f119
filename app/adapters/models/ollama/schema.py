"""Makes a tool's JSON schema fit for Ollama, which silently drops every key it does not know.

What the kept keys can say is said with them: `$ref` is resolved, `oneOf` becomes `anyOf`, `const` an `enum`.
"""

from typing import Any

from app.domain.json_value import JsonObject, is_array, is_object, object_of

_KEPT = ("type", "description", "enum", "required")
_DEEPEST = 12
"""Levels of nesting; a schema that refers to itself would never end."""


def reduced(schema: JsonObject) -> JsonObject:
    """The schema of a tool's arguments with the keys that reach the model, always an object schema."""
    definitions = {**object_of(schema.get("definitions")), **object_of(schema.get("$defs"))}
    empty: JsonObject = {"type": "object", "properties": {}}
    return empty | _reduced(schema, definitions, _DEEPEST)


def _reduced(schema: Any, definitions: JsonObject, depth: int) -> JsonObject:
    if not is_object(schema) or not depth:
        return {}
    if isinstance(reference := schema.get("$ref"), str):
        target = definitions.get(reference.rpartition("/")[2], {})
        return _reduced({**target, **{key: schema[key] for key in schema if key != "$ref"}}, definitions, depth - 1)
    kept: JsonObject = {key: schema[key] for key in _KEPT if key in schema}
    if "const" in schema:
        kept["enum"] = [schema["const"]]
    if "items" in schema:
        kept["items"] = _reduced(schema["items"], definitions, depth - 1)
    if is_object(properties := schema.get("properties")):
        kept["properties"] = {name: _reduced(one, definitions, depth - 1) for name, one in properties.items()}
    for key in ("anyOf", "oneOf"):
        if is_array(choices := schema.get(key)):
            kept["anyOf"] = [_reduced(one, definitions, depth - 1) for one in choices]
    if is_array(parts := schema.get("allOf")) and len(parts) == 1:
        kept = _reduced(parts[0], definitions, depth - 1) | kept
    return kept
