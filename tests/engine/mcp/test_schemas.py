"""Schemas of servers, mended for small models; names; texts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.mcp.names import MOST, tool_name
from app.engine.mcp.plain import plain
from app.engine.mcp.schemas import MOST_NODES, mended

S: dict[str, Any] = {"type": "string"}


def field(schema: object, **root: object) -> Any:
    return mended({"type": "object", "properties": {"a": schema}, **root})["properties"]["a"]


@pytest.mark.parametrize(
    ("told", "becomes"),
    [
        ({"type": "string", "title": "A", "$comment": "x"}, S),
        ({}, S),
        (True, S),
        ({"description": "what"}, {**S, "description": "what"}),
        ({"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}, S),
        ({"type": ["integer", "null"]}, {"type": "integer"}),
        ({"type": ["string", "number"]}, {"anyOf": [{"type": "string"}, {"type": "number"}]}),
        ({"oneOf": [{"const": "a"}, {"const": "b"}]}, {**S, "enum": ["a", "b"]}),
        ({"const": 3}, {"type": "integer", "enum": [3]}),
        ({"enum": ["x", "y"]}, {**S, "enum": ["x", "y"]}),
        ({"enum": [True]}, {"type": "boolean", "enum": [True]}),
        ({"items": {"type": "integer"}}, {"type": "array", "items": {"type": "integer"}}),
        ({"type": "array"}, {"type": "array", "items": S}),
        ({"type": "string", "pattern": "^(?!x)", "format": "date"}, {**S, "format": "date"}),
        ({"minimum": 1, "maximum": 5}, {"type": "number", "minimum": 1, "maximum": 5}),
        ({"type": "any"}, S),
        ({"type": "object"}, {"type": "object"}),
        (
            {"properties": {"b": {}}, "required": ["b", "c"]},
            {"type": "object", "properties": {"b": S}, "required": ["b"]},
        ),
        (
            {"allOf": [{"type": "object", "properties": {"b": S}}, {"required": ["b"]}]},
            {"type": "object", "properties": {"b": S}, "required": ["b"]},
        ),
        ({"anyOf": [{"type": "null"}]}, S),
        ({"anyOf": [S, {"type": "string", "title": "again"}]}, S),
        ({"$ref": "https://example.org/x.json"}, S),
        ({"$ref": "#/nowhere"}, S),
    ],
)
def test_a_field_is_mended(told: object, becomes: object):
    assert field(told) == becomes


def test_references_are_put_in_place():
    point = {"type": "object", "properties": {"x": {"$ref": "#/$defs/N"}}, "required": ["x"]}
    found = field({"$ref": "#/$defs/P", "description": "where"}, **{"$defs": {"P": point, "N": {"type": "number"}}})
    assert found == {
        "type": "object",
        "properties": {"x": {"type": "number"}},
        "required": ["x"],
        "description": "where",
    }


def test_what_holds_itself_ends():
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/N"}, "name": S}}
    found = field({"$ref": "#/$defs/N"}, **{"$defs": {"N": node}})
    assert found["properties"] == {"next": {"type": "object"}, "name": S}


def test_references_do_not_multiply_without_end():
    many = {
        f"D{n}": {"type": "object", "properties": {k: {"$ref": f"#/$defs/D{n + 1}"} for k in "abcdefgh"}}
        for n in range(11)
    }
    whole = mended({"type": "object", "properties": {"a": {"$ref": "#/$defs/D0"}}, "$defs": many})
    assert str(whole).count("'type'") < 3 * MOST_NODES


@pytest.mark.parametrize("told", [None, [], "x", {"type": "string"}, {"type": "array"}, {}])
def test_arguments_are_always_an_object(told: object):
    assert mended(told) == {"type": "object", "properties": {}, "required": []}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "properties", "items", "anyOf", "allOf", "$ref", "enum", "const", "required", "a"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_no_schema_breaks_the_mending(told: object):
    assert mended(told)["type"] == "object"


@pytest.mark.parametrize(
    ("told", "taken", "becomes"),
    [
        ("get_forecast", (), "get_forecast"),
        ("files.read/now!", (), "files_read_now"),
        ("größe", (), "gro_e"),
        ("天气", (), "tool"),
        ("3d", (), "_3d"),
        ("x" * 90, (), "x" * MOST),
        ("read", ("read",), "My_notes_read"),
        ("read", ("read", "My_notes_read"), "My_notes_read_2"),
    ],
)
def test_names_are_such_as_every_server_takes(told: str, taken: tuple[str, ...], becomes: str):
    assert tool_name(told, "My notes", taken) == becomes


@given(st.lists(st.text(max_size=80), max_size=12))
def test_no_two_tools_have_one_name(told: list[str]):
    taken: set[str] = set()
    for one in told:
        name = tool_name(one, "s" * 70, taken)
        assert name not in taken
        assert 0 < len(name) <= MOST
        taken.add(name)


def test_texts_show_all_that_is_in_them():
    assert plain("a\u202e\u200bb\U000e0041c\x1b[31m\x00", 100) == "abc[31m"
    assert plain("one\ntwo", 100) == "one\ntwo"
    assert plain("x" * 50, 10) == "x" * 9 + "…"
    assert plain(None, 5) == ""
