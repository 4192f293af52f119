"""An engine of its own over empty storage, on the person's servers: for agents that are thrown away.

Whatever happens there leaves nothing in the person's agents, history or runs; the queues of the servers are shared.
"""

import asyncio
import dataclasses
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from app.domain.agent import AgentDraft
from app.domain.event import Changed, Event, Progress
from app.domain.message import Message, MessageDraft
from app.domain.model import Provider
from app.domain.run import Run, RunPurpose, Step
from app.domain.turn import RunOptions
from app.engine.deps import EngineDeps
from app.engine.run.scheduler import Scheduler
from app.engine.tools.builtin import builtin_tools
from app.engine.tools.router import tool_router
from app.ports.storage import Repositories, Storage
from app.services.agents import Agents
from app.services.events.bus import EventBus
from app.services.runs import Runs

EmptyStorage = Callable[[Callable[[Changed], None]], AbstractAsyncContextManager[Storage]]
"""Opens storage that vanishes when it is closed. Takes who is told of its changes."""


@dataclass(frozen=True)
class Outcome:
    """What came of one message to a fresh agent."""

    run: Run
    steps: tuple[Step, ...]
    said: tuple[Message, ...]
    """Everything after the message, oldest first."""
    blocks: dict[str, str]
    """Values by label, afterwards."""
    timed_out: bool = False

    @property
    def text(self) -> str:
        """The words of the newest reply."""
        return next((m.text for m in reversed(self.said) if m.role == "assistant" and m.text.strip()), "")

    @property
    def called(self) -> tuple[str, ...]:
        """Names of the tools that were called, in order."""
        return tuple(call.name for message in self.said for call in message.tool_calls)

    @property
    def repaired(self) -> frozenset[str]:
        """Kinds of repairs that the replies needed."""
        return frozenset(repair.kind for step in self.steps for repair in step.repairs)


class TrialEngine:
    def __init__(self, deps: EngineDeps, agents: Agents, runs: Runs, bus: EventBus) -> None:
        self._deps = deps
        self._agents = agents
        self._runs = runs
        self._bus = bus

    async def ask(self, draft: AgentDraft, text: str, seconds: float, purpose: RunPurpose) -> Outcome:
        """Makes an agent, says something to it, and waits for the end of the run, at most `seconds`.

        The time in which it only waits for others does not count.
        """
        agent = await self._agents.create(draft)
        conversation = await self._deps.storage.read(lambda repos: repos.conversations.default_of(agent.id))
        options = RunOptions(purpose=purpose)
        run = await self._runs.start(conversation.id, MessageDraft.of(text), True, "fit test", options)
        timed_out = False
        try:
            async with asyncio.timeout(seconds) as limit, self._only_at_work(limit, seconds):
                async for _ in self._runs.subscribe(run.id):
                    pass
        except TimeoutError:
            timed_out = True
            await self._runs.cancel(run.id)

        def read(repos: Repositories) -> Outcome:
            said = tuple(message for message in repos.messages.of_run(run.id) if message.role != "user")
            blocks = {block.label: block.value for block in repos.blocks.of_agent(agent.id)}
            return Outcome(repos.runs.get(run.id), repos.runs.steps((run.id,)), said, blocks, timed_out)

        return await self._deps.storage.read(read)

    @asynccontextmanager
    async def _only_at_work(self, limit: asyncio.Timeout, seconds: float) -> AsyncGenerator[None]:
        """Stops the clock while a run stands in the queue of its server."""
        loop = asyncio.get_running_loop()

        def heed(event: Event) -> bool:
            if isinstance(event, Progress) and event.phase in ("waiting", "sent") and not limit.expired():
                waits = event.phase == "waiting"
                if waits or limit.when() is None:
                    limit.reschedule(None if waits else loop.time() + seconds)
            return False

        subscription = self._bus.subscribe(heed)
        try:
            yield
        finally:
            subscription.close()


@asynccontextmanager
async def open_trial(deps: EngineDeps, provider: Provider, empty: EmptyStorage) -> AsyncGenerator[TrialEngine]:
    """An engine on an empty database whose agents speak with the models of `provider`."""
    bus = EventBus()
    async with empty(bus.publish) as storage:
        own = dataclasses.replace(deps, storage=storage, tools=tool_router(storage, deps.clock), publish=bus.publish)
        await storage.write(lambda repos: _seed(repos, own, provider))
        scheduler = Scheduler(own)
        try:
            yield TrialEngine(own, Agents(own, "", AgentDraft(name="", model="")), Runs(own, bus, scheduler), bus)
        finally:
            await scheduler.close()
            bus.close()


def _seed(repos: Repositories, deps: EngineDeps, provider: Provider) -> None:
    for tool in builtin_tools(deps.ids, deps.clock.now()):
        repos.tools.upsert(tool)
    repos.providers.add(provider)
