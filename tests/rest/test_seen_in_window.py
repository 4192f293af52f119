"""What a program does through the API is seen live by the window: each write is told as an event."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from app.bootstrap import OpenEngine, open_engine
from app.config import Config
from app.domain.event import Changed, Progress
from app.ports.api import ApiPlan
from app.rest.routes import ENDPOINTS
from app.rest.server import RestServer

pytestmark = pytest.mark.anyio
SECONDS = 10
Write = Callable[[httpx.AsyncClient, dict[str, str]], Awaitable[httpx.Response]]


class Watch:
    """The window's subscription."""

    def __init__(self, engine: OpenEngine) -> None:
        self._engine = engine
        self.seen: list[Changed | Progress] = []
        self._news = asyncio.Event()

    @asynccontextmanager
    async def watching(self) -> AsyncIterator["Watch"]:
        task = asyncio.create_task(self._watch())
        await asyncio.sleep(0)
        assert self._engine.services.events.watched
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _watch(self) -> None:
        async for event in self._engine.services.events.subscribe():
            self.seen.append(event)
            self._news.set()

    async def wait_for(self, kind: str, row_id: str) -> None:
        async with asyncio.timeout(SECONDS):
            while not any(isinstance(one, Changed) and one.kind == kind and row_id in one.ids for one in self.seen):
                self._news.clear()
                await self._news.wait()


@pytest.fixture
async def engine() -> AsyncIterator[OpenEngine]:
    opened = await open_engine(Config.load(), demo_pace=0)
    await opened.recover()
    yield opened
    await opened.close()


@pytest.fixture
async def client(engine: OpenEngine) -> AsyncIterator[httpx.AsyncClient]:
    server = RestServer(engine.services, engine.clock)
    await server.start(ApiPlan("127.0.0.1", 0))
    try:
        async with httpx.AsyncClient(base_url=server.url, timeout=10, trust_env=False, verify=False) as opened:
            yield opened
    finally:
        await server.stop()


