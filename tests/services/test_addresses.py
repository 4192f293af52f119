"""Addresses as people type them: understood, or refused in a sentence before anything is asked or stored."""

import gc
import warnings

import pytest

from app.domain.address import place_of
from app.domain.error import Invalid
from app.domain.model import Provider, ProviderDraft, ProviderKind
from app.services import Services
from app.services.models.discovery import SETTING
from tests.support.servers.ollama_server import OllamaServer
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio

WRITTEN = (
    "http://127.0.0.1:{}",
    "http://127.0.0.1:{}/v1",
    "http://127.0.0.1:{}/v1/",
    "http://127.0.0.1:{}///",
    "http://127.0.0.1:{}/v1/chat/completions",
    "127.0.0.1:{}",
    "localhost:{}",
    "HTTP://LocalHost:{}",
    "http://0.0.0.0:{}",
    "  http://127.0.0.1:{} ",
    ":{}",
    "{}",
)
NO_ADDRESS = (
    "", " ", "http://", "/", "::1", "[::1", "http://[::1:80", "http://[nonsense]:80", "http://127.0.0.1:99999",
    "http://127.0.0.1:abc", "http://127.0.0.1 :80", "http://127.0.0.1:80\n/x", "http://a:b@127.0.0.1:80", "ftp://127.0.0.1",
    "ws://127.0.0.1:80", "file:///etc/passwd", "99999", "http://127.0.0.1:80/\tx",
)  # fmt: skip


@pytest.mark.parametrize("kind", ["ollama", "openai"])
@pytest.mark.parametrize("written", WRITTEN)
async def test_a_server_is_found_however_its_address_is_written(
    services: Services, kind: ProviderKind, written: str
) -> None:
    with OllamaServer() as ollama, OpenAIServer() as other:
        port = ollama.serving.port if kind == "ollama" else other.port
        draft = ProviderDraft(name="mine", kind=kind, base_url=written.format(port))
        tried = await services.providers.test(draft)
        assert (tried.error, [model.name.partition(":")[0] for model in tried.models]) == ("", ["tiny"])


@pytest.mark.parametrize("written", NO_ADDRESS)
async def test_what_is_no_address_is_refused_and_nothing_is_stored(services: Services, written: str) -> None:
    before = await services.providers.list()
    for attempt in (services.providers.test, services.providers.add):
        with pytest.raises(Invalid, match="is not a web address") as refused:
            await attempt(ProviderDraft(name="mine", base_url=written))
        assert refused.value.hint
    assert await services.providers.list() == before


async def test_places_that_are_none_do_not_stop_the_looking(services: Services) -> None:
    await services.settings.set(SETTING, list(NO_ADDRESS))
    assert await services.servers.found() == ()


@pytest.mark.parametrize("written", NO_ADDRESS)
def test_a_place_is_known_or_none(written: str) -> None:
    assert place_of(written) is None or isinstance(place_of(written), tuple)


async def test_tls_that_nobody_answers_names_the_cure(services: Services) -> None:
    with OllamaServer() as server:
        address = server.url.replace("http:", "https:")
        tried = await services.providers.test(ProviderDraft(name="mine", kind="ollama", base_url=address))
    with warnings.catch_warnings():  # asyncio leaves a handshake that was given up to the collector
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    assert tried.error
    assert "http://" in tried.hint


async def test_two_servers_of_one_kind_keep_their_models_apart(services: Services) -> None:
    with OllamaServer() as one, OllamaServer() as two:
        added: list[Provider] = []
        for name, server in (("one", one), ("two", two)):
            draft = ProviderDraft(name=name, kind="ollama", base_url=server.url)
            added.append(await services.providers.add(draft))
        await services.models.delete(added[0].id, "tiny:latest")
        listed = {found.provider.name: len(found.models) for found in await services.models.list(refresh=True)}
        assert (listed["one"], listed["two"]) == (0, 1)
        assert two.installed
