"""Broken JSON, almost right names, wrong types: what is read, and what is told to the model instead."""

import json

import pytest

from app.adapters.system import RandomIds, SystemClock
from app.domain.tool import Tool
from app.engine.repairs.calls import read_call
from app.engine.repairs.json_repair import Unreadable, canonical, read_object
from app.engine.repairs.names import match_name
from app.engine.repairs.schema import example, fit_arguments, schema_line
from app.engine.tools.builtin import builtin_tools

TOOLS = builtin_tools(RandomIds(), SystemClock().now())
BY_NAME = {tool.name: tool for tool in TOOLS}
NAMES = tuple(BY_NAME)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('{"a": "b",}', {"a": "b"}),
        ("{'a': 'It\\'s', 'b': 'It's Brad'}", {"a": "It's", "b": "It's Brad"}),
        ("{“a”: “b”}", {"a": "b"}),
        ('{"a": "line one\nline two"}', {"a": "line one\nline two"}),
        ('{"a": {"b": [1, 2', {"a": {"b": [1, 2]}}),
        ('{"a": True, "b": None, "c": False}', {"a": True, "b": None, "c": False}),
        ('"{\\"a\\": 1}"', {"a": 1}),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('{"a": 1}}', {"a": 1}),
        ('[{"a": 1}]', {"a": 1}),
        ('{a: 1, b_c: "x"}', {"a": 1, "b_c": "x"}),
        ('{"a": "He said "yes" to it"}', {"a": 'He said "yes" to it'}),
        ('{"a": "x" "b": "y"}', {"a": "x", "b": "y"}),
        ('{"a": 1, // why\n "b": 2}', {"a": 1, "b": 2}),
        ('{"a": """two\n"quoted" lines"""}', {"a": 'two\n"quoted" lines'}),
        ('{"a": "C:\\data\\new"}', {"a": "C:\\data\new"}),
        ('{"a": "\\ud83d\\ude00"}', {"a": "😀"}),
        ("null", {}),
    ],
)
def test_slips_with_one_meaning_are_mended(written: str, read: object):
    assert read_object(written).value == read


@pytest.mark.parametrize("written", ['{"a": "half a sen', '{"a": ', '{"a"', "hello", "[1, 2]", '{"a": NaN}', ""])
def test_what_may_have_been_cut_or_is_no_object_is_never_guessed(written: str):
    with pytest.raises(Unreadable):
        read_object(written)


def test_a_cut_reply_is_not_mended():
    assert read_object('{"a": 1}', whole=False).value == {"a": 1}
    with pytest.raises(Unreadable):
        read_object('{"a": 1', whole=False)


def test_canonical_json_is_taken_by_every_reader():
    assert canonical({"a": float("inf"), "b": "x\ud83d", "c": (1, 2)}) == '{"a": null, "b": "x�", "c": [1, 2]}'


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("memory_replace", "memory_replace"),
        ("Memory_Replace", "memory_replace"),
        ("memory-replace", "memory_replace"),
        ("memoryReplace", "memory_replace"),
        ("memory replace", "memory_replace"),
        ("functions.memory_replace", "memory_replace"),
        ("default_api.memory_replace", "memory_replace"),
        ("default_api:memory_replace", "memory_replace"),
        ("memory_replace<|channel|>commentary", "memory_replace"),
        ("<|constrain|>memory_replace", "memory_replace"),
        ("memory_replace.call", "memory_replace"),
        ("memory_replce", "memory_replace"),
        ("conversation_serach", "conversation_search"),
        ("assistant<|channel|>analysis", None),
        ("memory_delete", None),
        ("core_memory_update", None),
        ("memory_search", None),
        ("get_weather", None),
        ("", None),
        ("x" * 100_000, None),
    ],
)
def test_a_name_is_the_tool_it_is_nearest_to_or_none(written: str, meant: str | None):
    assert match_name(written, NAMES).name == meant


def test_two_tools_that_are_equally_near_are_none():
    assert match_name("note_ad", ("note_add", "note_and")).name is None


def tool(**properties: object) -> Tool:
    required = [name for name in properties if not name.endswith("_")]
    schema = {"type": "object", "properties": properties, "required": required}
    given = {"id": "tool-1", "name": "f", "tool_type": "custom", "parameters": schema, "created_at": 0, "updated_at": 0}
    return Tool.model_validate(given)


INT, TEXT, BOOL = {"type": "integer"}, {"type": "string"}, {"type": "boolean"}


