"""How long a turn takes, and whether the length of the history matters: `python -m tests.benchmarks.turns`.

Two agents with equally filled windows, one with 10 messages in all, one with 10,000; turns are taken in pairs.
"""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from app.bootstrap import OpenEngine, open_engine
from app.config import Config
from app.domain.agent import Agent
from tests.benchmarks.figures import figure
from tests.support.engine.filling import fill
from tests.support.engine.talking import say

KEEP = 10
ROUNDS = 60
CASES = {"plain reply": "hello", "one memory tool": "remember that I like tea number {}"}


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = await open_engine(Config.load(Path(folder)), demo_pace=0)
        short, long = await _agent(engine, KEEP), await _agent(engine, 10_000)
        for name, text in CASES.items():
            a, b = await _compare(engine, short, long, text)
            figure(f"{name} after 10 messages", a, "ms")
            figure(f"{name} after 10,000 messages", b, "ms")
            figure(f"{name}, ratio", b / a, "x")
        await engine.close()


async def _agent(engine: OpenEngine, count: int) -> Agent:
    agent = await engine.services.agents.create_demo()
    thread = await engine.services.conversations.default_of(agent.id)
    await fill(engine.storage, engine.clock, engine.ids, thread.id, count, KEEP)
    return agent


async def _compare(engine: OpenEngine, short: Agent, long: Agent, text: str) -> tuple[float, float]:
    times: dict[str, list[float]] = {short.id: [], long.id: []}
    for number in range(ROUNDS):
        for agent in (short, long):
            begun = time.perf_counter()
            await say(engine.services, agent, text.format(number))
            times[agent.id].append((time.perf_counter() - begun) * 1000)
            thread = await engine.services.conversations.default_of(agent.id)
            await _trim(engine, thread.active_id)
    return statistics.median(times[short.id]), statistics.median(times[long.id])


async def _trim(engine: OpenEngine, conversation_id: str) -> None:
    """Keeps both windows equally full."""
    newest = await engine.storage.read(lambda repos: repos.messages.page(conversation_id, limit=KEEP))
    first, end = newest[0].position, newest[-1].position + 1
    await engine.storage.write(lambda repos: repos.messages.leave_context(conversation_id, first, end))


if __name__ == "__main__":
    asyncio.run(main())
