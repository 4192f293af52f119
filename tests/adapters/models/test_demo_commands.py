"""The demo model's commands, and what it is: scripted, repeatable, counted, and honest about it."""

import time

import pytest

from app.adapters.models.demo.model import DemoModel
from app.adapters.models.demo.view import blocks_of, view_of
from app.domain.error import ModelError
from tests.support.engine.demo_talk import asked_with, call_for, deltas_for, says
from tests.support.servers.openai_requests import answer, called, finish_of, returned, said, text_of

pytestmark = pytest.mark.anyio


# Commands


async def test_any_tool_is_called_with_exactly_the_given_arguments() -> None:
    spoken = '/tool memory_insert {"label": "x", "new_string": "ü {y}", "insert_line": 3}'

    assert await call_for(spoken) == ("memory_insert", {"label": "x", "new_string": "ü {y}", "insert_line": 3})


async def test_tool_result_is_shown_as_it_is() -> None:
    spoken = said('/tool memory_insert {"label": "human", "new_string": "a"}')
    call = called("memory_insert", '{"label": "human", "new_string": "a"}')

    assert await says(spoken, call, returned("Inserted.")) == "`memory_insert` answered:\n\n```\nInserted.\n```"
    assert (await says(spoken, call, returned("Full.", ok=False))).startswith("`memory_insert` refused:")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("/tool", "My tools: `memory_insert`, `memory_replace`, `conversation_search`."),
        ("/tool fly {}", "I have no tool named `fly`. My tools: `memory_insert`,"),
        ("/tool memory_insert {label", "not a JSON object"),
        ("/tool memory_insert [1]", "valid JSON, but not an object"),
        ("/what", "`/markdown` shows"),
        ("/help", "`/tool name {json}` calls"),
    ],
)
async def test_command_it_cannot_follow_is_explained(text: str, part: str) -> None:
    assert part in await says(said(text))


@pytest.mark.parametrize(("text", "words"), [("/long 1", 1), ("/long 60", 60), ("/long 500", 500), ("/long", 300)])
async def test_long_has_exactly_so_many_words(text: str, words: int) -> None:
    assert len((await says(said(text))).split()) == words


async def test_think_shows_reasoning_before_the_reply() -> None:
    deltas = await deltas_for(said("/think"))

    kinds = ["reasoning" if delta.reasoning else "text" for delta in deltas if delta.reasoning or delta.text]
    assert kinds == sorted(kinds)
    assert {"reasoning", "text"} == set(kinds)


async def test_markdown_sample_has_everything() -> None:
    text = await says(said("/markdown"))

    assert [part in text for part in ("# A heading", "- green tea", "|---|", "```python", "> ")] == [True] * 5


async def test_fail_breaks_off_in_the_middle() -> None:
    model, heard = DemoModel(pace=0), []

    async def listen() -> None:
        async for delta in model.stream(model.encode(asked_with(said("/fail")))):
            heard.append(delta)

    with pytest.raises(ModelError) as raised:
        await listen()

    assert raised.value.code == "server_died"
    assert len(text_of(heard).split()) > 5
    assert finish_of(heard) == ""


# What it is


@pytest.mark.parametrize("text", ["Hello", "Who are you?", "Tell me about the moon", "Hallo!"])
async def test_it_says_that_it_is_a_scripted_demo_and_what_to_try(text: str) -> None:
    spoken = await says(said(text))

    assert "scripted demo" in spoken
    assert "My name is Brad, not Chad" in spoken


async def test_event_is_not_taken_for_the_person() -> None:
    assert (await says(said("My name is Zed", "system"))).startswith("I have read the event.")


async def test_same_request_gets_the_same_reply() -> None:
    asked = asked_with(said("My name is Brad, not Chad"))

    assert await answer(DemoModel(0), asked) == await answer(DemoModel(0), asked)


async def test_deltas_are_small_and_usage_is_counted() -> None:
    deltas = await deltas_for(said("/long 200"))

    assert max(len(delta.text) for delta in deltas) <= 16
    usage = deltas[-1].usage
    assert usage
    assert usage.prompt_tokens > 100
    assert usage.completion_tokens == (len(text_of(deltas)) + 3) // 4
    assert all(delta.raw for delta in deltas)


async def test_pace_makes_streaming_visible_and_stays_fast() -> None:
    begun = time.monotonic()

    await answer(DemoModel(pace=0.002), asked_with(said("/long 50")))

    assert 0.1 <= time.monotonic() - begun < 2


async def test_it_reads_the_prompt_as_the_engine_writes_it() -> None:
    tricky = "Name: Chad.\n<b>not a block</b>\n</value> is a word too"
    view = view_of(DemoModel(0).encode(asked_with(said("Hi"), human=tricky)).body)

    assert list(view.blocks) == ["persona", "human"]
    assert view.blocks["human"] == tricky
    assert blocks_of("no memory here") == {}
