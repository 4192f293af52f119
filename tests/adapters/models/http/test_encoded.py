"""Messages are encoded once, also as the copies that a window makes of them, and never taken for another."""

from app.adapters.models.http.encoded import MOST_TOOLS, EncodedMessages, EncodedTools
from app.adapters.models.openai.encoding import spoken_as_one
from app.domain.message import Message, TextPart
from app.domain.tool import Tool
from app.engine.context.window import visible
from tests.support.values.samples import NOON, call, members, message, returned, tool

HOUR = 3_600_000_000


class Counting:
    def __init__(self) -> None:
        self.kept = EncodedMessages()
        self.encoded = 0

    def __call__(self, messages: tuple[Message, ...]) -> list[bytes]:
        return [encoded for _, encoded in self.kept.of(spoken_as_one(messages), self._encode) if encoded is not None]

    def _encode(self, one: Message) -> bytes:
        self.encoded += 1
        return repr((one.role, one.parts)).encode()


def test_a_window_sent_again_encodes_only_what_is_new() -> None:
    turns = [
        one
        for n in range(20)
        for one in (
            message("user", f"question {n}", at=NOON + n * HOUR),
            message("assistant", call(f"c{n}"), at=NOON + n * HOUR),
            message("tool", returned(f"c{n}"), at=NOON + n * HOUR),
            message("user", "and", at=NOON + n * HOUR),
            message("user", "more", at=NOON + n * HOUR),
        )
    ]
    count = Counting()
    window = members(*turns)
    first = count(visible(window))
    before = count.encoded
    assert count(visible(window)) == first
    assert count.encoded == before
    count(visible(members(*turns, message("user", "new"))))
    assert count.encoded <= before + 1


def test_another_content_under_the_same_id_is_encoded_anew() -> None:
    count = Counting()
    one = message("user", "one")
    other = one.model_copy(update={"parts": (TextPart(text="other"),)})
    assert count((one,)) != count((other,))
    assert count((one,)) == [repr((one.role, one.parts)).encode()]


def test_the_least_used_go_first_and_the_bound_holds() -> None:
    kept = EncodedMessages(most_bytes=20_000)
    stays, asked = message("user", "stays"), 0

    def encode(one: Message) -> bytes:
        nonlocal asked
        asked += 1
        return b"x" * 1_000

    kept.of([stays], encode)
    for n in range(100):
        kept.of([message("user", f"{n}")], encode)
        kept.of([stays], encode)
        assert kept.weight <= 20_000
    assert asked == 101
    kept.of([message("user", "giant")], lambda one: b"x" * 1_000_000)
    assert kept.weight == 0


def test_what_may_be_encoded_otherwise_the_next_time_is_not_kept() -> None:
    kept, one, answers = EncodedMessages(), message("user", "look"), iter((None, b"seen", b"never"))
    assert [kept.of([one], lambda _: next(answers))[0][1] for _ in range(3)] == [None, b"seen", b"seen"]


def test_tools_are_encoded_once_as_long_as_they_are_the_same_ones() -> None:
    asked: list[tuple[Tool, ...]] = []

    def encode(tools: tuple[Tool, ...]) -> bytes:
        asked.append(tools)
        return repr([(tool.name, tool.description) for tool in tools]).encode()

    known = EncodedTools(encode)
    search, insert = tool("search"), tool("insert")
    assert known.get((search, insert)) == known.get((search, insert))
    changed = search.model_copy(update={"description": "Another one."})
    assert b"Another one." in known.get((changed, insert))
    assert b"Another one." not in known.get((search,))
    for _ in range(MOST_TOOLS):
        known.get((search.model_copy(),))
    assert len(asked) == 3 + MOST_TOOLS
    known.get((search, insert))
    assert len(asked) == 4 + MOST_TOOLS, "the longest unused is forgotten"
