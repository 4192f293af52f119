"""Leaked tags, also when a delta tears them, and models that go in circles."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.repairs.loops import CallMemo, RepetitionWatch, call_loop, repeating_tail
from app.engine.repairs.tags import LONGEST, Piece, TagStripper, clean

LEAKS = [
    ("<think>hm</think>Hello", "Hello", "hm"),
    ("<think>\nhm\n</think>\n\nHello", "Hello", "hm"),
    ("They greet me.\n</think>\n\nHello", "Hello", "They greet me."),
    ("[THINK]hm[/THINK]Hello", "Hello", "hm"),
    ("<think>never ends", "", "never ends"),
    ("Hello<|im_end|>", "Hello", ""),
    ("Hello<|im_end|>\n<|im_start|>assistant\n", "Hello", ""),
    ("Hello<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n", "Hello", ""),
    ("<start_of_turn>model\nHello<end_of_turn>", "Hello", ""),
    ("Hello</s>", "Hello", ""),
    ("[INST]Hello[/INST]", "Hello", ""),
    ("Hello<｜end▁of▁sentence｜>", "Hello", ""),
    (
        "<|channel|>analysis<|message|>They greet.<|end|><|start|>assistant<|channel|>final<|message|>Hello<|return|>",
        "Hello",
        "They greet.",
    ),
    ("<|channel>thought\nhm<channel|>Hello", "Hello", "hm"),
    ('Hello\n<tool_call>\n{"name": "f"}\n</tool_call>', "Hello", ""),
    ("Hello\n<|channel|>commentary to=functions.f <|constrain|>json<|message|>{}<|call|>", "Hello", ""),
    ("<|channel|>commentary<|message|>Hello", "Hello", ""),
]
NO_LEAKS = [
    "Hello Brad!",
    "Models write `<think>` before they think and `</think>` after.",
    "```xml\n<think>\n<tool_call>\n```\nThat is all.",
    "Use the <think> tag in the middle of a line.",
    "1 < 2, a[0] and [INFO] to <b>bold</b> <|",
    "x <y> z <|not a tag",
    "- [ ] open\n- [x] done",
    "That is <s>wrong</s> right.",
    "",
]


@pytest.mark.parametrize(("leaked", "said", "thought"), LEAKS)
def test_leaked_tags_leave_the_text_and_thinking_is_parted(leaked: str, said: str, thought: str):
    cleaned = clean(leaked)
    assert (cleaned.text, cleaned.thinking) == (said, thought)
    assert cleaned.tags


@pytest.mark.parametrize("text", NO_LEAKS)
def test_text_that_speaks_of_tags_is_left_alone(text: str):
    assert clean(text).text == text
    assert clean(text).tags == ()


def sorted_out(text: str, cuts: list[int]) -> dict[str, str]:
    """What a stripper says of a text that comes in pieces; no piece may wait longer than a tag."""
    stripper = TagStripper()
    pieces = []
    edges = [0, *sorted(cuts), len(text)]
    fed = 0
    for start, end in itertools.pairwise(edges):
        pieces += stripper.feed(text[start:end])
        fed += end - start
        given_out = sum(len(piece) for _, piece in pieces) + sum(map(len, stripper.tags))
        assert fed - given_out <= LONGEST or stripper.mode == "header"
    pieces += stripper.close()
    return {kind: "".join(piece for one, piece in pieces if one == kind) for kind in ("text", "thinking", "call")}


@pytest.mark.parametrize("text", [leaked for leaked, *_ in LEAKS] + NO_LEAKS)
def test_it_makes_no_difference_where_deltas_tear_the_text(text: str):
    whole = sorted_out(text, [])
    for seed in range(40):
        cuts = random.Random(seed).choices(range(len(text) + 1), k=8)
        assert sorted_out(text, cuts) == whole, cuts
    assert sorted_out(text, list(range(len(text)))) == whole


PIECES = ["<think>", "</think>", "<|im_end|>", "<|channel|>", "analysis", "<|message|>", "to=functions.f", "`", "```"]
PIECES += [
    "\n",
    "a",
    " ",
    "<",
    "|",
    ">",
    "[",
    "]",
    "</",
    "<tool_call>",
    "</tool_call>",
    "[TOOL_CALLS]",
    "{}",
    "<|",
    "é",
]


@given(st.lists(st.sampled_from(PIECES), max_size=40), st.data())
def test_no_mixture_of_tags_raises_or_depends_on_the_tear(pieces: list[str], data: st.DataObject):
    text = "".join(pieces)
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=6))
    torn, whole = sorted_out(text, cuts), sorted_out(text, [])
    assert torn["thinking"] == whole["thinking"]
    assert torn["call"] == whole["call"]


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("Hello!" * 60, "Hello!"),
        ("Sure. " + "I will do it now. " * 30, "I will do it now. "),
        (("The quick brown fox jumps over the lazy dog. " * 4 + "Then it rests.\n") * 9, None),
        ("ha" * 150, "ha"),
    ],
)
def test_text_that_repeats_itself_is_noticed(text: str, unit: str | None):
    found = repeating_tail(text)
    assert found is not None
    if unit is not None:
        assert sorted(found) == sorted(unit)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ha ha ha ha ha ha ha ha",
        "-" * 400,
        " " * 5000,
        "| a | b | c |\n" * 6,
        "\n".join(f"{n}. Step number {n} of the plan" for n in range(100)),
        " ".join(random.Random(1).choices(["one", "two", "three", "four"], k=2000)),
        "Hello!" * 60 + " That was a joke, now to the point: the answer is 42.",
    ],
)
def test_a_ruler_a_list_or_a_joke_is_no_repetition(text: str):
    assert repeating_tail(text) is None


def test_a_stream_that_repeats_itself_is_stopped_long_before_its_end():
    watch = RepetitionWatch()
    heard = 0
    for _ in range(1000):
        heard += 6
        if watch.feed("Hello!"):
            break
    assert heard < 2500


def memos(*calls: tuple[str, str]) -> list[CallMemo]:
    return [CallMemo(name=name, arguments=given, result="42", step_no=n) for n, (name, given) in enumerate(calls)]


def test_the_third_same_call_within_twenty_gets_the_earlier_result():
    recent = memos(("f", "{}"), ("g", "{}"), ("f", "{}"))
    loop = call_loop("f", "{}", recent)
    assert loop is not None
    assert (loop.kind, loop.result, loop.answered) == ("same", "42", False)
    assert call_loop("f", '{"a": 1}', recent) is None
    assert call_loop("f", "{}", recent[:2]) is None


def test_a_same_call_long_ago_is_forgotten():
    between = [(f"t{n}", "{}") for n in range(20)]
    assert call_loop("f", "{}", memos(("f", "{}"), ("f", "{}"), *between)) is None


def test_one_tool_in_eight_steps_in_a_row_is_a_loop_but_eight_calls_in_one_step_are_not():
    calls = [("f", f'{{"n": {n}}}') for n in range(7)]
    loop = call_loop("f", '{"n": 8}', memos(*calls))
    assert loop is not None
    assert loop.kind == "name"
    together = [memo.model_copy(update={"step_no": 1}) for memo in memos(*calls)]
    assert call_loop("f", '{"n": 8}', together) is None
    assert call_loop("f", '{"n": 8}', memos(*calls[:3], ("g", "{}"), *calls[3:])) is None


class Slowly(TagStripper):
    """Without the short way for plain text."""

    def feed(self, text: str) -> list[Piece]:
        return self._sort(self._rest + text, final=False)


BITS = (
    *("<think>", "</think>", "[THINK]", "[/THINK]", "<|channel|>", "analysis", "commentary", "<|message|>", "<|end|>"),
    *("<tool_call>", "</tool_call>", "to=functions.", "to", "tof", "=", "functions.", "<s>", "</s>", "`", "```", "\n"),
    *(" ", "word", "t", "o", "<", "[", "|", "<function=", "[TOOL_CALLS]", "<|im_start|>", "<eos>", "é", ">", "]", "/"),
)


def joined(pieces: list[Piece]) -> list[Piece]:
    """Pieces of one kind in a row as one: how they are cut is nobody's matter."""
    whole: list[Piece] = []
    for kind, text in pieces:
        if whole and whole[-1][0] == kind and kind in ("text", "thinking"):
            whole[-1] = (kind, whole[-1][1] + text)
        else:
            whole.append((kind, text))
    return whole


@given(st.lists(st.sampled_from(BITS), max_size=25), st.lists(st.integers(0, 120), max_size=40))
def test_the_short_way_for_plain_text_leads_to_the_same(bits: list[str], cuts: list[int]):
    text = "".join(bits)
    places = sorted({cut for cut in cuts if cut < len(text)} | {0, len(text)})
    quick, slow = TagStripper(), Slowly()
    pieces = [text[start:end] for start, end in itertools.pairwise(places)]
    told = [[piece for one in pieces for piece in stripper.feed(one)] + stripper.close() for stripper in (quick, slow)]
    assert joined(told[0]) == joined(told[1])
    assert vars(quick) == vars(slow)
