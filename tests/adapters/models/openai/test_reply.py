"""Chunks of a reply as different servers send them, and what becomes of them."""

import json
from typing import Any

import pytest

from app.adapters.models.http.sse import Event, TooLong
from app.adapters.models.openai import reply
from app.adapters.models.openai.reply import MOST_EMPTY, NotReadable, ReplyReader, ServerSaid
from app.domain.run import Usage
from app.ports.models import ModelDelta
from tests.support.servers.openai_requests import calls_of, finish_of, reasoning_of, text_of


def _read(*deltas: dict[str, Any], finish: str = "stop", **last: Any) -> list[ModelDelta]:
    reader = ReplyReader()
    found: list[ModelDelta] = []
    for delta in deltas:
        found += reader.read(Event(json.dumps({"choices": [{"index": 0, "delta": delta}]}).encode(), b""))
    found += reader.read(Event(json.dumps({"choices": [{"delta": {}, "finish_reason": finish}]} | last).encode(), b""))
    return found + reader.close(b"")


def _call(arguments: Any, **fields: Any) -> dict[str, Any]:
    name = {"name": fields.pop("name")} if "name" in fields else {}
    return {"tool_calls": [fields | {"function": name | {"arguments": arguments}}]}


@pytest.mark.parametrize(
    ("deltas", "calls"),
    [
        pytest.param(
            [_call("{", index=0, id="a", name="f"), _call('"x":1}', index=0)], [("f", '{"x":1}')], id="in pieces"
        ),
        pytest.param(
            [_call("{}", index=0, id="a", name="f"), _call("{", index=1, id="b", name="g"), _call("}", index=1)],
            [("f", "{}"), ("g", "{}")],
            id="two by index",
        ),
        pytest.param([_call('{"x":1}', index=0, id="a", name="f")], [("f", '{"x":1}')], id="whole in one delta"),
        pytest.param(
            [_call("{}", index=0, id="a", name="f"), _call("{}", index=0, id="b", name="g")],
            [("f", "{}"), ("g", "{}")],
            id="one index for all calls",
        ),
        pytest.param([_call("{", index=0, name="f"), _call("}", index=0)], [("f", "{}")], id="no ids"),
        pytest.param(
            [_call("{", id="a", name="f"), _call("}"), _call("{}", id="b", name="g")],
            [("f", "{}"), ("g", "{}")],
            id="no indexes",
        ),
        pytest.param(
            [_call("{}", name="f"), _call("{}", name="f")], [("f", "{}"), ("f", "{}")], id="neither index nor id"
        ),
        pytest.param(
            [_call("{", index=0, id="a", name="f"), _call("}", index=0, id="a", name="f")],
            [("f", "{}")],
            id="name and id repeated with every piece",
        ),
        pytest.param([_call({"x": "ü"}, index=0, name="f")], [("f", '{"x": "ü"}')], id="arguments as an object"),
        pytest.param([_call(None, index=0, name="f")], [("f", "")], id="arguments null"),
    ],
)
def test_tool_calls_are_put_together(deltas: list[dict[str, Any]], calls: list[tuple[str, str]]) -> None:
    assert calls_of(_read(*deltas, finish="tool_calls")) == calls


@pytest.mark.parametrize(
    ("delta", "reasoning", "text"),
    [
        ({"reasoning_content": "hm"}, "hm", ""),
        ({"reasoning": "hm"}, "hm", ""),
        ({"reasoning_content": "hm", "reasoning": "hm"}, "hm", ""),
        ({"reasoning_content": "hm", "content": "So."}, "hm", "So."),
        ({"content": None, "role": "assistant"}, "", ""),
        ({"refusal": "No."}, "", "No."),
        (
            {
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                    {"type": "text", "text": "So."},
                ]
            },
            "hm",
            "So.",
        ),
    ],
)
def test_text_and_reasoning_are_found_under_every_name(delta: dict[str, Any], reasoning: str, text: str) -> None:
    deltas = _read(delta)

    assert (reasoning_of(deltas), text_of(deltas)) == (reasoning, text)


