"""Ollama's traps, one test each: what becomes of tool calls, capabilities and context on the way."""

import pytest

from app.adapters.models.ollama.server import Ollama
from app.domain.message import ImagePart, TextPart
from app.ports.models import ChatRequest
from tests.support.servers.ollama_pages import Installed
from tests.support.servers.ollama_pages import error as error_page
from tests.support.servers.ollama_replies import Answer
from tests.support.servers.ollama_server import OllamaServer
from tests.support.servers.openai_replies import ToolCall
from tests.support.servers.openai_requests import (
    KEPT,
    answer,
    called,
    calls_of,
    failure,
    finish_of,
    message,
    reasoning_of,
    request,
    returned,
    said,
    text_of,
    tool,
)

FOX = "the quick brown fox jumps over the lazy dog "
pytestmark = pytest.mark.anyio

EDIT = ToolCall("memory_replace", {"label": "human", "old_string": "Name: Chad.", "new_string": "Name: Brad."})
LOOK = ToolCall("look", {"at": "🎉"})
TOOLS = (tool("memory_replace", "label"), tool("look", "at"))


def asked(*texts: str, **fields: object) -> ChatRequest:
    return request(*(said(text) for text in texts or ("Hello",)), tools=TOOLS, **fields)


# Tool calls


@pytest.mark.parametrize("native_calls", [False, True], ids=["a line for each call", "all calls in the last line"])
async def test_old_and_new_tool_call_timing(native_calls: bool, ollama: OllamaServer, native: Ollama) -> None:
    ollama.installed = [Installed(native_calls=native_calls)]
    ollama.queue(Answer(text="Let me see.", thinking="A name. ", calls=(EDIT, LOOK)))

    deltas = await answer(native, asked())

    assert (text_of(deltas), reasoning_of(deltas)) == ("Let me see.", "A name. ")
    assert calls_of(deltas) == [("memory_replace", EDIT.text), ("look", LOOK.text)]
    ids = [delta.call_id for delta in deltas if delta.call_name]
    assert len(set(ids)) == 2
    assert all(ids)


async def test_done_reason_stop_after_tool_calls_is_a_finish_with_tool_calls(
    ollama: OllamaServer, native: Ollama
) -> None:
    ollama.queue(Answer(calls=(LOOK,)))

    deltas = await answer(native, asked())

    assert b'"done_reason":"stop"' in deltas[-1].raw
    assert finish_of(deltas) == "tool_calls"


async def test_bad_call_vanishes_and_an_empty_reply_with_its_counts_is_left(
    ollama: OllamaServer, native: Ollama
) -> None:
    ollama.queue(Answer(text="I will.", calls=(ToolCall("ghost", {}),)))

    deltas = await answer(native, asked())

    assert (text_of(deltas), calls_of(deltas), finish_of(deltas)) == ("", [], "stop")
    assert deltas[-1].usage
    assert deltas[-1].usage.completion_tokens > 0


async def test_500_on_a_cut_call_is_a_reply_ended_by_the_limit(ollama: OllamaServer, native: Ollama) -> None:
    ollama.installed = [Installed(native_calls=True)]
    ollama.queue(Answer(calls=(EDIT,)))

    deltas = await answer(native, asked(max_output_tokens=3))

    assert (calls_of(deltas), finish_of(deltas)) == ([("memory_replace", "")], "length")
    assert b"unexpected end of JSON input" in deltas[0].raw


async def test_cut_call_told_in_the_stream_is_a_reply_ended_by_the_limit(ollama: OllamaServer, native: Ollama) -> None:
    words = 'llama-server returned invalid tool call arguments for "look": unexpected end of JSON input'
    ollama.queue(Answer(thinking="one two", error_after=2, error=words))

    deltas = await answer(native, asked())

    assert (reasoning_of(deltas), calls_of(deltas), finish_of(deltas)) == ("one two", [("look", "")], "length")


async def test_cut_call_that_vanished_is_an_empty_reply_ended_by_the_limit(
    ollama: OllamaServer, native: Ollama
) -> None:
    ollama.queue(Answer(calls=(EDIT,)))

    deltas = await answer(native, asked(max_output_tokens=3))

    assert (text_of(deltas), calls_of(deltas), finish_of(deltas)) == ("", [], "length")


async def test_arguments_of_the_history_are_objects_or_every_request_would_fail(
    ollama: OllamaServer, native: Ollama
) -> None:
    history = (said("Hi"), called("look", '{"at": "it"}'), returned("seen"), called("look", "no json"), returned("x"))

    deltas = await answer(native, request(*history, tools=TOOLS))

    assert text_of(deltas) == "Thank you, I have noted that."


# Capabilities


async def test_tags_without_the_tools_capability_are_corrected_by_show(ollama: OllamaServer, native: Ollama) -> None:
    (model,) = await native.models()

    assert ollama.installed[0].tags_capabilities == ("completion",)
    assert (model.tools, model.reasoning, model.unfit) == (True, True, "")


