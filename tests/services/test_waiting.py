"""Waiting for a server: in its queue, while it loads a model, and how that ends when a person stops it."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from app.domain.agent import Agent, AgentDraft
from app.domain.event import Progress
from app.domain.message import MessageDraft
from app.domain.model import ProviderDraft
from app.domain.run import Run
from app.services import Services
from tests.support.engine.talking import events_of, say
from tests.support.engine.whole_engine import agent_on, started
from tests.support.servers.ollama_replies import Answer
from tests.support.servers.ollama_server import OllamaServer
from tests.support.servers.openai_replies import LOADING
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio

SECONDS = 20
HUNDRED = tuple(Answer(text="one two three four five", tokens_per_second=100) for _ in range(30))


@pytest.fixture
def ollama() -> Iterator[OllamaServer]:
    with OllamaServer() as server:
        yield server


async def on_ollama(services: Services, server: OllamaServer, name: str) -> Agent:
    if not any(one.kind == "ollama" for one in await services.providers.list()):
        await services.providers.add(ProviderDraft(name="Ollama", kind="ollama", base_url=server.url))
    return await services.agents.create(AgentDraft(name=name, model="Ollama/tiny:latest"))


class Heard:
    """The progress of all runs."""

    def __init__(self) -> None:
        self.all: list[Progress] = []
        self._more = asyncio.Event()

    async def listen(self, services: Services) -> None:
        async for event in services.events.subscribe():
            if isinstance(event, Progress):
                self.all.append(event)
                self._more.set()

    def of(self, run: Run) -> list[tuple[str, str]]:
        return [(one.phase, one.text) for one in self.all if one.run_id == run.id]

    async def until(self, run: Run, words: str, number: int = 1) -> str:
        """The first sentence about a run that has these words, or another one of them."""
        async with asyncio.timeout(SECONDS):
            while True:
                said = dict.fromkeys(text for _, text in self.of(run) if words in text)
                if len(said) >= number:
                    return list(said)[number - 1]
                self._more.clear()
                await self._more.wait()


@asynccontextmanager
async def heard(services: Services) -> AsyncIterator[Heard]:
    told = Heard()
    listening = asyncio.ensure_future(told.listen(services))
    await asyncio.sleep(0)
    try:
        yield told
    finally:
        listening.cancel()
        await asyncio.wait([listening])


async def background_run(services: Services, agent: Agent, number: int) -> Run:
    conversation = await services.conversations.create(agent.id, str(number))
    return await services.runs.start(conversation.active_id, MessageDraft.of(f"job {number}"), background=True)


async def test_a_message_starts_within_one_running_request_with_20_background_ones_queued(
    services: Services, ollama: OllamaServer
) -> None:
    ollama.queue(Answer(text="First.", hold=True), *HUNDRED)
    juno, ada = await on_ollama(services, ollama, "Juno"), await on_ollama(services, ollama, "Ada")
    async with heard(services) as told:
        jobs = [await background_run(services, juno, 0)]
        await asyncio.to_thread(ollama.wait_for, lambda: len(ollama.chats) == 1)
        jobs += [await background_run(services, juno, number) for number in range(1, 21)]
        for job in jobs[1:]:
            await told.until(job, "Waiting for the background run of Juno")
        chat = await started(services, ada, "hello there")
        assert await told.until(chat, "Waiting") == "Waiting for the background run of Juno"
        assert len(ollama.chats) == 1, "nothing waits inside the server, where nobody could be told"
        ollama.release()
        async with asyncio.timeout(SECONDS):
            await events_of(services, chat.id)
            for job in jobs:
                await events_of(services, job.id)
    said = [str(one.body["messages"][-1]["content"]) for one in ollama.chats]
    assert said[0].endswith("job 0"), "what is under way is not interrupted"
    assert said[1].endswith("hello there")
    assert {(await services.runs.get(job.id)).stop_reason for job in jobs} == {"end_turn"}


async def test_who_stops_while_waiting_leaves_the_queue_and_asks_nothing(
    services: Services, ollama: OllamaServer
) -> None:
    ollama.queue(Answer(text="First.", hold=True), *HUNDRED)
    juno, ada = await on_ollama(services, ollama, "Juno"), await on_ollama(services, ollama, "Ada")
    async with heard(services) as told:
        first = await started(services, juno, "hello")
        await asyncio.to_thread(ollama.wait_for, lambda: len(ollama.chats) == 1)
        waiting = await started(services, ada, "never asked")
        await told.until(waiting, "Waiting for the reply of Juno")
        assert (await services.runs.cancel(waiting.id)).stop_reason == "cancelled"
        ollama.release()
        await events_of(services, first.id)
    assert len(ollama.chats) == 1
    assert (await say(services, ada, "and now?")).stop_reason == "end_turn"
    assert len(ollama.chats) == 2


async def test_loading_is_told_with_the_seconds_so_far(services: Services, ollama: OllamaServer) -> None:
    ollama.hold_loads = True
    agent = await on_ollama(services, ollama, "Juno")
    async with heard(services) as told:
        run = await started(services, agent, "hello")
        sentence = await told.until(run, "Loading")
        begin, end = "Loading tiny:latest into memory, ", " s so far. The first reply after a pause takes longer."
        assert re.fullmatch(f"{re.escape(begin)}[0-9]+{re.escape(end)}", sentence)
        assert re.fullmatch(f"{re.escape(begin)}[0-9]+{re.escape(end)}", await told.until(run, "Loading", 2))
        ollama.release()
        await events_of(services, run.id)
        assert (await services.runs.get(run.id)).stop_reason == "end_turn"
        count = len(told.of(run))
    assert not any("Loading" in text for _, text in told.of(run)[count:])


async def test_a_model_that_is_loaded_is_not_said_to_be_loading(services: Services, ollama: OllamaServer) -> None:
    agent = await on_ollama(services, ollama, "Juno")
    await say(services, agent, "hello")
    ollama.queue(Answer(text="Slow.", hold=True))
    async with heard(services) as told:
        run = await started(services, agent, "again")
        assert (await told.until(run, "so far")).startswith("tiny:latest is reading the request, ")
        ollama.release()
        await events_of(services, run.id)


async def test_stop_while_it_loads_frees_the_server(services: Services, ollama: OllamaServer) -> None:
    ollama.hold_loads = True
    agent = await on_ollama(services, ollama, "Juno")
    run = await started(services, agent, "hello")
    await asyncio.to_thread(ollama.wait_for, lambda: bool(ollama.loads))
    assert (await services.runs.cancel(run.id)).stop_reason == "cancelled"
    await asyncio.to_thread(ollama.wait_for, lambda: ollama.aborted == 1)
    ollama.release()
    async with asyncio.timeout(SECONDS):
        assert (await say(services, agent, "and now?")).stop_reason == "end_turn"


async def test_a_server_that_says_it_is_loading_is_told_in_the_same_words(services: Services) -> None:
    with OpenAIServer() as server:
        server.queue(LOADING)
        agent = await agent_on(services, server)
        async with heard(services) as told:
            run = await started(services, agent, "hello")
            assert "Loading tiny into memory, 0 s so far." in await told.until(run, "Loading")
            await events_of(services, run.id)
        assert ("retrying", await told.until(run, "Loading")) in told.of(run)


async def test_how_many_requests_a_server_gets_at_once_can_be_set(services: Services, ollama: OllamaServer) -> None:
    await services.settings.set("servers.at_once", {"Ollama": 2})
    ollama.queue(Answer(text="First.", hold=True), Answer(text="Second.", hold=True))
    agents = [await on_ollama(services, ollama, name) for name in ("Juno", "Ada")]
    runs = [await started(services, agent, "hello") for agent in agents]
    await asyncio.to_thread(ollama.wait_for, lambda: len(ollama.chats) == 2)
    ollama.release()
    for run in runs:
        await events_of(services, run.id)
