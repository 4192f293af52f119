"""What an agent says by `send_message` becomes the words of its reply."""

import pytest

from app.engine.reply import Call, RawCall
from app.engine.tools.send_message import half_spoken, spoken


def call(name: str, arguments: str, problem: str = "") -> Call:
    return Call(tool_call_id=f"{name}-{arguments}", name=name, arguments=arguments, problem=problem)


def test_words_of_calls_become_text_and_the_others_stay() -> None:
    note, hello = call("memory_insert", "{}"), call("send_message", '{"message": "Hello!"}')
    assert spoken("", (note, hello)) == ("Hello!", (note,), True)
    assert spoken("Thinking aloud.", (hello, call("send_message", '{"message": "Bye."}'))) == (
        "Thinking aloud.\n\nHello!\n\nBye.",
        (),
        True,
    )
    assert spoken("Plain.", (note,)) == ("Plain.", (note,), False)


def test_a_call_that_cannot_be_carried_out_is_answered_as_a_call() -> None:
    broken = call("send_message", "{}", problem="The message is missing.")
    assert spoken("", (broken,)) == ("", (broken,), False)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ('{"message": "Hello, wor', "Hello, wor"),
        ('{"message":"Two\\nlines \\"quoted', 'Two\nlines "quoted'),
        ('{"message": "Whole."}', "Whole."),
        ('{"mess', ""),
        ("", ""),
    ],
)
def test_a_broken_off_call_keeps_what_it_had_said(arguments: str, words: str) -> None:
    assert half_spoken((RawCall("1", "send_message", arguments), RawCall("2", "f", "{}"))) == words