async def test_model_that_refuses_tools_after_all_is_asked_without(ollama: OllamaServer, native: Ollama) -> None:
    prepared = await native.prepare(asked())
    ollama.installed = [Installed(capabilities=("completion",))]

    error = await failure(native, asked())

    assert prepared.facts
    assert prepared.facts.tools is True
    assert (error.code, error.retryable) == ("bad_request", True)
    assert error.message == f"“tiny” cannot call tools.{KEPT}"
    assert text_of(await answer(native, asked(reasoning="off"))) == "You said: Hello"
    assert "tools" not in ollama.chats[-1].body


async def test_model_that_refuses_thinking_after_all_is_asked_without(ollama: OllamaServer, native: Ollama) -> None:
    await native.prepare(request())
    ollama.installed = [Installed(capabilities=("completion", "tools"))]

    error = await failure(native)

    assert (error.message, error.retryable) == (f"“tiny” cannot think before it answers.{KEPT}", True)
    assert text_of(await answer(native)) == "You said: Hello"
    assert "think" not in ollama.chats[-1].body


async def test_thinking_with_empty_content_is_a_reply(ollama: OllamaServer, native: Ollama) -> None:
    ollama.queue(Answer(thinking="What a question."))

    deltas = await answer(native)

    assert (text_of(deltas), reasoning_of(deltas), finish_of(deltas)) == ("", "What a question.", "stop")


async def test_embedding_model_says_it_cannot_chat(ollama: OllamaServer, native: Ollama) -> None:
    ollama.installed = [Installed(capabilities=("embedding",))]

    error = await failure(native)

    assert (error.code, error.message) == ("bad_request", f"“tiny” is not a chat model.{KEPT}")


async def test_image_for_a_text_model_becomes_a_note_instead_of_a_500(ollama: OllamaServer, native: Ollama) -> None:
    look = message("user", TextPart(text="Look"), ImagePart(sha256="a", media_type="image/png"))

    deltas = await answer(native, request(look, images={"a": ("image/png", b"png")}))

    assert text_of(deltas) == "You said: Look\n[an image that this model cannot see]"


# Context


async def test_context_size_goes_with_every_request_so_nothing_is_cut_at_the_default(
    ollama: OllamaServer, native: Ollama
) -> None:
    turns = [said(f"{turn}: {FOX * 12}", ("user", "assistant")[turn % 2]) for turn in range(41)]

    deltas = await answer(native, request(*turns, context_window=12_000))

    assert deltas[-1].usage
    assert deltas[-1].usage.prompt_tokens > ollama.default_context
    assert len(ollama.seen[0]) == 42


async def test_too_long_prompt_is_refused_by_400_with_nested_json(ollama: OllamaServer, native: Ollama) -> None:
    turns = [said("the quick brown fox jumps over the lazy dog " * 12) for _ in range(41)]

    error = await failure(native, request(*turns, context_window=1024))

    assert error.code == "prompt_too_large"
    assert error.details["n_ctx"] == 1024
    assert error.details["n_prompt"] > 1024
    assert "1,024" in error.message
    assert ollama.seen == []


async def test_too_long_prompt_without_numbers_gets_the_size_that_was_asked_for(
    ollama: OllamaServer, native: Ollama
) -> None:
    ollama.queue(error_page(400, "the input length exceeds the context length"))

    error = await failure(native, request(context_window=2048))

    assert (error.code, error.details["n_ctx"]) == ("prompt_too_large", 2048)


async def test_silent_truncation_of_an_old_server_shows_in_the_real_count(ollama: OllamaServer, native: Ollama) -> None:
    ollama.cuts_silently = True
    turns = [said(FOX * 12, ("user", "assistant")[turn % 2]) for turn in range(41)]

    deltas = await answer(native, request(*turns, context_window=1024))

    assert deltas[-1].usage
    assert deltas[-1].usage.prompt_tokens <= 1024
    assert len(ollama.seen[0]) < 12


async def test_omitted_zero_counts_are_zero(ollama: OllamaServer, native: Ollama) -> None:
    ollama.queue(Answer(cached=True, calls=()))

    deltas = await answer(native)

    assert b"prompt_eval_count" not in deltas[-1].raw
    assert deltas[-1].usage
    assert (deltas[-1].usage.prompt_tokens, deltas[-1].usage.completion_tokens) == (0, 0)


async def test_another_context_size_loads_anew_and_the_same_does_not(ollama: OllamaServer, native: Ollama) -> None:
    await answer(native, request(context_window=8192))
    await answer(native, asked("Once more", context_window=8192, temperature=0.5, max_output_tokens=99))
    assert ollama.loads == [("tiny:latest", 8192)]

    await answer(native, request(context_window=4096))
    assert ollama.loads == [("tiny:latest", 8192), ("tiny:latest", 4096)]


async def test_more_than_the_trained_context_is_never_asked_for(ollama: OllamaServer, native: Ollama) -> None:
    await answer(native, request(context_window=100_000))

    assert ollama.chats[0].body["options"]["num_ctx"] == 16_384
    assert len(ollama.loads) == 1
