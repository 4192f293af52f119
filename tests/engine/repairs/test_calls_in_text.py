"""Calls that models write into their text, as real templates make them write."""

import json

import pytest

from app.engine.repairs.calls_in_text import find_calls

TOOLS = ("memory_replace", "memory_insert", "conversation_search")
GIVEN = {"label": "human", "old_string": "Name: Chad.", "new_string": "Name: Brad."}
JSON = json.dumps(GIVEN)
PYTHON = 'label="human", old_string="Name: Chad.", new_string="Name: Brad."'
XML = "".join(f"<parameter={key}>\n{value}\n</parameter>\n" for key, value in GIVEN.items())
QUOTED = json.dumps(JSON)
KEYED = "{" + ",".join(f'{key}:<|"|>{value}<|"|>' for key, value in GIVEN.items()) + "}"
ARG_KEYS = "\n".join(f"<arg_key>{key}</arg_key>\n<arg_value>{value}</arg_value>" for key, value in GIVEN.items())

WRITTEN = {
    "hermes": f'<tool_call>\n{{"name": "memory_replace", "arguments": {JSON}}}\n</tool_call>',
    "hermes, not closed": f'<tool_call>\n{{"name": "memory_replace", "arguments": {JSON}}}',
    "hermes, closed by itself": f'<tool_call>{{"name": "memory_replace", "arguments": {JSON}}}<tool_call>',
    "hermes, end of turn leaked": f'<tool_call>{{"name": "memory_replace", "arguments": {JSON}}}</tool_call><|im_end|>',
    "hermes, arguments as text": f'<tool_call>{{"name": "memory_replace", "arguments": {QUOTED}}}</tool_call>',
    "hermes, python quotes": f"<tool_call>{{'name': 'memory_replace', 'arguments': {GIVEN}}}</tool_call>",
    "qwen coder": f"<tool_call>\n<function=memory_replace>\n{XML}</function>\n</tool_call>",
    "qwen coder, bare": f"<function=memory_replace>\n{XML}</function>",
    "qwen coder, not closed": f"<function=memory_replace>\n{XML}",
    "llama custom": f"<function=memory_replace>{JSON}</function>",
    "llama 3.1 json": f'<|python_tag|>{{"name": "memory_replace", "parameters": {JSON}}}<|eom_id|>',
    "llama 3.1 python": f"<|python_tag|>memory_replace({PYTHON})<|eom_id|>",
    "llama 3.2 bare": f'{{"name": "memory_replace", "parameters": {JSON}}}',
    "llama 4 pythonic": f"[memory_replace({PYTHON})]",
    "mistral old": f'[TOOL_CALLS] [{{"name": "memory_replace", "arguments": {JSON}, "id": "a1b2c3d4e"}}]</s>',
    "mistral new": f"[TOOL_CALLS]memory_replace[ARGS]{JSON}",
    "mistral with id": f"[TOOL_CALLS]memory_replace[CALL_ID]a1b2c3d4e[ARGS]{JSON}",
    "mistral without mark": f"[TOOL_CALLS]memory_replace{JSON}",
    "fence": f'```json\n{{"name": "memory_replace", "arguments": {JSON}}}\n```',
    "fence, parameters": f'```\n{{"name": "memory_replace", "parameters": {JSON}}}\n```',
    "fence, not closed": f'```json\n{{"name": "memory_replace", "arguments": {JSON}}}',
    "openai shape": f'{{"type": "function", "function": {{"name": "memory_replace", "arguments": {QUOTED}}}}}',
    "list of calls": f'{{"tool_calls": [{{"function": {{"name": "memory_replace", "arguments": {JSON}}}}}]}}',
    "closer missing": f'{{"name": "memory_replace", "arguments": {JSON}',
    "gemma tool_code": f"```tool_code\nprint(default_api.memory_replace({PYTHON}))\n```",
    "gemma 4": f"call:memory_replace{KEYED}",
    "gemma 4 tags": f"<|tool_call>call:memory_replace{KEYED}<tool_call|>",
    "glm": f"<tool_call>memory_replace\n{ARG_KEYS}\n</tool_call>",
    "gpt-oss": f"<|channel|>commentary to=functions.memory_replace <|constrain|>json<|message|>{JSON}<|call|>",
    "gpt-oss, half stripped": f"commentary to=functions.memory_replace json<|message|>{JSON}",
    "deepseek": "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>memory_replace\n```json\n"
    f"{JSON}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜><｜end▁of▁sentence｜>",
    "minimax": '<invoke name="memory_replace">'
    + "".join(f'<parameter name="{key}">{value}</parameter>' for key, value in GIVEN.items())
    + "</invoke>",
    "react": f'{{"action": "memory_replace", "action_input": {JSON}}}',
    "line of code": f"memory_replace({PYTHON})",
}