@pytest.mark.parametrize(
    ("last", "usage"),
    [
        ({}, None),
        (
            {"usage": {"prompt_tokens": 5, "completion_tokens": 2}},
            Usage(prompt_tokens=5, completion_tokens=2, steps=1),
        ),
        (
            {
                "usage": {
                    "prompt_tokens": 5,
                    "completion_tokens": 2,
                    "prompt_tokens_details": {"cached_tokens": 4},
                    "completion_tokens_details": {"reasoning_tokens": 1},
                }
            },
            Usage(prompt_tokens=5, completion_tokens=2, cached_tokens=4, reasoning_tokens=1, steps=1),
        ),
        (
            {"timings": {"cache_n": 32, "prompt_n": 1, "predicted_n": 6}},
            Usage(prompt_tokens=33, completion_tokens=6, cached_tokens=32, steps=1),
        ),
        ({"usage": {"prompt_tokens": None, "prompt_tokens_details": None}}, Usage(steps=1)),
        *(({"usage": {"prompt_tokens": size}}, Usage(steps=1)) for size in (10**30, 1e30, -1, 2**63, -(10**30), "9")),
        ({"timings": {"predicted_n": 10**40, "cache_n": 10**30, "prompt_n": 3}}, Usage(prompt_tokens=3, steps=1)),
    ],
)
def test_usage_is_read_from_what_the_server_gives(last: dict[str, Any], usage: Usage | None) -> None:
    deltas = _read({"content": "x"}, **last)

    assert next((delta.usage for delta in deltas if delta.usage), None) == usage


def test_finish_and_usage_come_last_with_the_bytes_behind_them() -> None:
    reader = ReplyReader()
    reader.read(Event(b'{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}', b"one"))
    reader.read(Event(b'{"choices":[],"usage":{"prompt_tokens":1}}', b"two"))
    reader.read(Event(b"[DONE]", b"three"))

    finish, usage = reader.close(b"four")

    assert (finish.finish, usage.usage is not None, usage.raw) == ("stop", True, b"twothreefour")
    assert reader.done


def test_every_byte_belongs_to_one_delta() -> None:
    reader = ReplyReader()
    role = reader.read(Event(b'{"choices":[{"delta":{"role":"assistant","content":null}}]}', b"role;"))
    both = reader.read(Event(b'{"choices":[{"delta":{"reasoning":"r","content":"t"}}]}', b"both;"))
    end = reader.close(b"end")

    assert [delta.raw for delta in [*role, *both, *end]] == [b"role;both;", b"", b"end"]


def test_own_word_of_a_server_for_the_finish_is_passed_on() -> None:
    assert finish_of(_read({"content": "x"}, finish="eos_token")) == "eos_token"


def test_broken_utf8_becomes_a_replacement_character() -> None:
    reader = ReplyReader()
    deltas = reader.read(Event(b'{"choices":[{"delta":{"content":"a\xf0\x9f"}}]}', b"")) + reader.close(b"")

    assert text_of(deltas) == "a\ufffd"


@pytest.mark.parametrize("data", [b"{", b"null", b"[1]", b"<html>"])
def test_event_that_is_no_object_is_not_readable(data: bytes) -> None:
    with pytest.raises(NotReadable):
        ReplyReader().read(Event(data, b""))


def test_error_object_is_raised_with_its_answer() -> None:
    with pytest.raises(ServerSaid) as said:
        ReplyReader().read(Event(b'{"error":{"message":"gone"}}', b""))

    assert said.value.answer == {"error": {"message": "gone"}}


EMPTY = (
    b'{"choices":[{"index":0,"delta":{}}]}',
    b'{"choices":[]}',
    b'{"choices":[{"index":0,"delta":{"content":""}}]}',
    b'{"choices":[{"index":1,"delta":{"content":"another"}}]}',
    b'{"choices":[{"index":0,"delta":{"role":"assistant","content":null}}]}',
    b'{"usage":{"prompt_tokens":5}}',
)


@pytest.mark.parametrize("data", EMPTY)
def test_events_without_end_that_say_nothing_are_given_up(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(reply, "MOST_EMPTY", 1_000)
    reader, said = ReplyReader(), Event(b'{"choices":[{"index":0,"delta":{"content":"x"}}]}', b"x")
    for _ in range(3):
        for _ in range(1_000):
            assert reader.read(Event(data, data)) == []
        assert reader.read(said)[0].text == "x", "a pause that ends is none"
    for _ in range(1_000):
        reader.read(Event(data, data))
    with pytest.raises(TooLong):
        reader.read(Event(data, data))
    assert MOST_EMPTY > 10 * 3_600, "ten in a second, for an hour"
