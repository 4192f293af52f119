"""Conversations with the demo model about names and memories: what it says and which tools it calls."""

import json

import pytest

from tests.support.engine.demo_talk import OLD_TOOLS, call_for, deltas_for, says
from tests.support.servers.openai_requests import called, calls_of, returned, said

pytestmark = pytest.mark.anyio


# Names


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("My name is Brad, not Chad", "Brad"),
        ("my name is Brad, not Chad.", "Brad"),
        ("My name is brad not chad", "Brad"),
        ("Actually my name's Brad.", "Brad"),
        ("My name isn't Chad, it's Brad.", "Brad"),
        ("I'm not Chad, I'm Brad", "Brad"),
        ("No, it's Brad", "Brad"),
        ("no, I'm Brad!", "Brad"),
        ("It's Brad, not Chad", "Brad"),
        ("I'm Brad, not Chad", "Brad"),
        ("I'm called Brad", "Brad"),
        ("Please call me Brad", "Brad"),
        ("just call me BJ", "BJ"),
        ("Hi, I'm Brad", "Brad"),
        ("Hello! My name is Brad and I live in Berlin", "Brad"),
        ("My name is Brad Pitt, not Chad", "Brad Pitt"),
        ("My name is Anne-Marie van der Berg", "Anne-Marie van der Berg"),
        ("My name is “Brad”, not “Chad”", "Brad"),
        ("My name is O’Neill", "O’Neill"),
        ("My name is Зоя", "Зоя"),
        ("Remember that my name is Brad", "Brad"),
        ("[Saturday, 2025-11-22 08:15]\nMy name is Brad, not Chad", "Brad"),
        ("Ich heiße Brad, nicht Chad", "Brad"),
        ("ich heisse Brad", "Brad"),
        ("Ich heiße nicht Chad, sondern Brad", "Brad"),
        ("Mein Name ist Brad", "Brad"),
        ("Nenn mich bitte Brad", "Brad"),
        ("Nein, ich bin Brad", "Brad"),
        ("Ich bin Brad, nicht Chad", "Brad"),
    ],
)
async def test_name_is_corrected_by_a_replacement_in_the_human_block(text: str, name: str) -> None:
    expected = {"label": "human", "old_string": "Name: Chad.", "new_string": f"Name: {name}."}

    assert await call_for(text) == ("memory_replace", expected)


@pytest.mark.parametrize(
    "text",
    [
        "What is my name?",
        "Call me later",
        "call me when you are done",
        "I'm so tired, not happy",
        "My name is on the list",
        "It's late",
        "I am happy",
        "Hello, I'm not sure",
        "Is the weather nice?",
    ],
)
async def test_words_that_are_no_name_change_nothing(text: str) -> None:
    assert calls_of(await deltas_for(said(text))) == []


@pytest.mark.parametrize(
    ("human", "old", "new"),
    [
        ("Name: Chad.\nLikes tea.", "Name: Chad.", "Name: Brad."),
        ("Name: Chad", "Name: Chad", "Name: Brad"),
        ("The user's name is Chad. He likes tea.", "user's name is Chad.", "user's name is Brad."),
        ("Likes tea.\nThis is Chad from Berlin.", "This is Chad from Berlin.", "This is Brad from Berlin."),
        ("A person called Chad.", "called Chad.", "called Brad."),
        ("**Name:** x\nName: **Chad**", "Name: **Chad**", "Name: **Brad**"),
    ],
)
async def test_correction_changes_what_the_block_really_says(human: str, old: str, new: str) -> None:
    name, arguments = await call_for("My name is Brad, not Chad", human=human)

    assert (name, arguments["old_string"], arguments["new_string"]) == ("memory_replace", old, new)
    assert human.count(old) == 1


async def test_unknown_name_is_inserted() -> None:
    assert await call_for("My name is Brad", human="") == (
        "memory_insert",
        {"label": "human", "new_string": "Name: Brad."},
    )


async def test_name_already_known_changes_nothing() -> None:
    assert await says(said("My name is Chad")) == "That is how I have it: Chad."


async def test_older_memory_tools_get_their_own_argument_names() -> None:
    assert await call_for("My name is Brad", tools=OLD_TOOLS) == (
        "core_memory_replace",
        {"label": "human", "old_content": "Name: Chad.", "new_content": "Name: Brad."},
    )
    assert await call_for("Remember: I like tea", tools=OLD_TOOLS) == (
        "core_memory_append",
        {"label": "human", "content": "Asked me to remember: I like tea."},
    )


async def test_without_a_tool_or_a_block_it_says_what_is_missing() -> None:
    assert "`memory_replace`" in await says(said("My name is Brad"), tools=())
    assert "Add a block named “human”" in await says(said("My name is Brad"), human=None)
    assert "Lege einen Block" in await says(said("Ich heiße Brad"), human=None)


# After the tool


REPLACED = called(
    "memory_replace", json.dumps({"label": "human", "old_string": "Name: Chad.", "new_string": "Name: Brad."})
)


