"""What may stand as a summary in all later requests, and what may not."""

import pytest

from app.engine.compaction.verdict import usable

LONG = tuple(f"A line about the heating in the house, number {number}." for number in range(40))
GOOD = "Brad lives at Molkenhaus 12. Brandt offered a heat pump for 14,860 euros; he wants a second offer from Kruse."


@pytest.mark.parametrize(
    "written",
    [
        "",
        "   \n",
        "Awaiting the user's next message.",
        "Waiting for user input",
        "How can I help you today?",
        "I'm sorry, but I can't do that.",
        "Please provide the messages you would like me to sum up.",
        "There is no conversation to summarize.",
        "Understood.",
        "Sure.",
        "Talk.",
        '{"name": "memory_insert", "arguments": {}}',
        "<tool_call>memory_insert",
        "the heating is cold. " * 60,
        LONG[3],
        "word " * 5 + "x" * 9_000,
    ],
)
def test_refused(written: str):
    text, why = usable(written, LONG, 2_000)
    assert text == ""
    assert why


@pytest.mark.parametrize(
    "written",
    [
        GOOD,
        f"Summary:\n{GOOD}",
        f"Sure! Here is the summary of the conversation:\n\n{GOOD}",
        f"**Summary**\n{GOOD}",
        f"### Summary of the conversation\n{GOOD}",
        f"\n\n{GOOD}\n",
    ],
)
def test_taken_over_without_its_opening(written: str):
    assert usable(written, LONG, 2_000) == (GOOD, "")


def test_a_little_too_long_is_cut_behind_a_sentence():
    sentences = " ".join(f"Fact number {number} is about item {number * 7}." for number in range(40))
    text, why = usable(sentences, LONG, 1_000)
    assert not why
    assert 600 < len(text) <= 1_000
    assert text.endswith(".")


def test_few_words_are_enough_for_a_short_conversation():
    assert usable("Anna prefers tea over coffee.", ("I prefer tea.", "Noted, tea."), 2_000)[1] == ""


def test_chinese_is_judged_alike():
    said = ("我叫小李,住在北京。", "你好小李!")
    assert usable("用户叫小李,住在北京,喜欢喝茶,养了一只猫,名字叫咪咪。", said, 500)[1] == ""
