"""The bytes for Ollama: their exact form, what goes along for which model, and that only their tail grows."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.models.ollama.encoding import encode
from app.adapters.models.ollama.schema import reduced
from app.domain.message import ImagePart, Message, ReasoningPart, TextPart, ToolCallPart
from app.ports.models import ChatRequest, ModelFacts
from tests.support.servers.openai_requests import called, grows, message, request, returned, said, tool

THINKS = ModelFacts(tools=True, vision=True, thinking="switch", server_version="0.32.15")


def body(asked: ChatRequest) -> dict[str, Any]:
    return json.loads(encode(asked).body)


def thought(text: str, *parts: TextPart | ToolCallPart) -> Message:
    return message("assistant", ReasoningPart(text=text), *parts)


CALL = ToolCallPart(tool_call_id="call_1", name="look", arguments='{"what":"ä"}')


def test_request_is_these_very_bytes() -> None:
    asked = request(said("Grüß dich"), message("assistant", CALL), returned("seen", "look"), tools=(tool("look"),))

    assert encode(asked.model_copy(update={"temperature": 0.5, "facts": THINKS})).body.decode() == (
        '{"model":"tiny","stream":true,"options":{"num_ctx":8192,"num_predict":2048,"temperature":0.5},'
        '"truncate":false,"shift":false,"keep_alive":"30m","think":true,'
        '"tools":[{"type":"function","function":{"name":"look","description":"A tool.","parameters":'
        '{"type":"object","properties":{},"required":[]}}}],'
        '"messages":[{"role":"system","content":"You are kind."},{"role":"user","content":"Grüß dich"},'
        '{"role":"assistant","content":"","tool_calls":[{"id":"call_1","function":{"index":0,"name":"look",'
        '"arguments":{"what":"ä"}}}]},'
        '{"role":"tool","content":"seen","tool_name":"look","tool_call_id":"call_1"}]}'
    )


def test_request_without_facts_claims_nothing_of_the_model() -> None:
    sent = body(request(reasoning="off", tools=(tool("look"),)))

    assert "think" not in sent
    assert len(sent["tools"]) == 1


@pytest.mark.parametrize(
    ("thinking", "reasoning", "think"),
    [
        ("none", "auto", None),
        ("none", "high", None),
        ("none", "off", None),
        (None, "off", None),
        ("switch", "auto", True),
        ("switch", "high", True),
        ("switch", "off", False),
        ("levels", "auto", None),
        ("levels", "off", "low"),
        ("levels", "high", "high"),
    ],
)
def test_thinking_is_asked_for_as_the_model_takes_it(
    thinking: str | None, reasoning: str, think: bool | str | None
) -> None:
    facts = ModelFacts.model_validate({"thinking": thinking})

    assert body(request(reasoning=reasoning, facts=facts)).get("think") == think


def test_thinking_goes_back_only_within_the_current_round_of_tool_calls() -> None:
    history = (
        said("Hi"), thought("old", CALL), returned("a", "look"), thought("old", TextPart(text="Done.")),
        said("More"), thought("new", CALL), returned("b", "look"),
    )  # fmt: skip

    sent = body(request(*history, facts=THINKS))["messages"]

    assert [one.get("thinking") for one in sent if one["role"] == "assistant"] == [None, None, "new"]


def test_model_that_does_not_think_gets_no_thinking_back() -> None:
    sent = body(request(said("Hi"), thought("hm", CALL), returned("a"), facts=ModelFacts(thinking="none")))

    assert "thinking" not in sent["messages"][2]


def test_images_stand_beside_the_text() -> None:
    look = message("user", TextPart(text="Look"), ImagePart(sha256="a", media_type="image/png"), TextPart(text="!"))
    images = {"a": ("image/png", b"\x89PNG")}

    assert body(request(look, images=images, facts=THINKS))["messages"][1] == {
        "role": "user",
        "content": "Look\n!",
        "images": ["iVBORw=="],
    }
    blind = body(request(look, images=images, facts=ModelFacts(vision=False)))["messages"][1]
    assert blind == {"role": "user", "content": "Look\n[an image that this model cannot see]\n!"}
    assert body(request(look, facts=THINKS))["messages"][1]["content"] == "Look\n[an image that is no longer stored]\n!"


def test_events_summaries_and_failures_are_marked() -> None:
    sent = body(request(said("Tick", "system"), said("Before", "summary"), said("a"), returned("no", ok=False)))

    assert [one["content"] for one in sent["messages"][1:]] == [
        "[system event] Tick\n[summary of the earlier conversation] Before\na",
        "Error: no",
    ]


def test_schema_of_the_answer_is_the_format() -> None:
    schema = {"type": "object", "properties": {"tool": {"enum": ["look"]}}}

    assert body(request(answer_schema=schema))["format"] == schema
    assert body(request(answer_schema=schema, facts=ModelFacts(server_version="0.5.0")))["format"] == schema
    assert body(request(answer_schema=schema, facts=ModelFacts(server_version="0.4.7")))["format"] == "json"


def test_tool_schema_keeps_what_ollama_keeps_and_says_the_rest_with_it() -> None:
    schema = {
        "type": "object",
        "title": "Arguments",
        "additionalProperties": False,
        "$defs": {"Place": {"type": "object", "properties": {"x": {"type": "integer", "minimum": 0}}, "title": "P"}},
        "properties": {
            "title": {"type": "string", "default": "a", "minLength": 1, "description": "Its title."},
            "at": {"$ref": "#/$defs/Place", "description": "Where."},
            "kind": {"const": "one"},
            "more": {"oneOf": [{"type": "string", "pattern": "x"}, {"type": "array", "items": {"type": "number"}}]},
            "only": {"allOf": [{"$ref": "#/$defs/Place"}]},
        },
        "required": ["at"],
    }  # fmt: skip

    assert reduced(schema) == {
        "type": "object",
        "required": ["at"],
        "properties": {
            "title": {"type": "string", "description": "Its title."},
            "at": {"type": "object", "properties": {"x": {"type": "integer"}}, "description": "Where."},
            "kind": {"enum": ["one"]},
            "more": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "number"}}]},
            "only": {"type": "object", "properties": {"x": {"type": "integer"}}},
        },
    }


def test_schema_that_refers_to_itself_ends() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}

    assert len(json.dumps(reduced({"$ref": "#/$defs/Node", "$defs": {"Node": node}}))) < 2_000


_texts = st.text(max_size=30)
_messages = st.one_of(
    st.builds(said, _texts, st.sampled_from(["user", "system", "summary", "assistant"])),
    st.builds(lambda call_id: called("look", "{}", call_id), st.sampled_from(["call_1", "call_2"])),
    st.builds(lambda text, ok: returned(text, ok=ok), _texts, st.booleans()),
    st.builds(lambda text: thought(text, CALL), _texts),
)


@given(history=st.lists(_messages, max_size=6), more=st.lists(_messages, max_size=4))
def test_more_messages_keep_every_earlier_part_but_for_thinking_that_is_over(
    history: list[Message], more: list[Message]
) -> None:
    def parts(messages: list[Message], facts: ModelFacts) -> tuple[bytes, ...]:
        asked = ChatRequest(
            model="tiny", system="Be.", messages=tuple(messages), context_window=8192, facts=facts
        )  # fmt: skip
        wire = encode(asked)
        assert json.loads(wire.body)["messages"]
        return wire.parts[:-1]

    silent = THINKS.model_copy(update={"thinking": "none"})
    short, long = parts(history, silent), parts(history + more, silent)
    same = len(short) - grows(history, more)  # what is said in a row goes as one message
    assert long[:same] == short[:same]

    same_round = [one for one in more if one.role in ("assistant", "tool")]
    short, long = parts(history, THINKS), parts(history + same_round, THINKS)
    assert long[: len(short)] == short
