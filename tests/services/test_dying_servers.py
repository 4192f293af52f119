"""Servers that die, lose a model or are of long ago, in the middle of something: a sentence, and then on."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from app.domain.agent import Agent, AgentDraft
from app.domain.block import BlockDraft
from app.domain.error import ModelError
from app.domain.model import Provider, ProviderDraft, Pull
from app.domain.run import Run
from app.services import Services
from tests.support.engine.talking import block_value, events_of
from tests.support.engine.trapped import BEFORE, carried, corrected, goes_on, told
from tests.support.engine.whole_engine import agent_on, started
from tests.support.servers.ollama_pages import Installed
from tests.support.servers.ollama_replies import Answer
from tests.support.servers.ollama_server import OllamaServer
from tests.support.servers.openai_replies import Refusal
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio

NAME, WHOLE = "qwen3:4b", 2_501_900
SECONDS = 20


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def server(port: int) -> Iterator[OllamaServer]:
    with OllamaServer(port=port) as opened:
        yield opened


@pytest.fixture
async def provider(services: Services, port: int) -> Provider:
    draft = ProviderDraft(name="Ollama", kind="ollama", base_url=f"http://127.0.0.1:{port}")
    return await services.providers.add(draft)


@pytest.fixture
async def agent(services: Services, provider: Provider) -> Agent:
    blocks = (BlockDraft(label="human", value=BEFORE, limit=2000),)
    return await services.agents.create(AgentDraft(name="Juno", model="Ollama/tiny:latest", blocks=blocks))


async def ended(services: Services, run: Run) -> Run:
    async with asyncio.timeout(SECONDS):
        await events_of(services, run.id)
    return await services.runs.get(run.id)


async def pull_until(services: Services, met: Callable[[Pull], bool]) -> Pull:
    async with asyncio.timeout(SECONDS):
        events: AsyncIterator[object] = services.events.subscribe()
        async for _ in events:
            if (pulls := await services.models.pulls()) and met(pulls[0]):
                return pulls[0]
    raise AssertionError


async def test_death_in_the_middle_of_a_download(services: Services, port: int, provider: Provider) -> None:
    with OllamaServer(port=port, hold_pull_at=750_000) as server:
        await services.models.pull(provider.id, NAME)
        await pull_until(services, lambda pull: pull.completed >= 500_000)
        assert server.installed == [Installed()]
    broken = await pull_until(services, lambda pull: pull.phase == "failed")
    assert broken.error == f"Ollama stopped answering while it was downloading “{NAME}”."
    assert "resumes where it stopped" in broken.hint
    await services.models.pull(provider.id, NAME)
    down = await pull_until(services, lambda pull: "does not answer" in pull.error)
    assert (down.completed, down.hint) == (broken.completed, "Start Ollama, then try again.")
    with OllamaServer(port=port):
        await services.models.pull(provider.id, NAME)
        assert (await pull_until(services, lambda pull: pull.phase == "done")).completed == WHOLE


async def test_death_while_the_model_loads(services: Services, port: int, agent: Agent) -> None:
    with OllamaServer(port=port, hold_loads=True) as server:
        run = await started(services, agent, "hello")
        await asyncio.to_thread(server.wait_for, lambda: bool(server.loads))
    failed = await ended(services, run)
    assert failed.failure is not None
    assert failed.failure.message.endswith("Your message is kept.")
    with OllamaServer(port=port):
        await corrected(services, agent)


async def test_death_in_the_middle_of_a_reply(services: Services, port: int, agent: Agent) -> None:
    with OllamaServer(port=port) as server:
        server.queue(Answer(text="one two three four", hang_after=2))
        run = await started(services, agent, "hello")
        async with asyncio.timeout(SECONDS):
            async for event in services.runs.subscribe(run.id, 0):
                if "two" in str(getattr(event.payload, "content", "")):
                    break
    failed = await ended(services, run)
    assert failed.failure is not None
    assert failed.failure.message.endswith("The 2 words it had written are kept.")
    await told(services, agent, "does not answer", "are you there?")
    with OllamaServer(port=port):
        await corrected(services, agent)


async def test_a_model_deleted_while_it_answers(
    services: Services, server: OllamaServer, provider: Provider, agent: Agent
) -> None:
    server.queue(Answer(text="one two three", hold=True))
    run = await started(services, agent, "hello")
    await asyncio.to_thread(server.wait_for, lambda: len(server.chats) == 1)
    await services.models.delete(provider.id, "tiny:latest")
    server.release()
    assert (await ended(services, run)).failure is None
    await told(services, agent, "The model “tiny:latest” is not on Ollama.")
    await services.models.pull(provider.id, NAME)
    await pull_until(services, lambda pull: pull.phase == "done")
    server.installed.append(Installed())
    await corrected(services, agent)


async def test_a_server_removed_while_it_answers(
    services: Services, server: OllamaServer, provider: Provider, agent: Agent
) -> None:
    server.queue(Answer(text="one two three", hold=True))
    run = await started(services, agent, "hello")
    await asyncio.to_thread(server.wait_for, lambda: len(server.chats) == 1)
    await services.providers.delete(provider.id)
    server.release()
    assert (await ended(services, run)).failure is None
    await told(services, agent, "belongs to no server that Lares knows")
    await services.providers.add(ProviderDraft(name="Ollama", kind="ollama", base_url=server.url))
    await corrected(services, agent)


async def test_everything_else_asked_of_a_dead_server_is_a_sentence(services: Services, provider: Provider) -> None:
    attempts: tuple[Callable[[], Awaitable[object]], ...] = (
        lambda: services.models.delete(provider.id, "tiny:latest"),
        lambda: services.models.unload(provider.id, "tiny:latest"),
        lambda: anext(services.fitness.test("Ollama/tiny:latest")),
    )
    for attempt in attempts:
        with pytest.raises(ModelError, match="does not answer") as told_why:
            await attempt()
        assert "choose another model" not in told_why.value.hint


VERY_OLD = Installed(capabilities=None, tags_capabilities=None, template="{{ .Prompt }}")


@pytest.mark.parametrize("version", ["0.1.20", "0.4.7", ""])
async def test_a_server_too_old_for_almost_everything_still_talks(services: Services, port: int, version: str) -> None:
    with OllamaServer(port=port, version=version, cuts_silently=True, installed=[VERY_OLD]) as server:
        server.answers["/api/ps"] = Refusal(404, "404 page not found", "text/plain")
        if not version:
            server.answers["/api/version"] = Refusal(404, "404 page not found", "text/plain")
        draft = ProviderDraft(name="Ollama", kind="ollama", base_url=server.url)
        await services.providers.add(draft)
        blocks = (BlockDraft(label="human", value=BEFORE, limit=2000),)
        agent = await services.agents.create(AgentDraft(name="Juno", model="Ollama/tiny:latest", blocks=blocks))
        await carried(services, agent, "hello")
        await goes_on(services, agent)
        assert await block_value(services, agent) == BEFORE
        assert all((one.body["format"] == "json") is bool(version) for one in server.chats)


async def test_a_server_started_anew_with_more_room_is_believed_at_once(services: Services) -> None:
    with OpenAIServer(context=1024) as server:
        agent = await agent_on(services, server)
        await told(services, agent, "scripted serves only 1,024")
        await told(services, agent, "scripted serves only 1,024", "and now?")
        assert server.chats == []
    with OpenAIServer(port=server.port):
        await corrected(services, agent)