def arguments(text: str) -> object:
    """As the next stage reads them: JSON, perhaps with a fence after it."""
    return json.loads(text.removesuffix("\n```"))


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
@pytest.mark.parametrize("before", ["", "I will correct that.\n", "Sure — one moment. \n\n"])
def test_a_call_at_the_end_is_found_and_leaves_the_words_before_it(written: str, before: str):
    found = find_calls(before + written, TOOLS)
    assert [(call.name, arguments(call.arguments)) for call in found.calls] == [("memory_replace", GIVEN)]
    assert before.strip() in found.text
    assert "Brad" not in found.text
    assert "Brad" in found.wrote


@pytest.mark.parametrize(
    "written",
    [
        '<tool_call>{"name": "memory_replace", "arguments": {}}</tool_call>\n'
        '<tool_call>{"name": "memory_insert", "arguments": {}}</tool_call>',
        '[TOOL_CALLS][{"name": "memory_replace", "arguments": {}}, {"name": "memory_insert", "arguments": {}}]',
        "[TOOL_CALLS]memory_replace[ARGS]{}[TOOL_CALLS]memory_insert[ARGS]{}",
        '{"name": "memory_replace", "arguments": {}}; {"name": "memory_insert", "arguments": {}}',
        "[memory_replace(), memory_insert()]",
        "memory_replace()\nmemory_insert()",
    ],
)
def test_several_calls_are_found_in_order(written: str):
    assert [call.name for call in find_calls(written, TOOLS).calls] == ["memory_replace", "memory_insert"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hello Brad!",
        '{"name": "Brad", "age": 34}',
        '```json\n{"name": "Brad"}\n```',
        f'{{"name": "memory_replace", "arguments": {JSON}}} is how such a call looks.',
        f"You could write `<tool_call>{JSON}</tool_call>` for that.",
        f"Call memory_replace({PYTHON}) to do it.",
        '[os.system("rm -rf /")]',
        "[memory_replace(label=open('x').read())]",
        '[memory_replace("human")]',
        "print(1)",
        "call:someone{now:true}",
        '{"tool_calls": []}',
        "[1, 2, 3]",
    ],
)
def test_what_is_no_call_stays_text(text: str):
    found = find_calls(text, TOOLS)
    assert found.calls == ()
    assert not found.stray


def test_a_tagged_call_in_the_middle_is_not_run_but_noticed():
    found = find_calls(WRITTEN["hermes"] + "\nDone! I changed your name.", TOOLS)
    assert found.calls == ()
    assert found.stray


def test_a_tagged_call_of_an_unknown_tool_is_found_so_that_the_model_can_be_told():
    found = find_calls('<tool_call>{"name": "delete_all", "arguments": {}}</tool_call>', TOOLS)
    assert [call.name for call in found.calls] == ["delete_all"]


def test_a_tagged_call_that_cannot_be_read_keeps_its_name_and_its_words():
    found = find_calls('<tool_call>{"name": "memory_replace", "arguments": {"label: human}</tool_call>', TOOLS)
    assert found.calls[0].name == "memory_replace"
    assert "label: human" in found.calls[0].arguments