async def test_correction_is_confirmed_in_one_sentence_that_names_the_change() -> None:
    text = await says(said("My name is Brad, not Chad"), REPLACED, returned("Replaced."), human="Name: Brad.")

    assert text == "Thank you, Brad. I changed “Name: Chad.” to “Name: Brad.” in my memory."


async def test_correction_in_german_is_confirmed_in_german() -> None:
    text = await says(said("Ich heiße Brad, nicht Chad"), REPLACED, returned("Replaced."))

    assert text == "Danke, Brad. Statt „Name: Chad.“ steht jetzt „Name: Brad.“ in meinem Gedächtnis."


async def test_error_of_a_tool_is_said_plainly() -> None:
    failed = returned('The text "Name: Chad." does not occur in block "human".', ok=False)

    text = await says(said("My name is Brad, not Chad"), REPLACED, failed)

    assert text.startswith("That did not work. `memory_replace` answered:")
    assert "does not occur" in text


async def test_next_message_after_a_finished_turn_is_a_turn_of_its_own() -> None:
    history = (
        said("My name is Brad, not Chad"),
        REPLACED,
        returned("Replaced."),
        said("Thank you, Brad.", "assistant"),
    )

    assert await says(*history, said("What is my name?"), human="Name: Brad.") == "Your name is Brad."


# Remembering and recalling


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("Remember that I like green tea", "Asked me to remember: I like green tea."),
        ("please remember: no nuts!", "Asked me to remember: No nuts!"),
        ("Don't forget that I am allergic to peanuts.", "Asked me to remember: I am allergic to peanuts."),
        ("Merk dir, dass ich Tee mag", "Bat mich, mir zu merken, dass ich Tee mag."),
        ("Merk dir: keine Nüsse", "Bat mich, mir zu merken: Keine Nüsse."),
    ],
)
async def test_what_should_be_remembered_is_inserted_word_for_word(text: str, note: str) -> None:
    assert await call_for(text) == ("memory_insert", {"label": "human", "new_string": note})


async def test_remembering_is_confirmed() -> None:
    note = "Asked me to remember: I like tea."
    inserted = called("memory_insert", json.dumps({"label": "human", "new_string": note}))

    text = await says(said("Remember that I like tea"), inserted, returned("Inserted.", "memory_insert"))

    assert text == "I will remember that. It is in my memory block “human” now: I like tea."


@pytest.mark.parametrize("text", ["Do you remember that I like tea?", "Can you remember things?"])
async def test_question_about_remembering_is_no_order(text: str) -> None:
    assert calls_of(await deltas_for(said(text))) == []


@pytest.mark.parametrize(
    ("text", "answered"),
    [
        ("What is my name?", "Your name is Chad."),
        ("what's my name", "Your name is Chad."),
        ("Do you know my name?", "Your name is Chad."),
        ("Wie heiße ich?", "Du heißt Chad."),
        ("What do you know about me?", "This is all I know, from the block “human”:\n\n> Name: Chad.\n> Likes tea."),
        ("Was weißt du über mich?", "Das ist alles, aus dem Block „human“:\n\n> Name: Chad.\n> Likes tea."),
    ],
)
async def test_questions_are_answered_from_the_block(text: str, answered: str) -> None:
    assert await says(said(text), human="Name: Chad.\nLikes tea.") == answered


async def test_empty_memory_is_admitted() -> None:
    assert await says(said("What is my name?"), human="") == "I do not know your name yet. Tell me!"
    assert await says(said("What do you know about me?"), human="") == "Nothing yet. My memory about you is empty."


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("What did I say about tea?", "tea"),
        ("what did we talk about yesterday evening", "yesterday evening"),
        ("Search for green tea", "green tea"),
        ("search tea", "tea"),
        ("Did I ever mention peanuts?", "peanuts"),
        ("Was habe ich über Tee gesagt?", "Tee"),
        ("Suche nach Nüssen", "Nüssen"),
    ],
)
async def test_questions_about_the_past_are_searched(text: str, topic: str) -> None:
    assert await call_for(text) == ("conversation_search", {"query": topic, "roles": ["user"]})


SEARCHED = called("conversation_search", '{"query": "tea"}')


async def test_hits_are_told_without_the_question_itself() -> None:
    hits = (
        "2 found, best first:\n[2025-11-22 08:00] user: What did I say about tea?\n[2025-11-20 10:30] user: I like tea."
    )

    text = await says(said("What did I say about tea?"), SEARCHED, returned(hits, "conversation_search"))

    assert text == "I searched our messages for “tea”. You said:\n\n- “I like tea.” (2025-11-20 10:30)"


@pytest.mark.parametrize(
    "hits",
    [
        'Nothing was found for "tea". Try fewer or other words.',
        "1 found, best first:\n[2025-11-22 08:00] user: What did I say about tea?",
    ],
)
async def test_search_without_hits_is_admitted(hits: str) -> None:
    text = await says(said("What did I say about tea?"), SEARCHED, returned(hits, "conversation_search"))

    assert text == "I searched our messages for “tea” and found nothing but your question."