ROUTES: dict[str, tuple[str, str, Any]] = {
    # route: kind of event, the id in it, the body
    "PATCH /v1/agents/{agent_id}": ("agent", "agent_id", {"name": "Renamed", "tags": ["x"]}),
    "PATCH /v1/agents/{agent_id}/core-memory/blocks/{block_label}": ("block", "block_id", {"value": "New."}),
    "PATCH /v1/agents/{agent_id}/core-memory/blocks/attach/{free_id}": ("agent", "agent_id", None),
    "PATCH /v1/agents/{agent_id}/core-memory/blocks/detach/{free_id}": ("agent", "agent_id", None),
    "PATCH /v1/agents/{agent_id}/tools/attach/{tool_id}": ("agent", "agent_id", None),
    "PATCH /v1/agents/{agent_id}/tools/approval/{tool_name}": ("agent", "agent_id", {"requires_approval": True}),
    "PATCH /v1/agents/{agent_id}/tools/detach/{tool_id}": ("agent", "agent_id", None),
    "PATCH /v1/agents/{agent_id}/identities/attach/{identity_id}": ("agent", "agent_id", None),
    "PATCH /v1/agents/{agent_id}/identities/detach/{identity_id}": ("agent", "agent_id", None),
    "PATCH /v1/agents/{agent_id}/reset-messages": ("conversation", "conversation_id", {}),
    "PATCH /v1/blocks/{block_id}": ("block", "block_id", {"description": "Who."}),
    "POST /v1/agents/{agent_id}/messages": ("run", "", {"input": "hello"}),
    "POST /v1/agents/{agent_id}/messages/stream": ("run", "", {"input": "hello"}),
    "POST /v1/agents/{agent_id}/messages/async": ("run", "", {"input": "hello"}),
    "POST /v1/conversations/{conversation_id}/messages": ("run", "", {"input": "hello", "streaming": False}),
    "PATCH /v1/steps/{step_id}/feedback": ("run", "run_id", {"feedback": "positive"}),
    "PATCH /v1/conversations/{conversation_id}": ("conversation", "conversation_id", {"summary": "Title"}),
    "POST /v1/conversations/{conversation_id}/fork": ("conversation", "", None),
    "POST /v1/conversations?agent_id={agent_id}": ("conversation", "", {}),
    "DELETE /v1/conversations/{thread_id}": ("conversation", "thread_id", None),
    "DELETE /v1/runs/{run_id}": ("run", "run_id", None),
    "DELETE /v1/jobs/{job_id}": ("run", "second_run_id", None),
    "POST /v1/blocks": ("block", "", {"label": "new", "value": ""}),
    "DELETE /v1/blocks/{free_id}": ("block", "free_id", None),
    "POST /v1/agents": ("agent", "", {"model": "demo/vesta"}),
    "DELETE /v1/agents/{agent_id}": ("agent", "agent_id", None),
}
"""In this order: the last ones take away what the earlier ones need."""
OTHERWISE = {
    # Nothing of it is shown in the window, or another test sees it.
    *("POST /v1/identities", "PUT /v1/identities", "PATCH /v1/identities/{identity_id}"),
    *("PUT /v1/identities/{identity_id}/properties", "POST /v1/agents/{agent_id}/system-prompt/recompile"),
    *("DELETE /v1/identities/{identity_id}", "POST /v1/tools/add-base-tools", "POST /v1/messages/search"),
    *("POST /v1/agents/{agent_id}/summarize", "POST /v1/conversations/{conversation_id}/compact"),
    *("POST /v1/agents/{agent_id}/recompile", "POST /v1/conversations/{conversation_id}/recompile"),
    *("POST /v1/runs/{run_id}/stream", "POST /v1/conversations/{conversation_id}/stream"),
    *("POST /v1/agents/{agent_id}/messages/cancel", "POST /v1/conversations/{conversation_id}/cancel"),
    *("POST /v1/providers", "PATCH /v1/providers/{provider_id}", "DELETE /v1/providers/{provider_id}"),
    *("POST /v1/providers/check", "POST /v1/providers/{provider_id}/check"),
    *(f"POST /v1/{of}/messages/preview-raw-payload" for of in ("agents/{agent_id}", "conversations/{conversation_id}")),
    *("POST /v1/conversations/{conversation_id}/preview-raw-payload", "POST /v1/passages/search"),
    *(f"POST /v1/{of}" for of in ("tools/search", "sandbox-config", "sandbox-config/local")),
    *("POST /v1/sandbox-config/local/default", "PATCH /v1/sandbox-config/{sandbox_config_id}"),
    *("DELETE /v1/sandbox-config/{sandbox_config_id}",),
    *("POST /v1/sandbox-config/{sandbox_config_id}/environment-variable",),
    *(f"{verb} /v1/sandbox-config/environment-variable/{{sandbox_env_id}}" for verb in ("PATCH", "DELETE")),
    # What is told of archives and passages: tests/rest/test_archives.py.
    *("POST /v1/archives", "PATCH /v1/archives/{archive_id}", "DELETE /v1/archives/{archive_id}"),
    *(f"PATCH /v1/agents/{{agent_id}}/archives/{verb}/{{archive_id}}" for verb in ("attach", "detach")),
    *(f"POST /v1/archives/{{archive_id}}/passages{more}" for more in ("", "/batch")),
    *("DELETE /v1/archives/{archive_id}/passages/{passage_id}", "POST /v1/agents/{agent_id}/archival-memory"),
    "DELETE /v1/agents/{agent_id}/archival-memory/{memory_id}",
    *("POST /v1/tools", "PUT /v1/tools", "PATCH /v1/tools/{tool_id}", "DELETE /v1/tools/{tool_id}"),
    *("POST /v1/tools/run", "POST /v1/agents/{agent_id}/tools/{tool_name}/run"),
    # MCP servers and how they are seen: tests/rest/test_mcp_servers.py, tests/ui/window/test_mcp_servers.py.
    *("POST /v1/mcp-servers", "PUT /v1/tools/mcp/servers"),
    *(f"{verb} /v1/mcp-servers/{{mcp_server_id}}" for verb in ("PATCH", "DELETE")),
    *(f"{verb} /v1/tools/mcp/servers/{{mcp_server_name}}" for verb in ("PATCH", "DELETE")),
    *(f"POST /v1/tools/mcp/servers/{verb}" for verb in ("test", "connect", "{mcp_server_name}/{mcp_tool_name}")),
    "PATCH /v1/mcp-servers/{mcp_server_id}/refresh",
    "POST /v1/mcp-servers/{mcp_server_id}/tools/{tool_id}/run",
    *("PATCH /v1/jobs/{job_id}/cancel", "PATCH /v1/agents/{agent_id}/messages/{message_id}"),
}


