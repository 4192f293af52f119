"""A schema as it is typed: what is whole is taken, what is wrong is said in one sentence."""

import json

import pytest

from app.domain.answer_schema import DEEPEST, LONGEST, read_schema


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False},
        {"type": "object", "properties": {"a": {"type": ["string", "null"], "enum": ["x", None]}}},
        {"type": "object", "properties": {"a": {"type": "array", "items": {"anyOf": [{"type": "integer"}]}}}},
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/b"}}, "$defs": {"b": {"type": "string"}}},
    ],
)
def test_a_whole_schema_is_taken(schema: dict[str, object]) -> None:
    assert read_schema(json.dumps(schema)) == (schema, "")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Line 1 is not JSON"),
        ('{\n"type": "object",\n}', "Line 3 is not JSON"),
        ("[1]", "A schema is a JSON object"),
        ("{}", 'needs "type": "object"'),
        ('{"type": "array"}', 'needs "type": "object"'),
        ('{"type": "object", "properties": []}', '"properties" is an object'),
        ('{"type": "object", "required": "a"}', '"required" is a list of names'),
        ('{"type": "object", "required": [1]}', '"required" is a list of names'),
        ('{"type": "object", "required": ["a"]}', "“a” is required, but is not among"),
        ('{"type": "object", "properties": {"a": {"type": "text"}}}', "In “a”: “text” is no type"),
        ('{"type": "object", "properties": {"a": {"properties": {"b": 3}}}}', "In “a.b”: a schema is expected"),
        ('{"type": "object", "properties": {"a": {"type": "array", "items": {"type": "x"}}}}', "In “a[]”: “x”"),
        ('{"type": "object", "properties": {"a": {"enum": "x"}}}', '"enum" is a list'),
        ('{"type": "object", "anyOf": {}}', '"anyOf" is a list'),
        ('{"type": "object", "properties": {"a": {"type": [{}]}}}', "is no type"),
        ("[" * 100_000, "can have"),
        ("[" * (LONGEST - 1), "nested"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(text: str, sentence: str) -> None:
    schema, problem = read_schema(text)
    assert schema is None
    assert sentence in problem
    assert problem.endswith((".", "}."))


def test_a_schema_has_a_bottom() -> None:
    schema: dict[str, object] = {"type": "string"}
    for _ in range(DEEPEST + 2):
        schema = {"type": "object", "properties": {"a": schema}}
    assert "nested too deeply" in read_schema(json.dumps(schema))[1]
