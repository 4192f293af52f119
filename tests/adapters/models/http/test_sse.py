"""The reader of server-sent events: the same events however the bytes are cut."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.models.http import sse
from app.adapters.models.http.sse import EventReader, TooLong


def _read(*chunks: bytes) -> list[bytes]:
    reader = EventReader()
    events = [event for chunk in chunks for event in reader.feed(chunk)]
    last, _ = reader.end()
    return [event.data for event in [*events, *last]]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"data: a\n\ndata: b\n\n", [b"a", b"b"]),
        (b"data:a\n\n", [b"a"]),
        (b"data:  a\n\n", [b" a"]),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", [b"a", b"b"]),
        (b"data: one\ndata: two\n\n", [b"one\ntwo"]),
        (b": keep-alive\n\ndata: a\n\n: more\n\n", [b"a"]),
        (b"event: message\nid: 7\nretry: 1\ndata: a\n\n", [b"a"]),
        (b"\n\n\ndata: a\n\n", [b"a"]),
        (b"data: a\n\ndata: last", [b"a", b"last"]),
        (b"data: last\n", [b"last"]),
        (b'error: {"code":500}\n\n', [b'{"error": {"code":500}}']),
        (b"", []),
        (b": only a comment\n\n", []),
    ],
)
def test_stream_gives_these_events(stream: bytes, expected: list[bytes]) -> None:
    assert _read(stream) == expected


_STREAM = (
    ": loading\r\n\r\n"
    'data: {"content":"Grüße 🎉 我的"}\r\n\r\n'
    "data: first line\ndata: second line\n\n"
    "event: done\ndata:x\n\n"
    ": ping\n"
    "data: [DONE]\n\n"
).encode()


@given(cuts=st.lists(st.integers(0, len(_STREAM)), max_size=40))
def test_events_and_raw_bytes_do_not_depend_on_where_the_stream_is_cut(cuts: list[int]) -> None:
    borders = [0, *sorted(cuts), len(_STREAM)]
    reader = EventReader()
    events = [event for start, stop in itertools.pairwise(borders) for event in reader.feed(_STREAM[start:stop])]
    last, rest = reader.end()

    assert [event.data for event in [*events, *last]] == [
        '{"content":"Grüße 🎉 我的"}'.encode(),
        b"first line\nsecond line",
        b"x",
        b"[DONE]",
    ]
    assert b"".join(event.raw for event in [*events, *last]) + rest == _STREAM


@given(stream=st.binary(max_size=200), cut=st.integers(0, 200))
def test_any_bytes_are_read_without_an_exception_and_none_are_lost(stream: bytes, cut: int) -> None:
    reader = EventReader()
    events = [*reader.feed(stream[:cut]), *reader.feed(stream[cut:])]
    last, rest = reader.end()

    assert (b"".join(event.raw for event in [*events, *last]) + rest).startswith(stream)


def test_line_without_end_is_refused_before_it_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_EVENT", 1000)
    reader = EventReader()

    for _ in range(10):
        reader.feed(b"x" * 100)

    with pytest.raises(TooLong):
        reader.feed(b"x")


@pytest.mark.parametrize("line", [b": comment\n", b"data: x\n", b"event: x\n", b"\n", b"data:\n", b"id: 1\r\n"])
def test_lines_that_never_become_an_event_are_refused_before_they_fill_the_memory(line: bytes) -> None:
    reader = EventReader()

    def read() -> None:
        for _ in range(200):
            assert len(reader.feed(line * 1000)) <= 1

    with pytest.raises(TooLong):
        read()


def test_many_events_with_comments_between_them_are_no_long_event() -> None:
    reader = EventReader()

    assert sum(len(reader.feed(b': wait\n\ndata: {"a": 1}\n\n' * 1000)) for _ in range(60)) == 60_000


def test_one_event_of_many_long_lines_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_EVENT", 1000)
    reader = EventReader()

    with pytest.raises(TooLong):
        reader.feed((b"data: " + b"x" * 90 + b"\n") * 11)
