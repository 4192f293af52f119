"""Waiting for Ollama, replies that break off, and its cloud: none ends in a hang or in silence, each in a sentence."""

import asyncio
from dataclasses import replace

import pytest

from app.adapters.models.http.connection import Patience
from app.adapters.models.ollama.server import Ollama
from tests.support.servers.ollama_pages import SIGN_IN, Installed, nested
from tests.support.servers.ollama_replies import Answer
from tests.support.servers.ollama_server import OllamaServer
from tests.support.servers.openai_replies import Refusal
from tests.support.servers.openai_requests import KEPT, answer, failure, provider, request, text_of

pytestmark = pytest.mark.anyio

CLOUD = Installed("gpt-oss:120b-cloud", cloud=True)


# Waiting


async def test_slow_first_load_is_waited_for_and_noted(ollama: OllamaServer) -> None:
    ollama.hold_loads, ollama.load_seconds = True, 0.3
    patience = Patience(connect=1.0, first=5.0, idle=0.2)
    native = Ollama(provider(ollama.url, kind="ollama"), lambda: None, patience)
    waiting = asyncio.ensure_future(answer(native))
    await asyncio.to_thread(ollama.wait_for, lambda: len(ollama.loads) == 1)
    assert not waiting.done()

    ollama.release()

    deltas = await waiting
    assert text_of(deltas) == "You said: Hello"
    assert deltas[-1].timing
    assert deltas[-1].timing.load_ms == 300
    await native.close()


async def test_single_flight_queue_without_a_word_is_waited_for(ollama: OllamaServer, native: Ollama) -> None:
    ollama.queue(Answer(text="first", hold=True), Answer(text="second"))
    first = asyncio.ensure_future(answer(native))
    await asyncio.to_thread(ollama.wait_for, lambda: len(ollama.seen) == 1)
    second = asyncio.ensure_future(answer(native))
    await asyncio.to_thread(ollama.wait_for, lambda: len(ollama.chats) == 2)
    assert len(ollama.seen) == 1

    ollama.release()

    assert [text_of(await first), text_of(await second)] == ["first", "second"]


async def test_silence_in_the_middle_ends_after_the_idle_time(ollama: OllamaServer) -> None:
    native = Ollama(provider(ollama.url, name="Ollama", kind="ollama"), lambda: None, Patience(idle=0.2))
    ollama.queue(Answer(text="one two three", hang_after=2))

    error = await failure(native)

    assert error.code == "timeout"
    assert error.message == "Ollama stopped in the middle of the reply and has sent nothing for 0 seconds."
    await asyncio.to_thread(ollama.wait_for, lambda: ollama.aborted == 1)
    await native.close()


async def test_503_of_a_full_queue_is_tried_again_later(ollama: OllamaServer, native: Ollama) -> None:
    ollama.busy = True

    error = await failure(native)

    assert (error.code, error.retryable) == ("overloaded", True)
    assert error.message == f"Ollama is too busy to answer.{KEPT}"


# Breaking off


async def test_error_line_in_the_middle_of_the_stream(ollama: OllamaServer, native: Ollama) -> None:
    ollama.queue(Answer(text="one two three", error_after=2))

    error = await failure(native)

    assert (error.code, error.retryable) == ("server_died", True)
    assert error.message == f"Ollama lost the model while it was working.{KEPT}"
    assert text_of(await answer(native)) == "You said: Hello"


@pytest.mark.parametrize("field", ["end_after", "die_after"])
async def test_stream_cut_without_done_is_no_reply(field: str, ollama: OllamaServer, native: Ollama) -> None:
    ollama.queue(replace(Answer(text="one two three"), **{field: 2}))

    error = await failure(native)

    assert (error.code, error.retryable) == ("server_died", True)
    assert error.message == "Ollama stopped answering in the middle of the reply."


async def test_line_that_is_no_json(ollama: OllamaServer, native: Ollama) -> None:
    ollama.queue(Answer(raw=b'{"message":{"content":"Hi"},"done":false}\n{"message":\n'))

    error = await failure(native)

    assert (error.code, error.retryable) == ("server_error", True)


async def test_404_after_delete_offers_to_get_it_again(ollama: OllamaServer, native: Ollama) -> None:
    await answer(native)
    await native.delete("tiny")

    error = await failure(native)

    assert (error.code, error.details["model"]) == ("model_missing", "tiny")
    assert error.message == f"The model “tiny” is not on Ollama.{KEPT}"
    assert error.hint == "Download it again, or choose another model."


async def test_nested_json_error_is_unwrapped(ollama: OllamaServer, native: Ollama) -> None:
    ollama.queue(nested(500, 500, "something odd happened", "server_error"))

    error = await failure(native)

    assert error.message == f"Ollama had an internal error: something odd happened.{KEPT}"


# The cloud


async def test_401_with_signin_url_says_where_to_sign_in(ollama: OllamaServer, native: Ollama) -> None:
    ollama.installed = [CLOUD]

    error = await failure(native, request(model=CLOUD.name))

    assert (error.code, error.details["signin_url"]) == ("unauthorized", SIGN_IN)
    assert error.message.startswith(f"“{CLOUD.name}” runs in Ollama's cloud, and this computer is not signed in there.")
    assert SIGN_IN in error.hint


async def test_403_of_a_cloud_switched_off_makes_the_model_unfit(ollama: OllamaServer, native: Ollama) -> None:
    ollama.installed, ollama.cloud = [CLOUD], "off"

    error = await failure(native, request(model=CLOUD.name))
    (model,) = await native.models()

    assert error.message == f"“{CLOUD.name}” runs in Ollama's cloud, which is switched off.{KEPT}"
    assert (model.cloud, model.unfit) == (True, "This model runs in Ollama's cloud, which is switched off.")


async def test_502_of_a_cloud_out_of_reach(ollama: OllamaServer, native: Ollama) -> None:
    ollama.installed, ollama.cloud = [CLOUD], "offline"

    error = await failure(native, request(model=CLOUD.name))

    assert (error.code, error.retryable) == ("server_down", True)
    assert error.message == f"Ollama could not reach Ollama's cloud, where “{CLOUD.name}” runs.{KEPT}"


async def test_403_without_a_body_means_the_address_is_not_welcome(ollama: OllamaServer, native: Ollama) -> None:
    ollama.answers["/api/chat"] = Refusal(403, "", "text/plain")

    error = await failure(native)

    assert error.code == "wrong_address"
    assert "OLLAMA_HOST" in error.hint