@pytest.mark.parametrize(
    ("schema", "given", "fitted"),
    [
        (INT, "3", 3),
        (INT, 3.0, 3),
        (INT, "3.0", 3),
        ({"type": "number"}, "2.5", 2.5),
        (BOOL, "true", True),
        (BOOL, "No", False),
        (BOOL, 1, True),
        (TEXT, 3, "3"),
        (TEXT, True, "true"),
        (TEXT, ["one"], "one"),
        ({"type": "array", "items": TEXT}, "user", ["user"]),
        ({"type": "array", "items": INT}, '["1", 2]', [1, 2]),
        ({"type": "object"}, '{"a": 1}', {"a": 1}),
        ({"enum": ["user", "tool"]}, "User", "user"),
        ({"anyOf": [INT, {"type": "null"}]}, "4", 4),
        ({"type": ["string", "null"]}, None, None),
        ({"type": "array", "items": {"type": "object", "properties": {"n": INT}}}, {"n": "1"}, [{"n": 1}]),
        ({}, {"free": 1}, {"free": 1}),
    ],
)
def test_a_value_becomes_what_the_schema_wants(schema: object, given: object, fitted: object):
    found = fit_arguments({"a_": given}, tool(a_=schema))
    assert found.problem == ""
    assert found.arguments == {"a_": fitted}


@pytest.mark.parametrize(
    ("schema", "given", "said"),
    [
        (INT, "many", "whole number"),
        (INT, 1.5, "whole number"),
        (BOOL, "perhaps", "true or false"),
        (TEXT, {"a": 1}, "a text"),
        ({"enum": ["user", "tool"]}, "everyone", "one of"),
        ({"type": "object"}, "x", "an object"),
    ],
)
def test_a_value_that_cannot_fit_is_named(schema: object, given: object, said: str):
    found = fit_arguments({"a": given}, tool(a=schema))
    assert said in found.problem
    assert found.problem.startswith("The argument a of f ")


@pytest.mark.parametrize(
    "written",
    [
        {"label": "human", "old_string": "Chad", "new_string": "Brad"},
        {"label": "human", "oldString": "Chad", "newString": "Brad"},
        {"block_label": "human", "old_str": "Chad", "new_str": "Brad"},
        {"label": "human", "old_content": "Chad", "new_content": "Brad"},
        {"label": "human", "old_sting": "Chad", "new_sting": "Brad"},
        {"arguments": {"label": "human", "old_string": "Chad", "new_string": "Brad"}},
        {"parameters": '{"label": "human", "old_string": "Chad", "new_string": "Brad"}'},
        {"label": ["human"], "old_string": "Chad", "new_string": "Brad", "request_heartbeat": True, "reason": "x"},
    ],
)
def test_arguments_under_almost_right_names_arrive_and_others_are_dropped(written: dict[str, object]):
    fitted = fit_arguments(written, BY_NAME["memory_replace"])
    assert fitted.problem == ""
    assert fitted.arguments == {"label": "human", "old_string": "Chad", "new_string": "Brad"}


def test_a_missing_argument_is_answered_with_the_schema_line_and_an_example():
    meant = read_call("memory_replace", '{"label": "human", "new_string": "Brad"}', TOOLS)
    assert meant.problem == (
        "Error: The argument old_string of memory_replace is missing. "
        "Expected: memory_replace(label: string, old_string: string, new_string: string). "
        'Example: {"label": "<label>", "old_string": "<old string>", "new_string": "<new string>"}'
    )


def test_a_ghost_tool_is_answered_with_the_names_that_exist():
    meant = read_call("delete_memory", "{}", TOOLS)
    assert 'There is no tool "delete_memory"' in meant.problem
    assert all(name in meant.problem for name in NAMES)


def test_arguments_that_cannot_be_read_are_quoted_back_and_stored_as_an_empty_object():
    meant = read_call("memory_replace", '{"label": "hu', TOOLS)
    assert meant.arguments == "{}"
    assert '{"label": "hu' in meant.problem
    assert meant.problem.startswith("Error: ")


def test_each_repair_says_what_was_written_and_what_was_read():
    meant = read_call("Memory-Insert", "{'label': 'human', 'text': 'Tea', 'insert_line': '0'}", TOOLS)
    assert meant.problem == ""
    assert json.loads(meant.arguments) == {"label": "human", "new_string": "Tea", "insert_line": 0}
    assert [(repair.kind, repair.wrote[:15]) for repair in meant.repairs] == [
        ("name", "Memory-Insert"),
        ("arguments", "{'label': 'huma"),
        ("types", '{"label": "huma'),
    ]


def test_a_faultless_call_is_not_touched():
    written = '{"label": "human", "new_string": "Tea"}'
    meant = read_call("memory_insert", written, TOOLS)
    assert (meant.arguments, meant.problem, meant.repairs) == (written, "", ())


@pytest.mark.parametrize("each", TOOLS, ids=NAMES)
def test_the_example_of_a_tool_fits_the_tool(each: Tool):
    fitted = fit_arguments(json.loads(example(each)), each)
    assert (fitted.changed, fitted.problem) == (False, "")
    assert schema_line(each).startswith(
        f"{each.name}(label: string" if "label" in each.parameters["properties"] else each.name
    )
