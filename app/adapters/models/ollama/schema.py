"""Makes a tool's JSON schema fit for Ollama, which silently drops every key it does not know.

What the kept keys can say is said with them: `$ref` is resolved, `oneOf` becomes `anyOf`, `const` an `enum`.
"""

from typing import Any

JsonObject = dict[str, Any]

_KEPT = ("type", "description", "enum", "required")
_DEEPEST = 12
"""Levels of nesting; a schema that refers to itself would never end."""


def reduced(schema: JsonObject) -> JsonObject:
    """The schema of a tool's arguments with the keys that reach the model, always an object schema."""
    definitions = {**_section(schema, "definitions"), **_section(schema, "$defs")}
    return {"type": "object", "properties": {}} | _reduced(schema, definitions, _DEEPEST)


def _reduced(schema: Any, definitions: JsonObject, depth: int) -> JsonObject:
    if not isinstance(schema, dict) or not depth:
        return {}
    if isinstance(reference := schema.get("$ref"), str):
        target = definitions.get(reference.rpartition("/")[2], {})
        return _reduced({**target, **{key: schema[key] for key in schema if key != "$ref"}}, definitions, depth - 1)
    kept = {key: schema[key] for key in _KEPT if key in schema}
    if "const" in schema:
        kept["enum"] = [schema["const"]]
    if "items" in schema:
        kept["items"] = _reduced(schema["items"], definitions, depth - 1)
    if isinstance(properties := schema.get("properties"), dict):
        kept["properties"] = {name: _reduced(one, definitions, depth - 1) for name, one in properties.items()}
    for key in ("anyOf", "oneOf"):
        if isinstance(schema.get(key), list):
            kept["anyOf"] = [_reduced(one, definitions, depth - 1) for one in schema[key]]
    if isinstance(parts := schema.get("allOf"), list) and len(parts) == 1:
        kept = _reduced(parts[0], definitions, depth - 1) | kept
    return kept


def _section(schema: JsonObject, name: str) -> JsonObject:
    section = schema.get(name)
    return section if isinstance(section, dict) else {}
