"""What a longer context window costs a reply: `python -m tests.benchmarks.window`.

Two agents, one with 10 messages in its window and one with 200; replies of a model server without latency, in turn.
A turn costs what is new, so the ratio should stay below 1.3.
"""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from app.bootstrap import OpenEngine, open_engine
from app.config import Config
from app.domain.agent import Agent, AgentDraft
from app.domain.model import ProviderDraft
from tests.benchmarks.figures import figure
from tests.benchmarks.rest import MODEL, PROVIDER, model_server
from tests.support.engine.filling import fill
from tests.support.engine.talking import say

LENGTHS = (10, 200)
ROUNDS = 60
SIZE = 65_536
TRIMMED_EVERY = 5
"""Turns: a window that was changed is read anew once, which real ones are seldom and the median leaves out."""


async def main(model_url: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = await open_engine(Config.load(Path(folder)))
        await engine.recover()
        await engine.services.providers.add(ProviderDraft(name=PROVIDER, base_url=model_url))
        agents = {length: await _agent(engine, length) for length in LENGTHS}
        times: dict[int, list[float]] = {length: [] for length in LENGTHS}
        for number in range(ROUNDS + 5):
            for length, agent in agents.items():
                begun = time.perf_counter()
                await say(engine.services, agent, f"hello {number}")
                times[length].append((time.perf_counter() - begun) * 1000)
                if number % TRIMMED_EVERY == 0:
                    await _trim(engine, agent, length)
        await engine.close()
    few, many = (statistics.median(times[length][5:]) for length in LENGTHS)
    for length, taken in zip(LENGTHS, (few, many), strict=True):
        figure(f"a reply with {length} messages in the window", taken, "ms")
    figure("ratio", many / few, "x", 1.3)


async def _agent(engine: OpenEngine, length: int) -> Agent:
    agent = await engine.services.agents.create(AgentDraft(name=f"{length}", model=MODEL, context_window=SIZE))
    thread = await engine.services.conversations.default_of(agent.id)
    await fill(engine.storage, engine.clock, engine.ids, thread.id, length, length)
    return agent


async def _trim(engine: OpenEngine, agent: Agent, length: int) -> None:
    """Makes the window as long as it was."""
    thread = await engine.services.conversations.default_of(agent.id)
    newest = await engine.storage.read(lambda repos: repos.messages.page(thread.active_id, limit=length))
    first, end = newest[0].position, newest[-1].position + 1
    await engine.storage.write(lambda repos: repos.messages.leave_context(thread.active_id, first, end))


if __name__ == "__main__":
    with model_server() as url:
        asyncio.run(main(url))
