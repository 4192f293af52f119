"""The adapter for Ollama over real HTTP: what arrives, how connections end, addresses, old and new versions."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from app.adapters.models.catalog import Catalog
from app.adapters.models.ollama.server import Ollama, root_of
from app.adapters.secrets.file import FileSecrets
from tests.support.servers.ollama_pages import Installed
from tests.support.servers.ollama_replies import Answer
from tests.support.servers.ollama_server import OllamaServer
from tests.support.servers.openai_replies import PAGE, ToolCall
from tests.support.servers.openai_requests import (
    QUICK,
    answer,
    called,
    calls_of,
    failure,
    finish_of,
    provider,
    reasoning_of,
    request,
    returned,
    said,
    text_of,
    tool,
)

pytestmark = pytest.mark.anyio

EDIT = ToolCall("memory_replace", {"label": "human", "old_string": "Chad 🎉", "new_string": "Brad"})
TOOLS = (tool("memory_replace", "label"),)


async def test_text_thinking_calls_finish_usage_and_timing_arrive(ollama: OllamaServer, native: Ollama) -> None:
    ollama.queue(Answer(text="Let me see. 🎉", thinking="A name. ", calls=(EDIT,)))

    deltas = await answer(native, request(tools=TOOLS))

    assert (text_of(deltas), reasoning_of(deltas)) == ("Let me see. 🎉", "A name. ")
    assert (calls_of(deltas), finish_of(deltas)) == ([("memory_replace", EDIT.text)], "tool_calls")
    usage, timing = deltas[-1].usage, deltas[-1].timing
    assert usage
    assert timing
    assert (usage.prompt_tokens > 20, usage.completion_tokens) == (True, 8)
    assert (timing.prompt_ms, timing.reply_ms) == (120, 160)


@pytest.mark.parametrize("slice_bytes", [1, 7])
async def test_bytes_torn_anywhere_give_the_same_reply(slice_bytes: int, ollama: OllamaServer, native: Ollama) -> None:
    ollama.queue(Answer(text="Grüße 🎉!", thinking="So. ", calls=(EDIT,), slice_bytes=slice_bytes))

    deltas = await answer(native, request(tools=TOOLS))

    assert (text_of(deltas), reasoning_of(deltas)) == ("Grüße 🎉!", "So. ")
    assert calls_of(deltas) == [("memory_replace", EDIT.text)]


async def test_raw_bytes_of_all_deltas_are_the_whole_reply(ollama: OllamaServer, native: Ollama) -> None:
    body = (
        b'\n{"message":{"role":"assistant","content":"Hi","thinking":"Hm"},"done":false}\r\n'
        b'{"message":{"role":"assistant","content":""},"done":false}\n'
        b'{"message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}'
    )
    ollama.queue(Answer(raw=body))

    assert b"".join(delta.raw for delta in await answer(native)) == body


async def test_server_receives_exactly_the_encoded_bytes(ollama: OllamaServer, native: Ollama) -> None:
    wire = native.encode(await native.prepare(request(said("Grüß dich 🎉"))))
    async for _ in native.stream(wire):
        pass

    assert ollama.chats[0].raw == wire.body


async def test_correction_of_a_name_goes_through_the_memory_tool(ollama: OllamaServer, native: Ollama) -> None:
    asked = request(said("My name is Brad, not Chad."), system="Name: Chad.", tools=TOOLS)
    ((name, arguments),) = calls_of(await answer(native, asked))
    history = (*asked.messages, called(name, arguments), returned("The block was changed."))

    deltas = await answer(native, asked.model_copy(update={"messages": history}))

    assert (name, json.loads(arguments)["new_string"]) == ("memory_replace", "Name: Brad.")
    assert text_of(deltas) == "Thank you, I have noted that."


async def test_closing_the_iterator_frees_the_server(ollama: OllamaServer, native: Ollama) -> None:
    ollama.queue(Answer(text="one two three four", hang_after=2))

    async with aclosing(native.stream(native.encode(request()))) as deltas:
        first = await anext(deltas)

    assert first.text == "one"
    await asyncio.to_thread(ollama.wait_for, lambda: ollama.aborted == 1)
    assert not native.busy
    assert text_of(await answer(native)) == "You said: Hello"


async def test_cancelling_while_the_model_loads_frees_the_server(ollama: OllamaServer, native: Ollama) -> None:
    ollama.hold_loads = True
    task = asyncio.ensure_future(answer(native))
    await asyncio.to_thread(ollama.wait_for, lambda: len(ollama.loads) == 1)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(ollama.wait_for, lambda: ollama.aborted == 1)


async def test_facts_and_version_are_asked_for_once(ollama: OllamaServer, native: Ollama) -> None:
    for _ in range(3):
        await answer(native)

    paths = [one.path for one in ollama.requests]
    assert (paths.count("/api/show"), paths.count("/api/version"), paths.count("/api/chat")) == (1, 1, 3)


async def test_preparing_without_a_server_leaves_the_request_and_the_failure_to_the_stream() -> None:
    nobody = Ollama(provider("http://127.0.0.1:1", name="Ollama", kind="ollama"), lambda: None, QUICK)

    assert await nobody.prepare(request()) == request()
    error = await failure(nobody)
    assert (error.code, error.message) == (
        "server_down",
        "Ollama does not answer at 127.0.0.1:1. Your message is kept.",
    )
    await nobody.close()


async def test_something_else_at_the_address_is_named_with_the_usual_one(ollama: OllamaServer, native: Ollama) -> None:
    ollama.answers |= dict.fromkeys(("/api/chat", "/api/show", "/api/version"), PAGE)

    error = await failure(native)

    assert error.code == "wrong_address"
    assert error.hint.endswith("Ollama is usually at http://127.0.0.1:11434.")


@pytest.mark.parametrize(
    ("version", "names", "ids", "thinks"),
    [
        ("0.8.0", False, False, False),
        ("0.9.5", False, False, True),
        ("0.9.6-rc0", True, False, True),
        ("0.12.10", True, True, True),
        ("0.32.15", True, True, True),
        ("0.0.0", True, True, True),
        ("", True, True, True),
    ],
)
async def test_each_version_gets_the_fields_it_knows(
    version: str, names: bool, ids: bool, thinks: bool, ollama: OllamaServer, native: Ollama
) -> None:
    ollama.version = version

    await answer(native, request(said("Hi"), called("look", "{}"), returned("seen", "look"), tools=TOOLS))

    body = ollama.chats[0].body
    call, back = body["messages"][2]["tool_calls"][0], body["messages"][3]
    assert ("tool_name" in back, "tool_call_id" in back, "id" in call) == (names, ids, ids)
    assert ("think" in body) is thinks


async def test_catalog_finds_the_adapter_by_the_kind_of_provider(ollama: OllamaServer, catalog: Catalog) -> None:
    known = provider(ollama.url, name="Ollama", kind="ollama", has_key=True)

    (model,) = await catalog.models(known)
    deltas = await answer(catalog.chat(known))

    assert (model.handle, text_of(deltas)) == ("Ollama/tiny:latest", "You said: Hello")
    assert catalog.store(known) is catalog.chat(known)
    assert ollama.chats[0].headers["authorization"] == "Bearer the-key"


async def test_only_ollama_has_a_store_of_models(catalog: Catalog) -> None:
    assert catalog.store(provider("http://127.0.0.1:1")) is None
    assert catalog.store(provider("", kind="demo")) is None


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    secrets = FileSecrets(tmp_path / "keys.json")
    secrets.set("provider/provider-1", "the-key")
    catalog = Catalog(secrets, demo_pace=0, patience=QUICK)
    yield catalog
    await catalog.close()


@pytest.mark.parametrize(
    ("given", "root"),
    [
        ("http://127.0.0.1:11434", "http://127.0.0.1:11434"),
        ("http://127.0.0.1:11434/", "http://127.0.0.1:11434"),
        ("http://127.0.0.1:11434/v1", "http://127.0.0.1:11434"),
        ("http://127.0.0.1:11434/api/chat", "http://127.0.0.1:11434"),
        ("localhost", "http://localhost:11434"),
        ("http://0.0.0.0:11434", "http://127.0.0.1:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        (" http://[::1]:11434 ", "http://[::1]:11434"),
        ("https://ollama.com", "https://ollama.com"),
        ("https://example.com/models/ollama/api/", "https://example.com/models/ollama"),
    ],
)
async def test_address_is_understood_however_it_was_typed(given: str, root: str) -> None:
    assert root_of(given) == root


async def test_model_without_tools_is_sent_none(ollama: OllamaServer, native: Ollama) -> None:
    ollama.installed = [Installed(capabilities=("completion",))]

    assert text_of(await answer(native, request(tools=TOOLS))) == "You said: Hello"
    assert not {"tools", "think"} & set(ollama.chats[0].body)


async def test_a_request_given_up_before_its_first_step_leaves_nothing_behind(native: Ollama) -> None:
    """What was made and never awaited would be warned of, which fails a test."""
    asked = asyncio.ensure_future(native.models())
    await asyncio.sleep(0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
