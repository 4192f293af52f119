"""Whatever a model writes, and however much of it: nothing raises, and the time grows no faster than the text."""

import contextlib
import json
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.repairs.calls_in_text import find_calls
from app.engine.repairs.json_repair import Unreadable, read_object
from app.engine.repairs.loops import CallMemo, RepetitionWatch
from app.engine.repairs.policy import REPEATED, Circumstances, read_reply
from app.engine.repairs.tags import TagStripper, clean
from app.engine.reply import RawCall, Reply
from tests.support.values.samples import tool

TOOLS = (tool("memory_replace"), tool("search"))
TAGGED = '<tool_call>{"name": "memory_replace", "arguments": {"label": "human"}}</tool_call>'


PIECES = [
    TAGGED,
    "<think>",
    "</think>",
    "```json\n",
    "```",
    '{"name": ',
    '"',
    "'",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    ",",
    ":",
]
PIECES += [
    "memory_replace",
    "[TOOL_CALLS]",
    "[ARGS]",
    "<|python_tag|>",
    "to=functions.",
    "<|message|>",
    '<|"|>',
    "call:",
]
PIECES += ["<function=", "<parameter=a>", "\n", " ", "\\", "\\ud83d", "\x00", "é", "-", "1e999", "NaN", "😀", "\ud83d"]
hostile = st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.text(max_size=200)


@given(hostile, hostile, hostile, st.sampled_from(["stop", "length", "", REPEATED]), st.booleans())
def test_no_reply_raises_and_every_accepted_call_is_canonical(
    text: str, reasoning: str, arguments: str, finish: str, constrained: bool
):
    for calls in ((), (RawCall("c", "memory_replace", arguments),), (RawCall("c", text, arguments),)):
        around = Circumstances(tools=TOOLS, constrained=constrained)
        reading = read_reply(Reply(text, reasoning, calls, finish), around)
        for made in reading.calls:
            assert isinstance(json.loads(made.arguments), dict)
            made.arguments.encode("utf-8")
            assert made.problem or made.name in ("memory_replace", "search")
        assert reading.calls or reading.reprompt or reading.text.strip()


UNITS = [
    "<tool_call>",
    '<tool_call>{"name": "',
    '{"name":',
    "[TOOL_CALLS]{",
    "<function=x>",
    "call:search{",
    "```json\n{",
]
UNITS += [
    "<|channel|>",
    "to=functions.x<|message|>",
    "[search(",
    '"',
    "'",
    "\\",
    "{",
    "[",
    " ",
    "\n",
    "a",
    "<",
    "`",
    "-",
]
UNITS += ['{"a": "b", ', "<think>", "</think>", '{"name": "search"}', "search(\n", '<|"|>', "/*", ", ", "to=", "é"]
MEGABYTE = 1_000_000


def seconds(text: str) -> float:
    begun_at = time.perf_counter()
    find_calls(text, ("search", "memory_replace"))
    clean(text)
    with contextlib.suppress(Unreadable):
        read_object(text)
    stripper, watch = TagStripper(), RepetitionWatch()
    for start in range(0, len(text), 64):
        stripper.feed(text[start : start + 64])
        watch.feed(text[start : start + 64])
    return time.perf_counter() - begun_at


@pytest.mark.parametrize("unit", UNITS)
def test_time_grows_no_faster_than_the_text(unit: str, times: Callable[[int, int], int]):
    whole = MEGABYTE // times(32, 1)

    def cost(size: int) -> float:
        return min(seconds(unit * (size // len(unit))) for _ in range(2))

    small = cost(whole // 8)
    assert cost(whole) < 8 * 4 * small + 0.5, "eight times the text, and it may be four times worse by chance"


def test_a_memory_of_a_long_call_is_small():
    memo = CallMemo.of("f", "x" * 100_000, "y" * 100_000)
    assert len(memo.model_dump_json()) < 1000
    assert memo == CallMemo.of("f", "x" * 100_000, "y" * 100_000)
