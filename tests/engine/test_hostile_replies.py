"""Replies that no model should send: whatever comes, it is stored in a form that every server accepts in a history."""

import hashlib
import itertools
import json
import time
from collections.abc import Iterable, Iterator

import pytest

from app.domain.event import Event, RunEvent
from app.domain.message import TextPart
from app.domain.wire_message import AssistantMessage, ToolCallMessage, otid_of
from app.engine.emitter import Emitter
from app.engine.memory.matching import find_text
from app.engine.model_call.reply_stream import LONGEST_REPLY, MOST_PIECES, ReplyAccumulator
from app.engine.reply import RawCall, Reply
from app.engine.run.apply import apply
from app.engine.state import CallModel, Exchange, ModelReplied, RunState
from app.ports.models import ModelDelta
from tests.support.values.samples import NOON, tool

CALLING = CallModel(step_id="step-1", message_id="message-0123abcd")


class Noon:
    def now(self) -> int:
        return NOON

    def ticks(self) -> int:
        return NOON


class Nowhere:
    """No batch is written in these tests."""


def heard(*deltas: ModelDelta) -> tuple[Reply, list[RunEvent]]:
    events: list[Event] = []
    emitter = Emitter("run-1", 0, Nowhere(), Noon(), events.append)  # type: ignore[arg-type]
    listening = ReplyAccumulator(CALLING, "run-1", 1, emitter, Noon())
    for delta in deltas:
        listening.feed(delta)
    return listening.reply, [event for event in events if isinstance(event, RunEvent)]


def listened(deltas: Iterable[ModelDelta]) -> tuple[Reply, int, int]:
    """What is kept of a reply without end, how many pieces were taken, and how many events came of them."""
    events: list[Event] = []
    emitter = Emitter("run-1", 0, Nowhere(), Noon(), events.append)  # type: ignore[arg-type]
    listening, taken = ReplyAccumulator(CALLING, "run-1", 1, emitter, Noon()), 0
    for delta in itertools.islice(deltas, 2 * MOST_PIECES):
        listening.feed(delta)
        taken += 1
        if listening.is_over:
            break
    return listening.reply, taken, len(events)


def words(size: int) -> Iterator[str]:
    """Words that never come again, so that nobody takes them for a loop."""
    return (hashlib.sha256(str(n).encode()).hexdigest()[:size] for n in itertools.count())


