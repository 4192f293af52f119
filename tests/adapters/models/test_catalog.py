"""Finding the adapter for a provider; keys on their way from the store to the header and nowhere else."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.adapters.models.catalog import Catalog
from app.adapters.secrets.file import FileSecrets
from app.domain.error import ModelError
from tests.support.servers.openai_replies import Refusal, Reply, error_body
from tests.support.servers.openai_requests import QUICK, answer, provider, text_of
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio

KEY = "sk-planted-9f8e7d6c5b4a"


@pytest.fixture
def secrets(tmp_path: Path) -> FileSecrets:
    secrets = FileSecrets(tmp_path / "keys.json")
    secrets.set("provider/provider-1", KEY)
    return secrets


@pytest.fixture
async def catalog(secrets: FileSecrets) -> AsyncIterator[Catalog]:
    catalog = Catalog(secrets, demo_pace=0, patience=QUICK)
    yield catalog
    await catalog.close()


async def test_demo_lists_one_scripted_model(catalog: Catalog) -> None:
    demo = provider("", name="demo", kind="demo")

    (model,) = await catalog.models(demo)

    assert (model.handle, model.scripted, model.unfit) == ("demo/vesta", True, "")
    assert "Vesta" in text_of(await answer(catalog.chat(demo)))


async def test_same_provider_gets_the_same_adapter(catalog: Catalog) -> None:
    one = provider("http://127.0.0.1:1")

    assert catalog.chat(one) is catalog.chat(one)
    assert catalog.chat(one) is not catalog.chat(one.model_copy(update={"version": 2}))


async def test_key_is_sent_and_found_nowhere_else(
    catalog: Catalog, server: OpenAIServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.key = KEY
    known = provider(server.url, has_key=True)
    with caplog.at_level(logging.DEBUG):
        deltas = await answer(catalog.chat(known))
        await catalog.models(known)

    assert server.chats[0].headers["authorization"] == f"Bearer {KEY}"
    assert text_of(deltas) == "You said: Hello"
    assert KEY not in caplog.text
    assert KEY not in repr([catalog, catalog.chat(known), vars(catalog), deltas])


async def test_provider_without_a_key_sends_none(catalog: Catalog, server: OpenAIServer) -> None:
    await answer(catalog.chat(provider(server.url)))

    assert "authorization" not in server.chats[0].headers


async def test_refused_key_is_said_and_a_corrected_one_is_used_at_once(
    catalog: Catalog, server: OpenAIServer, secrets: FileSecrets
) -> None:
    server.key = "sk-right"
    known = provider(server.url, has_key=True)

    with pytest.raises(ModelError) as raised:
        await answer(catalog.chat(known))
    secrets.set("provider/provider-1", "sk-right")

    assert raised.value.message == "tinyserver did not accept the key. Your message is kept."
    assert text_of(await answer(catalog.chat(known))) == "You said: Hello"


async def test_key_that_cannot_be_a_header_is_refused_before_it_is_sent(
    catalog: Catalog, server: OpenAIServer, secrets: FileSecrets
) -> None:
    secrets.set("provider/provider-1", "schlüssel\nX-Evil: 1")

    with pytest.raises(ModelError, match="characters that no key can have") as raised:
        await answer(catalog.chat(provider(server.url, has_key=True)))

    assert raised.value.code == "unauthorized"
    assert "Evil" not in repr(raised.value.details)
    assert server.requests == []


async def test_changed_address_leaves_a_running_reply_alone(catalog: Catalog, server: OpenAIServer) -> None:
    server.queue(Reply(text="still here", hold=True))
    old = provider(server.url)
    running = asyncio.ensure_future(answer(catalog.chat(old)))
    await asyncio.to_thread(server.wait_for, lambda: len(server.chats) == 1)

    await catalog.models(old.model_copy(update={"version": 2}))
    server.release()

    assert text_of(await running) == "still here"


async def test_forgotten_server_keeps_no_connection_and_a_running_reply_ends(
    catalog: Catalog, server: OpenAIServer
) -> None:
    server.queue(Reply(text="one two", hold=True))
    held = asyncio.ensure_future(answer(catalog.chat(provider(server.url))))
    await asyncio.to_thread(server.wait_for, lambda: len(server.chats) == 1)

    await catalog.forget("provider-1")
    server.release()

    assert text_of(await held) == "one two"
    await catalog.forget("never known")
    assert (catalog._adapters, catalog._retired) == ({}, [])


async def test_error_repeating_the_key_does_not_carry_it(catalog: Catalog, server: OpenAIServer) -> None:
    server.queue(Refusal(401, error_body(401, f"Incorrect API key provided: {KEY}")))

    with pytest.raises(ModelError) as raised:
        await answer(catalog.chat(provider(server.url, has_key=True)))

    assert KEY not in repr([raised.value, raised.value.details, raised.value.hint, raised.value.__cause__])
