"""Servers of variables in the list of servers: they come, follow, go and wait for a consent; the person's own win."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from app.bootstrap import Surroundings, open_engine
from app.config import Config
from app.domain.agent import AgentDraft
from app.domain.error import Invalid
from app.domain.model import NamedServer, Provider, ProviderDraft
from app.services import Services
from tests.support.engine.talking import say
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio

ELSEWHERE = NamedServer(
    variable="OPENAI_API_KEY", name="openai", kind="openai", base_url="http://192.0.2.7/v1", key="k"
)
"""An address for documentation: nobody answers there, and the guard of the tests refuses it."""
Start = Callable[..., Awaitable[Services]]


def here(url: str, key: str = "", variable: str = "OPENAI_API_BASE") -> NamedServer:
    return NamedServer(variable=variable, name="openai", kind="openai", base_url=url, key=key)


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Ends the engine and starts the next one in an environment that names these servers."""
    async with AsyncExitStack() as stack:
        before: list[AsyncExitStack] = []

        async def next_start(*named: NamedServer, headless: bool = False) -> Services:
            if before:
                await before.pop().aclose()
            before.append(await stack.enter_async_context(AsyncExitStack()))
            return await before[0].enter_async_context(running(named, headless))

        yield next_start


@asynccontextmanager
async def running(named: tuple[NamedServer, ...], headless: bool) -> AsyncIterator[Services]:
    engine = await open_engine(Config.load(), surroundings=Surroundings(named), headless=headless)
    try:
        yield engine.services
    finally:
        await engine.close()


async def listed(services: Services) -> dict[str, Provider]:
    return {one.name: one for one in await services.providers.list() if one.kind != "demo"}


async def test_a_server_comes_follows_its_variable_and_goes(start: Start) -> None:
    first = (await listed(await start(here("http://127.0.0.1:1/v1", "k"))))["openai"]
    assert (first.variable, first.has_key, first.awaits_consent) == ("OPENAI_API_BASE", True, False)
    moved = (await listed(await start(here("http://127.0.0.1:2/v1", "k"))))["openai"]
    assert (moved.id, moved.base_url) == (first.id, "http://127.0.0.1:2/v1")
    assert moved.version > first.version
    assert (await listed(await start(here("http://127.0.0.1:2/v1", "other"))))["openai"] == moved
    assert await listed(await start()) == {}


async def test_a_server_here_without_a_key_stays_when_its_variable_goes(start: Start) -> None:
    named = here("http://127.0.0.1:1/v1")
    first = (await listed(await start(named)))["openai"]
    left = (await listed(await start()))["openai"]
    assert (left.id, left.variable) == (first.id, "")
    assert (await listed(await start(named)))["openai"] == left, "it is the same server, not a second one"


async def test_a_server_that_was_entered_wins(start: Start) -> None:
    services = await start()
    draft = ProviderDraft(name="openai", base_url="http://127.0.0.1:1/v1", key="own")
    own = await services.providers.add(draft)
    services = await start(here("http://localhost:1/v1", "k"))
    assert await listed(services) == {"openai": own}
    services = await start(here("http://127.0.0.1:2/v1", "k"))
    assert {name: one.variable for name, one in (await listed(services)).items()} == {
        "openai": "",
        "openai 2": "OPENAI_API_BASE",
    }


async def test_what_a_variable_says_is_changed_there_only(start: Start) -> None:
    services = await start(here("http://127.0.0.1:1/v1", "k"))
    provider = (await listed(services))["openai"]
    with pytest.raises(Invalid, match="OPENAI_API_BASE") as refused:
        await services.providers.update(provider.id, ProviderDraft(name="openai", base_url="http://127.0.0.1:9"))
    assert refused.value.code == "from_variable"
    with pytest.raises(Invalid, match="OPENAI_API_BASE"):
        await services.providers.delete(provider.id)
    assert await listed(services) == {"openai": provider}


async def test_nothing_is_sent_elsewhere_before_somebody_agrees(start: Start) -> None:
    """The guard over all tests would fail this one for any attempt to reach the address."""
    services = await start(ELSEWHERE)
    provider = (await listed(services))["openai"]
    assert provider.awaits_consent
    (offer,) = [one for one in await services.models.list(refresh=True) if one.provider.id == provider.id]
    assert "OPENAI_API_KEY" in offer.error
    assert offer.models == ()
    agent = await services.agents.create(AgentDraft(name="Juno", model="openai/gpt-4.1"))
    run = await say(services, agent, "hello")
    assert run.failure is not None
    assert run.failure.code == "needs_consent"
    trial = await services.providers.test(ProviderDraft(name="x", base_url="http://127.0.0.1:1"), provider.id)
    assert trial.error


async def test_a_consent_holds_for_its_address_and_after_a_restart(start: Start) -> None:
    services = await start(ELSEWHERE)
    provider = (await listed(services))["openai"]
    assert not (await services.providers.consent(provider.id)).awaits_consent
    assert not (await listed(await start(ELSEWHERE)))["openai"].awaits_consent
    assert await listed(await start()) == {}
    assert not (await listed(await start(ELSEWHERE)))["openai"].awaits_consent
    moved = ELSEWHERE.model_copy(update={"base_url": "http://198.51.100.7/v1"})
    assert (await listed(await start(moved)))["openai"].awaits_consent


async def test_a_key_of_a_variable_is_used_and_never_kept(start: Start) -> None:
    with OpenAIServer(key="sk-of-a-variable") as server:
        services = await start(here(server.url, "sk-of-a-variable"))
        provider = (await listed(services))["openai"]
        (offer,) = [one for one in await services.models.list() if one.provider.id == provider.id]
        assert [model.handle for model in offer.models] == ["openai/tiny"]
        draft = ProviderDraft(name="x", base_url=server.url, key="sk-of-a-variable")
        assert (await services.providers.test(draft)).models
        folder = Config.load().folder
        assert [file for file in folder.rglob("*") if file.is_file() and b"sk-of-a-variable" in file.read_bytes()] == []
        await start()
        assert (await (await start()).models.list())[0].provider.name == "demo"