@pytest.mark.parametrize("kind", ["text", "reasoning", "call_arguments"])
def test_a_reply_without_end_is_cut_at_the_largest_size(kind: str):
    index = 0 if kind == "call_arguments" else None
    reply, taken, _ = listened(ModelDelta(**{kind: word}, call_index=index) for word in words(60))

    held = reply.text + reply.reasoning + "".join(call.arguments for call in reply.calls)
    assert len(held) == LONGEST_REPLY
    assert taken == -(-LONGEST_REPLY // 60)
    assert reply.finish == "length"


def test_what_a_reply_holds_counts_together():
    pieces = (ModelDelta(text=word, reasoning=word, call_index=0, call_arguments=word) for word in words(60))
    reply, _, _ = listened(pieces)

    assert len(reply.text + reply.reasoning + reply.calls[0].arguments) == LONGEST_REPLY


def test_one_giant_piece_is_cut_too_although_the_server_says_that_it_ended_well():
    reply, _, _ = listened([ModelDelta(text="ab" * LONGEST_REPLY, finish="stop")])

    assert reply.text == "ab" * (LONGEST_REPLY // 2)
    assert reply.finish == "length"


@pytest.mark.parametrize("delta", [ModelDelta(text="é"), ModelDelta(), ModelDelta(raw=b"data: {}\n\n")])
def test_a_reply_of_endless_crumbs_ends(delta: ModelDelta):
    texts = words(3)
    reply, taken, events = listened(
        delta._replace(text=next(texts)) if delta.text else delta for _ in itertools.count()
    )

    assert taken == MOST_PIECES
    assert events <= MOST_PIECES
    assert reply.finish == "length"


def test_twenty_thousand_calls_are_not_listened_to():
    begun = time.monotonic()
    reply, taken, _ = listened(ModelDelta(call_index=n, call_name="f", call_arguments="{}") for n in range(20_000))

    assert taken == len(reply.calls) == 257
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("size", [0, 1, LONGEST_REPLY // 60 - 1])
def test_a_long_reply_within_the_limits_is_kept_whole(size: int):
    said = list(itertools.islice(words(60), size))
    reply, taken, _ = listened([*(ModelDelta(text=word) for word in said), ModelDelta(finish="stop")])

    assert reply.text == "".join(said)
    assert taken == size + 1
    assert reply.finish == "stop"


def stored(*calls: RawCall) -> RunState:
    state = RunState(run_id="r", agent_id="a", conversation_id="c", intent=CALLING)
    return apply(state, ModelReplied(Reply(calls=calls), Exchange(model="m"), (tool("f"), tool("ok-1"))), NOON).state


@pytest.mark.parametrize(
    "bad",
    [
        '{"a": NaN}',
        '{"a": Infinity}',
        '{"a": 1e999}',
        '{"a":' + "[" * 100_000,
        '{"a": ' + "9" * 5000 + "}",
    ],
)
def test_arguments_that_other_readers_of_json_refuse_become_an_empty_object_and_a_problem(bad: str):
    (call,) = stored(RawCall("c", "f", bad)).calls
    assert call.arguments == "{}"
    assert "not valid JSON" in call.problem
    assert len(call.problem) < 1000


def test_half_an_emoji_in_arguments_is_replaced_and_the_call_can_be_stored():
    state = stored(RawCall("c", "f", '{"a": "x\\ud83d", "b": "\\u0000"}'))
    again = RunState.model_validate_json(state.model_dump_json())
    assert json.loads(again.calls[0].arguments)["a"] == "x�"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("", "unnamed"),
        ("memory replace!", "memory_replace_"),
        ("x" * 100, "x" * 64),
        ("naïve", "na_ve"),
        ("ok-1", "ok-1"),
    ],
)
def test_a_tool_name_no_server_would_accept_is_made_one(given: str, kept: str):
    assert stored(RawCall("c", given, "{}")).calls[0].name == kept


def test_calls_of_one_reply_that_share_an_id_get_ids_of_their_own():
    first = ModelDelta(call_index=0, call_id="call_1", call_name="f", call_arguments="{}")
    second = ModelDelta(call_index=1, call_id="call_1", call_name="g", call_arguments="{}")
    reply, events = heard(first, second)
    ids = [call.tool_call_id for call in reply.calls]
    assert ids[0] == "call_1"
    assert len(set(ids)) == 2
    spoken = [event.payload.tool_call.tool_call_id for event in events if isinstance(event.payload, ToolCallMessage)]
    assert list(dict.fromkeys(spoken)) == ids, "clients match a call's pieces to the stored call by its id"


@pytest.mark.parametrize("odd", ["", "x" * 200, "a\nb"])
def test_an_id_that_servers_refuse_is_replaced(odd: str):
    reply, _ = heard(ModelDelta(call_index=0, call_id=odd, call_name="f", call_arguments="{}"))
    assert reply.calls[0].tool_call_id.startswith("call_")
    assert len(reply.calls[0].tool_call_id) <= 40


def test_text_that_cannot_be_encoded_is_mended_when_it_becomes_a_word():
    part = TextPart(text="a\ud83d\ude00b\ud83dc\0")
    assert part.text == "a😀b�c�"
    assert TextPart.model_validate_json(part.model_dump_json()) == part


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("ab" * 9000, "ba" * 4000 + "c" + "ba" * 4000),
        ("\n".join("a" * 26 + f"b{n}" for n in range(600)), "\n".join("a" * 26 + f"c{n}" for n in range(50))),
        ("word " * 4000, "word " * 100_000),
        ("x" + "\n" * 12_000, "\n" * 12_000 + "y"),
        ("a " * 25_000, "a " * 12_000 + "b"),
        ("ab\n" * 16_000, "\n".join(["ba"] * 160)),
        ("\n".join(["ab" * 200 + "b" * 40] * 20), "ba" * 200 + "a" * 40),
    ],
)
def test_a_text_that_is_not_there_is_missed_soon_however_alike_all_of_the_block_is(value: str, wanted: str):
    assert find_text(value, wanted).spans == (), "and it took minutes, inside the one writing transaction"


def test_half_characters_and_nul_are_mended_wherever_they_come():
    reply, events = heard(
        ModelDelta(reasoning="a\ude00"),
        ModelDelta(text="b\0"),
        ModelDelta(call_index=0, call_name="f\ud83d", call_arguments='{"a": "\ude00"}'),
    )
    assert (reply.reasoning, reply.text) == ("a\ufffd", "b\ufffd")
    assert (reply.calls[0].name, reply.calls[0].arguments) == ("f\ufffd", '{"a": "\ufffd"}')
    for event in events:
        event.model_dump_json().encode()


@pytest.mark.parametrize("escape", [r"a\ude00 b", r"a\u0000 b"])
def test_half_characters_inside_an_answer_in_json_are_mended(escape: str):
    events: list[Event] = []
    emitter = Emitter("run-1", 0, Nowhere(), Noon(), events.append)  # type: ignore[arg-type]
    listening = ReplyAccumulator(CALLING, "run-1", 1, emitter, Noon())
    listening.expect_json()
    listening.feed(ModelDelta(text=f'{{"say": "{escape}"}}'))
    listening.close()
    said = [event.payload for event in events if isinstance(event, RunEvent)]
    assert "".join(one.content for one in said if isinstance(one, AssistantMessage)) == "a\ufffd b"


def test_words_after_late_thinking_have_the_place_that_the_stored_message_gives_them():
    _, events = heard(ModelDelta(text="Hello"), ModelDelta(reasoning="hm"), ModelDelta(text=" there"))
    before, _, after = (event.payload for event in events)
    assert isinstance(before, AssistantMessage)
    assert isinstance(after, AssistantMessage)
    assert (before.otid, after.otid) == (otid_of("message-0123abcd", 0), otid_of("message-0123abcd", 1))
    assert (before.content, after.content) == ("Hello", " there")
