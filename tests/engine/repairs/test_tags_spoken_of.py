"""Three hundred texts about tags lose nothing, three hundred leaks leave nothing, however the stream is cut."""

import itertools
import re
from collections.abc import Callable

import pytest

from app.engine.repairs.policy import Circumstances, read_reply
from app.engine.repairs.tag_signs import TAG
from app.engine.repairs.tags import TagStripper
from app.engine.reply import Reply
from tests.engine.repairs.tag_texts import TOOLS, Leak, about_tags, leaks
from tests.support.values.samples import tool

AROUND = Circumstances(tools=tuple(tool(name) for name in TOOLS))
ABOUT, LEAKS = about_tags(300), leaks(300)
ROWS = [
    "Hermes models begin a call with <tool_call> and then write JSON. Qwen too.",
    "Qwen closes its thoughts with </think> and then answers.",
    "<think>\n</think>\n<tool_call>\n</tool_call>\n[INST]",
    "<think>\n<tool_call>\n[INST]\n</s>",
    "Llama wraps a request in [INST] and [/INST], ends with </s>",
    "````\n```python\nprint('x')\n```\n<think>\n</think>\n````",
]
FURTHER = [
    "<think> is what Qwen writes before it thinks.",
    "<think> opens the thoughts and </think> closes them.",
    "<think> – opens thoughts\n</think> – closes them\n<tool_call> – opens a call",
    "    <think>\n    hm\n    </think>",
    "~~~\n<tool_call>\n{}\n~~~\nThat is empty.",
    "Write <tool_call>{json}</tool_call> around it.",
    "In the form <tool_call>{json}</tool_call>",
    "gpt-oss marks its channels with <|channel|>analysis<|message|> before thoughts.",
    "harmony addresses tools with to=functions.name in the header.",
    '- Hermes: <tool_call>{"name": "f", "arguments": {}}</tool_call>\n'
    '- Mistral: [TOOL_CALLS][{"name": "f", "arguments": {}}]',
    "The end is marked by\n</think>\nand then the answer comes.",
    "Two end marks: <|im_end|> and <|eot_id|>",
]


def streamed(text: str, cuts: tuple[int, ...] = (), *, thinks: bool = False, native: bool = False) -> dict[str, str]:
    stripper = TagStripper(TOOLS, thinks=thinks)
    if native:
        stripper.note_thoughts()
    edges = [0, *cuts, len(text)]
    pieces = [piece for start, end in itertools.pairwise(edges) for piece in stripper.feed(text[start:end])]
    pieces += stripper.close()
    return {kind: "".join(piece for one, piece in pieces if one == kind) for kind in ("text", "thinking", "call")}


@pytest.mark.parametrize("text", [*ROWS, *FURTHER])
def test_what_strangers_wrote_about_tags_is_kept(text: str) -> None:
    reading = read_reply(Reply(text, finish="stop"), AROUND)
    assert (reading.text, reading.reasoning, reading.calls, reading.reprompt) == (text, "", (), None)
    assert streamed(text)["text"] == text


@pytest.mark.parametrize("number", range(300))
def test_a_text_about_tags_loses_nothing(number: int) -> None:
    text = ABOUT[number]
    for native, thinks in ((False, False), (True, True)):
        reply = Reply(text, "They ask about tags." if native else "", finish="stop", thinks=thinks)
        reading = read_reply(reply, AROUND)
        assert (reading.text.strip(), reading.calls, reading.reprompt) == (text.strip(), (), None), text
        assert streamed(text, native=native, thinks=thinks)["text"] == text


def test_a_text_about_tags_is_nowhere_lost_with_a_model_that_writes_its_thoughts() -> None:
    for text in ABOUT:
        reading = read_reply(Reply(text, finish="stop", thinks=True), AROUND)
        kept = f"{reading.text}\n{reading.reasoning}"
        assert all(word in kept for word in re.findall(r"[a-z]{3,}", TAG.sub("", text))), text
        assert not reading.calls, text


@pytest.mark.parametrize("number", range(300))
def test_a_leak_leaves_nothing_behind(number: int) -> None:
    leak = LEAKS[number]
    reading = read_reply(Reply(leak.raw, finish="stop", thinks=leak.thinks), AROUND)
    assert _plain(reading.text) == _plain(leak.text), leak.raw
    assert _plain(reading.reasoning) == _plain(leak.thinking), leak.raw
    assert len(reading.calls) == leak.calls, leak.raw
    assert reading.repairs
    live = streamed(leak.raw, thinks=leak.thinks)
    assert not TAG.search(live["text"].replace("`<think>`", "")), leak.raw


def _plain(text: str) -> str:
    return re.sub(r"\n\s*\n", "\n", text.strip())


@pytest.mark.parametrize("number", range(0, 300, 5))
def test_it_makes_no_difference_where_the_stream_is_cut(number: int, times: Callable[[int, int], int]) -> None:
    stride = times(4, 1)
    for text, thinks in ((ABOUT[number], False), (LEAKS[number].raw, LEAKS[number].thinks)):
        whole = streamed(text, thinks=thinks)
        for cut in range(1 + number // 5 % stride, len(text), stride):
            assert streamed(text, (cut,), thinks=thinks) == whole, (text, cut)
        assert streamed(text, tuple(range(1, len(text))), thinks=thinks) == whole, text


def test_what_was_cut_for_a_call_and_is_none_goes_back_into_the_text() -> None:
    text = 'Look:\n<tool_call>{"city": "Paris"}</tool_call>\nThat has no name.'
    assert read_reply(Reply(text), AROUND).text == text
    assert streamed(text)["text"] == text


def test_what_has_the_form_of_a_call_and_cannot_be_read_is_asked_for_again() -> None:
    text = '<tool_call>{"label": "human"}</tool_call>'
    reading = read_reply(Reply(text), AROUND)
    assert reading.problem == "broken"
    assert (reading.text, reading.calls) == (text, ())


def test_a_leak_of_a_call_is_told_with_what_was_written() -> None:
    leak = Leak('<tool_call>{"name": "memory_insert", "arguments": {}}</tool_call>', "")
    notes = read_reply(Reply(leak.raw), AROUND).repairs
    assert notes[0].kind == "call_in_text"
    assert "memory_insert" in notes[0].wrote
