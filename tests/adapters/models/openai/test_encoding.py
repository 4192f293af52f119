"""The bytes that are sent: their exact form, and that only their tail grows."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.models.openai.encoding import encode
from app.domain.message import ImagePart, Message, ReasoningPart, TextPart, ToolCallPart, ToolReturnPart
from app.ports.models import ChatRequest
from tests.support.servers.openai_requests import called, grows, message, request, returned, said, tool


def _body(asked: ChatRequest, **options: bool) -> dict[str, Any]:
    return json.loads(encode(asked, **options).body)


def test_request_is_these_very_bytes() -> None:
    asked = request(said("Grüß dich"), tools=(tool("look", "what"),), temperature=0.5)

    assert encode(asked).body.decode() == (
        '{"model":"tiny","stream":true,"stream_options":{"include_usage":true},"max_tokens":2048,"temperature":0.5,'
        '"tools":[{"type":"function","function":{"name":"look","description":"A tool.","parameters":'
        '{"type":"object","properties":{"what":{"type":"string"}},"required":["what"]}}}],'
        '"messages":[{"role":"system","content":"You are kind."},{"role":"user","content":"Grüß dich"}]}'
    )


def test_schema_of_the_answer_goes_along() -> None:
    schema = {"type": "object", "properties": {"tool": {"enum": ["look"]}}}

    assert _body(request(answer_schema=schema))["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": schema, "strict": True},
    }


def test_parts_are_head_tools_system_one_per_message_and_closing() -> None:
    asked = request(said("a"), called("look", "{}"), returned("x"), tools=(tool("look"),))

    parts = encode(asked).parts

    assert len(parts) == 7
    assert parts[1].startswith(b',"tools":')
    assert b'"system"' in parts[2]
    assert [b'"user"' in parts[3], b'"tool_calls"' in parts[4], b'"tool_call_id"' in parts[5]] == [True, True, True]
    assert parts[6] == b"]}"


_texts = st.text(max_size=30)
_messages = st.one_of(
    st.builds(said, _texts, st.sampled_from(["user", "system", "summary", "assistant"])),
    st.builds(lambda text: message("assistant", ReasoningPart(text=text)), _texts),
    st.builds(lambda call_id: called("look", "{}", call_id), st.sampled_from(["call_1", "call_2"])),
    st.builds(lambda text, ok: returned(text, ok=ok), _texts, st.booleans()),
)


@given(
    history=st.lists(_messages, max_size=6), more=st.lists(_messages, max_size=4), system=st.sampled_from(["", "Be."])
)
def test_more_messages_keep_every_earlier_part_byte_for_byte(
    history: list[Message], more: list[Message], system: str
) -> None:
    def parts(messages: list[Message]) -> tuple[bytes, ...]:
        asked = ChatRequest(model="tiny", system=system, messages=tuple(messages), context_window=8192)
        wire = encode(asked)
        json.loads(wire.body)
        return wire.parts

    earlier, later = parts(history), parts(history + more)
    # What is said in a row goes as one message, so the newest one may grow.
    same = len(earlier) - 1 - grows(history, more)

    assert later[:same] == earlier[:same]
    assert earlier[-1] == later[-1] == b"]}"


def test_only_the_system_prompt_is_a_system_message() -> None:
    body = _body(request(said("It rains.", "system"), said("They like tea.", "summary"), said("Hi")))

    assert [one["role"] for one in body["messages"]] == ["system", "user"]
    assert body["messages"][1]["content"].split("\n") == [
        "[system event] It rains.",
        "[summary of the earlier conversation] They like tea.",
        "Hi",
    ]


def test_tool_calls_and_each_return_have_their_own_wire_message() -> None:
    two = message(
        "assistant",
        ReasoningPart(text="hm"),
        TextPart(text="I look."),
        ToolCallPart(tool_call_id="a", name="look", arguments='{"what":"x"}'),
        ToolCallPart(tool_call_id="b", name="look", arguments="{}"),
    )
    returns = message(
        "tool",
        ToolReturnPart(tool_call_id="a", name="look", status="success", text="seen"),
        ToolReturnPart(tool_call_id="b", name="look", status="error", text="Nothing there."),
    )

    _, spoken, first, second = _body(request(two, returns))["messages"]

    assert spoken["content"] == "I look."
    assert "reasoning" not in json.dumps(spoken)
    assert spoken["tool_calls"][0] == {
        "id": "a",
        "type": "function",
        "function": {"name": "look", "arguments": '{"what":"x"}'},
    }
    assert first == {"role": "tool", "tool_call_id": "a", "content": "seen"}
    assert second == {"role": "tool", "tool_call_id": "b", "content": "Error: Nothing there."}


def test_image_goes_as_data_url_between_the_texts_around_it() -> None:
    shown = message(
        "user", TextPart(text="Look:"), ImagePart(sha256="aa", media_type="image/png"), TextPart(text="nice?")
    )

    content = _body(request(shown, images={"aa": ("image/png", b"\x89PNG")}))["messages"][1]["content"]

    assert [part["type"] for part in content] == ["text", "image_url", "text"]
    assert content[1]["image_url"]["url"] == "data:image/png;base64,iVBORw=="


def test_image_that_is_gone_becomes_words() -> None:
    content = _body(request(message("user", ImagePart(sha256="aa", media_type="image/png"))))["messages"][1]["content"]

    assert content == [{"type": "text", "text": "[an image that is no longer stored]"}]


@pytest.mark.parametrize(
    ("reasoning", "expected"),
    [
        ("auto", {}),
        ("low", {"reasoning_effort": "low"}),
        ("high", {"reasoning_effort": "high"}),
        ("off", {"chat_template_kwargs": {"enable_thinking": False}}),
    ],
)
def test_reasoning_setting_is_told_in_the_words_servers_know(reasoning: str, expected: dict[str, Any]) -> None:
    body = _body(request(reasoning=reasoning))

    assert {name: body[name] for name in ("reasoning_effort", "chat_template_kwargs") if name in body} == expected


def test_openai_itself_gets_its_own_name_for_the_limit_and_no_template_arguments() -> None:
    body = _body(request(reasoning="off", max_output_tokens=99), openai_itself=True)

    assert body["max_completion_tokens"] == 99
    assert "max_tokens" not in body
    assert "chat_template_kwargs" not in body


def test_half_an_emoji_does_not_spoil_the_request() -> None:
    assert _body(request(said("cut \ud83d off")))["messages"][1]["content"] == "cut \ufffd off"


def test_assistant_message_of_reasoning_alone_is_left_out() -> None:
    body = _body(request(said("a"), message("assistant", ReasoningPart(text="hm")), said("b")))

    assert [one["content"] for one in body["messages"]] == ["You are kind.", "a\nb"]


def test_tools_that_must_not_be_called_stay_in_the_request() -> None:
    asked = request(said("a"), tools=(tool("look"),))
    usual, last = _body(asked), _body(asked.model_copy(update={"calls_allowed": False}))
    assert last.pop("tool_choice") == "none"
    assert last == usual
