"""What a page costs at 3,000 rows beside 100: `python -m tests.benchmarks.lists`. A request's time, as ratios.

It is the time that this process has a processor for, client and server together, and the least of several tries: what
others do on the computer only adds to it.
Steps of SQLite, which do not depend on how busy a computer is, are counted by tests/rest/test_list_costs.py.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable, Callable

import httpx

from app.bootstrap import open_engine
from app.config import Config
from app.domain.page import ConversationFilter, PageRequest
from app.ports.api import ApiPlan
from app.rest.server import RestServer
from tests.benchmarks.figures import figure
from tests.support.engine.many_rows import many_rows

FEW, MANY, ROUNDS, PAGE = 100, 3_000, 30, 50
MOST = 1.5
ROUTES = (
    "/v1/agents?limit=50",
    "/v1/agents?limit=1",
    "/v1/conversations?limit=50",
    "/v1/conversations?limit=50&agent_id={agent}",
    "/v1/tags?limit=50",
    "/v1/identities?limit=50",
    "/v1/blocks?limit=50",
    "/v1/blocks/{block}/agents?limit=50",
    "/v1/agents/count",
    "/v1/blocks/count",
    "/v1/messages?limit=50",
    "/v1/runs?limit=50",
)


async def least_ms(work: Callable[[], Awaitable[object]]) -> float:
    taken: list[float] = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        await work()
        taken.append((time.process_time() - begun) * 1000)
    return min(taken)


async def main() -> None:
    engine = await open_engine(Config.load(), demo_pace=0)
    many = await many_rows(engine.services, engine.storage)
    server = RestServer(engine.services, engine.clock)
    await server.start(ApiPlan("127.0.0.1", 0))
    names = {"agent": many.popular.id, "block": many.block.id}
    of_agent = ConversationFilter(agent_id=many.popular.id)
    async with httpx.AsyncClient(base_url=server.url, timeout=60, trust_env=False) as client:
        works: dict[str, Callable[[], Awaitable[object]]] = {
            path: lambda path=path: client.get(path.format(**names)) for path in ROUTES
        }
        works |= {
            "window: agents": lambda: engine.services.agents.list(),
            "window: conversations of an agent": lambda: engine.services.conversations.list(of_agent, PageRequest()),
            "window: deleted agents": lambda: engine.services.agents.deleted(),
            "a message": lambda: client.post(f"/v1/agents/{many.popular.id}/messages", json={"input": "who are you"}),
        }
        await many.grow(FEW)
        for _ in range(PAGE):
            await works["a message"]()  # else the first page of runs would not be full
        few = {name: await least_ms(work) for name, work in works.items()}
        thread = await engine.services.conversations.default_of(many.popular.id)
        await engine.services.conversations.reset(thread.active_id)  # lists tell the ids of what is in the window
        await many.grow(MANY)
        for name, work in works.items():
            taken = await least_ms(work)
            figure(f"{name}, {MANY:,} rows", taken, "ms")
            figure(f"{name}, ratio to {FEW} rows", taken / few[name], "x", MOST)
    await server.stop()
    await engine.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LARES_DATA"] = folder
        asyncio.run(main())
