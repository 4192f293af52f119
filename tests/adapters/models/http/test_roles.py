"""Servers that demand an order of roles, refuse system messages or want other ids: every history comes out legal."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.adapters.models.http.roles import IDS, ORDER, SYSTEM, arranged, short_id
from app.adapters.models.ollama.encoding import encode as encode_ollama
from app.adapters.models.openai.encoding import encode
from app.domain.message import ImagePart, Message, TextPart
from app.ports.models import ModelFacts
from tests.support.servers.openai_requests import called, message, request, returned, said

ALL = frozenset({ORDER, SYSTEM, IDS})


def sent(
    *messages: Message, refused: frozenset[str] = frozenset(), system: str = "You are kind."
) -> list[dict[str, Any]]:
    asked = request(*messages, system=system, facts=ModelFacts(refused=refused))
    return json.loads(encode(asked).body)["messages"]


def roles(messages: list[dict[str, Any]]) -> list[str]:
    return [one["role"] for one in messages]


def test_an_event_and_a_user_message_in_a_row_are_one() -> None:
    assert sent(said("Tick", "system"), said("Hi"))[1:] == [{"role": "user", "content": "[system event] Tick\nHi"}]


def test_a_summary_an_event_and_two_messages_are_one() -> None:
    messages = sent(
        said("Before", "summary"), said("Tick", "system"), said("Hi"), said("hello?"), said("Yes", "assistant")
    )
    assert roles(messages) == ["system", "user", "assistant"]


def test_an_image_in_a_row_keeps_its_place() -> None:
    look = message("user", ImagePart(sha256="a", media_type="image/png"), TextPart(text="Look"))
    _, one = sent(said("Tick", "system"), look)
    assert [part["type"] for part in one["content"]] == ["text", "text", "text"]
    assert one["content"][0]["text"] == "[system event] Tick"


def test_a_message_after_a_run_that_broke_behind_a_tool_return_gets_a_reply_between() -> None:
    history = (said("Hi"), called("f", "{}"), returned("ok"), said("Well?"))
    assert roles(sent(*history)) == ["system", "user", "assistant", "tool", "user"]
    messages = sent(*history, refused=frozenset({ORDER}))
    assert roles(messages) == ["system", "user", "assistant", "tool", "assistant", "user"]


def test_a_refused_system_message_stands_before_the_first_words() -> None:
    messages = sent(said("Hi"), refused=frozenset({SYSTEM}))
    assert messages == [{"role": "user", "content": "You are kind.\n\nHi"}]
    greeting = sent(said("Hello!", "assistant"), said("Hi"), refused=frozenset({SYSTEM}))
    assert roles(greeting) == ["user", "assistant", "user"]


def test_ids_are_nine_letters_and_digits_and_still_pairs() -> None:
    history = (said("Hi"), called("f", "{}", "call_8cdaf_0"), returned("ok", "f", "call_8cdaf_0"))
    _, _, call, result = sent(*history, refused=frozenset({IDS}))
    assert call["tool_calls"][0]["id"] == result["tool_call_id"] == short_id("call_8cdaf_0")
    assert len(short_id("x")) == 9
    assert short_id("x").isalnum()
    assert short_id("x") != short_id("y")


def test_ollama_gets_the_same_order() -> None:
    history = (said("Tick", "system"), said("Hi"), called("f", "{}"), returned("ok"), said("Well?"))
    asked = request(*history, facts=ModelFacts(refused=frozenset({ORDER, SYSTEM})))
    assert roles(json.loads(encode_ollama(asked).body)["messages"]) == [
        "user",
        "assistant",
        "tool",
        "assistant",
        "user",
    ]


TURN = st.sampled_from(
    [
        (said("a"),),
        (said("e", "system"),),
        (said("s", "summary"),),
        (said("b", "assistant"),),
        (called("f", "{}", "call_1"), returned("ok", "f", "call_1")),
        (called("f", "{}", "call_2", text="I look."), returned("no", "f", "call_2", ok=False)),
    ]
)


@given(st.lists(TURN, min_size=1, max_size=12), st.booleans())
def test_every_history_alternates_strictly_where_that_is_demanded(
    turns: list[tuple[Message, ...]], system: bool
) -> None:
    history = [one for turn in turns for one in turn]
    messages = sent(*history, refused=ALL, system="You are kind." if system else "")
    before = ""
    for one in messages:
        role = one["role"] + ("+calls" if one.get("tool_calls") else "")
        assert role in FOLLOWS[before], (before, role, messages)
        before = role
    words = json.dumps(messages)
    assert not system or "You are kind." in words
    assert all(one.text in words for one in history)


FOLLOWS = {
    "": {"user"},
    "user": {"assistant", "assistant+calls"},
    "assistant": {"user"},
    "assistant+calls": {"tool"},
    "tool": {"tool", "assistant", "assistant+calls"},
}


def test_nothing_changes_where_nothing_was_refused() -> None:
    wire = [{"role": "system", "content": "a"}, {"role": "user", "content": "b"}]
    assert arranged(wire, ()) == wire