async def world(client: httpx.AsyncClient) -> dict[str, str]:
    """Ids of everything that the routes need."""
    body = {"model": "demo/vesta", "memory_blocks": [{"label": "human", "value": "x"}]}
    agent = (await client.post("/v1/agents", json=body)).json()
    for _ in range(2):
        (await client.post(f"/v1/agents/{agent['id']}/messages", json={"input": "hello"})).raise_for_status()
    second, first = (await client.get("/v1/runs")).json()
    steps = (await client.get(f"/v1/runs/{first['id']}/steps")).json()
    default = (await client.get(f"/v1/conversations/default?agent_id={agent['id']}")).json()
    thread = (await client.post(f"/v1/conversations?agent_id={agent['id']}")).json()
    free = (await client.post("/v1/blocks", json={"label": "free", "value": ""})).json()
    tool = (await client.get("/v1/tools?name=web_search")).json()[0]
    identity = {"identifier_key": "k", "name": "N", "identity_type": "user"}
    return {
        "agent_id": agent["id"],
        "block_id": agent["blocks"][0]["id"],
        "block_label": "human",
        "free_id": free["id"],
        "tool_id": tool["id"],
        "tool_name": tool["name"],
        "conversation_id": default["id"],
        "thread_id": thread["id"],
        "run_id": first["id"],
        "second_run_id": second["id"],
        "job_id": f"job-{second['id'][4:]}",
        "step_id": steps[0]["id"],
        "identity_id": (await client.post("/v1/identities", json=identity)).json()["id"],
    }


def written_id(kind: str, answer: httpx.Response) -> str:
    """The id of what a request made."""
    if kind != "run":
        return answer.json()["id"]
    return "run-" + answer.text.partition('"run-')[2][:36] if '"run-' in answer.text else answer.json()["id"]


async def test_each_write_is_told_to_the_window(engine: OpenEngine, client: httpx.AsyncClient) -> None:
    known = await world(client)
    for route, (kind, name, body) in ROUTES.items():
        method, _, path = route.partition(" ")
        async with Watch(engine).watching() as watch:
            answer = await client.request(method, path.format(**known), json=body)
            assert answer.status_code == 200, (route, answer.text)
            await watch.wait_for(kind, known[name] if name else written_id(kind, answer))
        await _settled(engine)


async def _settled(engine: OpenEngine) -> None:
    for run in await engine.services.runs.active():
        async for _ in engine.services.runs.subscribe(run.id):
            pass


async def test_a_turn_of_a_program_is_read_while_it_is_written(engine: OpenEngine, client: httpx.AsyncClient) -> None:
    known = await world(client)
    async with Watch(engine).watching() as watch:
        run = (await client.post(f"/v1/agents/{known['agent_id']}/messages/async", json={"input": "/long 40"})).json()
        await watch.wait_for("run", run["id"])
        events = [event async for event in engine.services.runs.subscribe(run["id"])]
    kinds = [event.payload.message_type for event in events]
    assert kinds[0] == "user_message"
    assert kinds[-2:] == ["stop_reason", "usage_statistics"]
    assert sum(not event.whole for event in events) > 10
    page = await engine.services.messages.page(known["conversation_id"])
    assert page.messages[-1].run_id == run["id"]


async def test_a_program_that_cancels_is_seen_to(engine: OpenEngine, client: httpx.AsyncClient) -> None:
    known = await world(client)
    run = (await client.post(f"/v1/agents/{known['agent_id']}/messages/async", json={"input": "/long 20000"})).json()
    async with Watch(engine).watching() as watch:
        told = (await client.post(f"/v1/agents/{known['agent_id']}/messages/cancel", json={})).json()
        assert told == {run["id"]: "cancelled"}
        await watch.wait_for("run", run["id"])
    assert (await engine.services.runs.get(run["id"])).status == "cancelled"


def test_no_writing_route_is_left_out() -> None:
    served = {
        f"{one.method} {one.path.replace(':path}', '}')}" for one in ENDPOINTS if one.method != "GET" and not one.since
    }
    named = {route.partition("?")[0].replace("{free_id}", "{block_id}") for route in ROUTES}
    named = {route.replace("{thread_id}", "{conversation_id}") for route in named}
    assert served - named == OTHERWISE
    assert named <= served
