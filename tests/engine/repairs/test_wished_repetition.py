"""A repetition that a person asked for is no endless loop; one that nobody asked for is."""

import pytest

from app.engine.repairs.loops import PATIENCE, RepetitionWatch
from app.engine.repairs.policy import REPEATED, Circumstances, read_reply
from app.engine.reply import Reply

SENTENCE = "I will not waste chalk in class.\n"
ASKED = [
    "Write this sentence 100 times",
    "Please repeat “I will not waste chalk in class.” 100 times.",
    "Schreibe den Satz 100 mal",
    "Écris cette phrase 100 fois",
    "Escribe esta frase 100 veces",
    "把这句话写100遍",
    "Give me 100 lines of: I will not waste chalk in class.",
    "I will not waste chalk in class. 100",
]
NOT_ASKED = ["Hello", "What happened in 1999?", "Write a story about chalk", "My number is 555-1234", "Is 100 a lot?"]


def broken_off(asked: str, times: int) -> int | None:
    """After how many sentences a stream is broken off."""
    watch = RepetitionWatch(asked)
    return next((number for number in range(times) if watch.feed(SENTENCE)), None)


@pytest.mark.parametrize("asked", ASKED)
def test_a_hundred_times_are_written_when_they_were_asked_for(asked: str) -> None:
    assert broken_off(asked, 100) is None
    reading = read_reply(Reply(SENTENCE * 100, finish="stop", asked=asked), Circumstances())
    assert reading.text.count("chalk") == 100
    assert reading.reprompt is None


@pytest.mark.parametrize("asked", ASKED)
def test_even_then_there_is_an_end(asked: str) -> None:
    assert broken_off(asked, 3000) is not None
    assert read_reply(Reply(SENTENCE * 300, finish=REPEATED, asked=asked), Circumstances()).problem == "repetition"


@pytest.mark.parametrize("asked", NOT_ASKED)
def test_what_nobody_asked_for_is_broken_off(asked: str) -> None:
    number = broken_off(asked, 300)
    assert number is not None
    assert number * len(SENTENCE) < PATIENCE + 600


def test_a_wished_repetition_that_meets_the_output_limit_is_a_cut_reply() -> None:
    reading = read_reply(Reply(SENTENCE * 60, finish="length", asked=ASKED[0]), Circumstances())
    assert (reading.cut, reading.reprompt) == (True, None)
    assert read_reply(Reply(SENTENCE * 60, finish="length"), Circumstances()).problem == "repetition"
