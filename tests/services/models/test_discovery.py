"""Servers on this computer: found by themselves, adopted once, noticed when they come and go; nothing else is asked."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from app.domain.error import Invalid
from app.domain.event import Changed, ChangedKind
from app.domain.model import FoundServer
from app.services import Services
from app.services.models.discovery import SETTING
from tests.support.processes.lares_process import free_port
from tests.support.servers.ollama_server import OllamaServer
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio

NOTICED_WITHIN = 5.0


class Watcher:
    """A client that watches, as a window does."""

    def __init__(self) -> None:
        self.heard: list[Changed] = []
        self._more = asyncio.Event()

    async def listen(self, services: Services) -> None:
        async for event in services.events.subscribe():
            if isinstance(event, Changed):
                self.heard.append(event)
                self._more.set()

    async def until(self, kind: ChangedKind, met: Callable[[], bool] = lambda: True) -> float:
        """Seconds until a change of this kind is heard and something is true."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        async with asyncio.timeout(3 * NOTICED_WITHIN):
            while not (any(one.kind == kind for one in self.heard) and met()):
                self._more.clear()
                await self._more.wait()
        return loop.time() - begun


@asynccontextmanager
async def watching(services: Services) -> AsyncIterator[Watcher]:
    watcher = Watcher()
    task = asyncio.ensure_future(watcher.listen(services))
    try:
        yield watcher
    finally:
        task.cancel()
        await asyncio.wait([task])


async def look_at(services: Services, *ports: int) -> None:
    await services.settings.set(SETTING, [f"127.0.0.1:{port}" for port in ports])


async def test_a_server_that_appears_and_dies_is_noticed_within_five_seconds(services: Services) -> None:
    port = free_port()
    await look_at(services, port)
    assert await services.servers.found() == ()
    async with watching(services) as watcher:
        with OllamaServer(port=port, version="0.31.0"):
            assert await watcher.until("provider") <= NOTICED_WITHIN
            (found,) = await services.servers.found()
            assert (found.preset.kind, found.version, found.models) == ("ollama", "0.31.0", 1)
            assert any(one.kind == "provider" and one.ids == () for one in watcher.heard)
            watcher.heard.clear()
        assert await watcher.until("provider") <= NOTICED_WITHIN
    assert await services.servers.found() == ()


async def test_the_list_of_an_adopted_server_follows_it(services: Services) -> None:
    port = free_port()
    await look_at(services, port)
    with OllamaServer(port=port):
        (found,) = await services.servers.found()
        provider = await services.servers.adopt(found)
        assert provider.name == "ollama"
        assert await services.servers.adopt(found) == provider, "the same server is adopted once"
        assert len(await services.providers.list()) == 2

    def error() -> str:
        (known,) = [one for one in services.models._cache.lists() if one.provider.id == provider.id]
        return known.error

    (listed,) = [one for one in await services.models.list(refresh=True) if one.provider.id == provider.id]
    assert listed.error
    async with watching(services) as watcher:
        with OllamaServer(port=port):
            await watcher.until("model", lambda: not error())
            watcher.heard.clear()
        await watcher.until("model", lambda: bool(error()))


async def test_what_is_found_is_connected_but_not_what_somebody_removed(services: Services) -> None:
    ports = free_port(), free_port(), free_port()
    await look_at(services, *ports)
    with OllamaServer(port=ports[0]), OpenAIServer(ports[1], key="sk-1"), OpenAIServer(ports[2]):
        first, second = await services.servers.adopt_found()
        assert (first.name, second.name) == ("ollama", "llamacpp"), "one that needs a key waits for a person"
        assert await services.servers.adopt_found() == ()
        await services.providers.delete(first.id)
        assert await services.servers.adopt_found() == ()
        (found,) = [one for one in await services.servers.found() if one.preset.kind == "ollama"]
        again = await services.servers.adopt(found)
        assert await services.servers.adopt_found() == ()
        assert again.name == "ollama"


async def test_two_servers_at_once_and_a_taken_name(services: Services) -> None:
    ports = free_port(), free_port(), free_port()
    await look_at(services, *ports)
    with OllamaServer(port=ports[0]), OllamaServer(port=ports[1]), OpenAIServer(ports[2]):
        found = await services.servers.found()
        names = [(await services.servers.adopt(one)).name for one in found]
        assert names == ["ollama", "ollama 2", "llamacpp"]
        handles = [model.handle for one in await services.models.list() for model in one.models]
        assert {"ollama/tiny:latest", "ollama 2/tiny:latest", "llamacpp/tiny"} <= set(handles)


async def test_nothing_but_this_computer_is_asked_or_adopted(services: Services) -> None:
    await services.settings.set(SETTING, ["192.0.2.7:11434", "example.com:80", "nonsense:x", 7])
    assert await services.servers.found() == ()
    presets = await services.servers.presets()
    cloud = next(one for one in presets if not one.local)
    with pytest.raises(Invalid, match="not on this computer"):
        await services.servers.adopt(FoundServer(preset=cloud))


async def test_nobody_looks_while_nobody_watches(services: Services) -> None:
    with OllamaServer() as server:
        await look_at(services, server.serving.port)
        async with watching(services):
            await asyncio.to_thread(server.wait_for, lambda: bool(server.requests), 10)
        await services.servers.found()
        count = len(server.requests)
        for _ in range(20):
            await asyncio.sleep(0.05)
        assert len(server.requests) == count


async def test_presets_name_the_known_servers(services: Services) -> None:
    names = {preset.name for preset in await services.servers.presets()}
    assert {"ollama", "lmstudio", "llamacpp", "vllm", "jan", "openai", "openrouter"} <= names


async def test_a_clock_that_is_set_back_keeps_no_server_hidden(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.models.discovery.STALE", 0)
    port = free_port()
    await look_at(services, port)
    assert await services.servers.found() == ()
    monkeypatch.setattr("app.adapters.system.SystemClock.now", lambda clock: 1_000_000)
    with OllamaServer(port=port, version="0.31.0"):
        assert len(await services.servers.found()) == 1
