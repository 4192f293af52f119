"""A page costs what it holds, however long the list is: counted in steps of SQLite's machine, not in time."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from app.adapters.database.sqlite import plain_connection
from app.bootstrap import OpenEngine, open_engine
from app.config import Config
from app.domain.page import AgentFilter, ConversationFilter, PageRequest
from app.ports.api import ApiPlan
from app.rest.server import RestServer
from app.services import Services
from tests.support.engine.database_work import DatabaseWork
from tests.support.engine.many_rows import Many, many_rows

pytestmark = pytest.mark.anyio
FEW, MANY = 100, 3_000
RATIO = 1.5
LISTS = (
    "/v1/agents?limit=50",
    "/v1/agents?limit=1",
    "/v1/agents?limit=50&order=asc",
    "/v1/agents?limit=50&order_by=updated_at",
    "/v1/agents?limit=50&order_by=last_run_completion",
    "/v1/agents?limit=50&tags=all",
    "/v1/agents?limit=50&tags=rare",
    "/v1/agents?limit=50&tags=all&tags=rare&match_all_tags=true",
    "/v1/agents?limit=50&name=Agent 7",
    "/v1/agents?limit=50&identity_id={identity}",
    "/v1/agents?limit=50&last_stop_reason=error",
    "/v1/agents?limit=50&after={agent}",
    "/v1/agents?limit=50&before={agent}",
    "/v1/agents?limit=50&order_by=updated_at&before={agent}",
    "/v1/agents/count?tags=rare",
    "/v1/blocks?limit=50",
    "/v1/blocks?limit=50&label=shared",
    "/v1/blocks?limit=50&tags=one",
    "/v1/blocks/{block}/agents?limit=50",
    "/v1/agents/{agent}/core-memory/blocks?limit=50",
    "/v1/agents/{agent}/tools?limit=50",
    "/v1/conversations?limit=50",
    "/v1/conversations?limit=50&agent_id={agent}",
    "/v1/conversations?limit=50&order_by=last_message_at",
    "/v1/conversations?limit=50&agent_id={agent}&order_by=last_message_at",
    "/v1/conversations?limit=50&agent_id={agent}&order_by=last_run_completion",
    "/v1/identities?limit=50",
    "/v1/identities?limit=50&identifier_key=popular",
    "/v1/identities/{identity}/agents?limit=50",
    "/v1/tags?limit=50",
    "/v1/tags?limit=50&name=tag",
    "/v1/tools?limit=50",
    "/v1/messages?limit=50",
    "/v1/runs?limit=50",
    "/v1/runs?limit=50&active=true",
    "/v1/runs/active?limit=50",
    "/v1/jobs?limit=50",
    "/v1/steps?limit=50",
    "/v1/steps?limit=50&agent_id={agent}",
    "/v1/agents/{agent}/messages?limit=50",
    "/v1/agents/{agent}",
)
COUNTS = ("/v1/agents/count", "/v1/blocks/count", "/v1/identities/count")
"""These read as many entries of a small index as there are rows, and no row."""
OF_THE_WINDOW: dict[str, Callable[[Services, Many], Awaitable[object]]] = {
    "agents": lambda services, _: services.agents.list(),
    "rows of some agents": lambda services, many: services.agents.list(AgentFilter(ids=(many.popular.id,))),
    "conversations of an agent": lambda services, many: services.conversations.list(
        ConversationFilter(agent_id=many.popular.id), PageRequest()
    ),
    "first conversation of an agent": lambda services, many: services.conversations.default_of(many.popular.id),
    "blocks of an agent": lambda services, many: services.blocks.of_agent(many.popular.id),
    "deleted agents": lambda services, _: services.agents.deleted(),
    "deleted conversations": lambda services, _: services.conversations.deleted(),
    "blocks": lambda services, _: services.blocks.list(page=PageRequest()),
}
SCAN = re.compile(r"^SCAN (?!\w+ USING (COVERING )?INDEX|(found|providers|tools|CONSTANT)\b|\()")
"""Reading a whole table; small ones, and the parts of a statement itself, may be."""
IN_ORDER = re.compile(r"ORDER BY (messages|runs|steps)\.seq DESC\s+LIMIT")
"""These are read in the order of their rows, and hardly any row is left out."""


@pytest.fixture
async def work() -> AsyncIterator[DatabaseWork]:
    with DatabaseWork().watching() as watched:
        yield watched


@pytest.fixture
async def engine(work: DatabaseWork) -> AsyncIterator[OpenEngine]:
    opened = await open_engine(Config.load(), demo_pace=0)
    await opened.recover()
    yield opened
    await opened.close()


@pytest.fixture
async def many(engine: OpenEngine) -> Many:
    return await many_rows(engine.services, engine.storage)


@pytest.fixture
async def client(engine: OpenEngine) -> AsyncIterator[httpx.AsyncClient]:
    server = RestServer(engine.services, engine.clock)
    await server.start(ApiPlan("127.0.0.1", 0))
    async with httpx.AsyncClient(base_url=server.url, timeout=60, trust_env=False, verify=False) as opened:
        yield opened
    await server.stop()


async def steps(work: DatabaseWork, engine: OpenEngine, act: Callable[[], Awaitable[object]]) -> int:
    await act()
    await quiet(work, engine)
    with work.counting():
        await act()
        # SQLite holds its lock while it waits for Python to count: what stops the counting must not meet a statement.
        await quiet(work, engine)
    return work.steps


async def quiet(work: DatabaseWork, engine: OpenEngine) -> None:
    """Until nothing is left to do after a run, whose end is told before its work begins."""
    calm = 0
    while calm < 5:
        await asyncio.sleep(0.001)
        calm = 0 if engine.busy() or work.under_way else calm + 1


async def costs(work: DatabaseWork, engine: OpenEngine, client: httpx.AsyncClient, many: Many) -> dict[str, int]:
    names = {"agent": many.popular.id, "block": many.block.id, "identity": many.identity.id}

    async def get(path: str) -> None:
        answer = await client.get(path.format(**names))
        assert answer.status_code == 200, (path, answer.text)

    found = {path: await steps(work, engine, lambda path=path: get(path)) for path in LISTS}
    return found | {
        name: await steps(work, engine, lambda read=read: read(engine.services, many))
        for name, read in OF_THE_WINDOW.items()
    }


async def test_thousands_of_rows_cost_what_a_hundred_do(
    work: DatabaseWork, engine: OpenEngine, client: httpx.AsyncClient, many: Many, times: Callable[[int, int], int]
) -> None:
    await many.grow(FEW)
    few = await costs(work, engine, client, many)
    await many.grow(times(500, MANY))
    more = await costs(work, engine, client, many)
    assert {name: (few[name], steps) for name, steps in more.items() if steps > few[name] * RATIO} == {}


async def test_no_list_and_no_count_reads_a_whole_table(
    work: DatabaseWork, engine: OpenEngine, client: httpx.AsyncClient, many: Many, data_folder: Path
) -> None:
    await many.grow(60)
    await costs(work, engine, client, many)
    with work.counting():
        for path in COUNTS:
            assert (await client.get(path)).json()
    bad: dict[str, str] = {}
    with plain_connection(data_folder / "lares.db") as connection:
        connection.create_function("lower", 1, str.casefold, deterministic=True)
        for statement in work.statements:
            if not statement.lstrip().startswith(("SELECT", "WITH")):
                continue
            for _, _, _, plan in connection.execute(f"EXPLAIN QUERY PLAN {statement}"):
                if SCAN.search(plan) and not IN_ORDER.search(statement):
                    bad[plan] = statement
    assert bad == {}


async def test_a_message_to_an_agent_with_many_conversations_costs_the_same(
    work: DatabaseWork, engine: OpenEngine, client: httpx.AsyncClient, many: Many, times: Callable[[int, int], int]
) -> None:
    async def say() -> None:
        answer = await client.post(f"/v1/agents/{many.popular.id}/messages", json={"input": "Hello"})
        assert answer.status_code == 200

    await many.grow(3)
    few = await steps(work, engine, say)
    await many.grow(times(300, 1_000))
    assert await steps(work, engine, say) <= few * RATIO
