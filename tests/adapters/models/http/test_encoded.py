"""Messages are encoded once, also as the copies that a window makes of them, and never taken for another."""

from app.adapters.models.http.encoded import EncodedMessages
from app.adapters.models.openai.encoding import spoken_as_one
from app.domain.message import Message, TextPart
from app.engine.context.window import visible
from tests.support.values.samples import NOON, call, members, message, returned

HOUR = 3_600_000_000


class Counting:
    def __init__(self) -> None:
        self.kept = EncodedMessages()
        self.encoded = 0

    def __call__(self, messages: tuple[Message, ...]) -> list[bytes]:
        return [self.kept.get(one, self._encode) for one in spoken_as_one(messages)]

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

    kept.get(stays, encode)
    for n in range(100):
        kept.get(message("user", f"{n}"), encode)
        kept.get(stays, encode)
        assert kept.weight <= 20_000
    assert asked == 101
    kept.get(message("user", "giant"), lambda one: b"x" * 1_000_000)
    assert kept.weight == 0
