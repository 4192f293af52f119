"""`lares mcp` and /mcp as the client of the official SDK meets them, and with what no client should send.

One engine, and one process of each way in, for all of it.
"""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx
import pytest

from app.domain.agent import Agent, AgentDraft
from app.domain.block import BlockDraft
from app.domain.error import AppError
from app.domain.mcp import McpDraft
from app.domain.memory_client import MemoryClientDraft, MemoryRight
from app.services import Services
from tests.support.guards.source import ROOT
from tests.support.processes.lares_process import SECONDS, arguments_of, environment
from tests.support.processes.rest_child import PROVIDER, ServeChild
from tests.support.servers.openai_replies import Reply
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio

RIGHTS: tuple[MemoryRight, ...] = ("read", "propose", "ask")


class Served(NamedTuple):
    child: ServeChild
    models: OpenAIServer
    token: str
    command: tuple[str, ...]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The local API with a token of its own, an agent that other programs may reach, and a client."""

    async def set_up(services: Services) -> tuple[str, tuple[str, ...]]:
        human = BlockDraft(label="human", value="Name: Chad.\nLikes tea.", limit=2000)
        draft = AgentDraft(name="Zoë", model=f"{PROVIDER}/tiny", blocks=(human,))
        agent: Agent = await services.agents.create(draft)
        status = await services.memory_server.switch(agent.id, True)
        client = MemoryClientDraft(name="Claude Desktop", agent_ids=(agent.id,), rights=RIGHTS)
        return (await services.memory_server.add_client(client)).token, status.command

    entries = [{"id": "tiny", "object": "model", "owned_by": "x"}]
    with OpenAIServer(entries=entries) as models:
        folder = tmp_path_factory.mktemp("mcp") / "Läres data"
        with ServeChild(folder, "--new-token") as child:
            child.connect_model_server(models.url)
            token, command = child.over_link(set_up)
            yield Served(child, models, token, command)


@asynccontextmanager
async def over_stdio(served: Served) -> AsyncIterator[Any]:
    from mcp import StdioServerParameters
    from mcp.client.client import Client
    from mcp.client.stdio import stdio_client

    command, *words = served.command
    parameters = StdioServerParameters(
        command=command, args=words, env={**environment(), "LARES_MCP_TOKEN": served.token}
    )
    async with Client(stdio_client(parameters)) as client:
        yield client


@asynccontextmanager
async def over_http(served: Served) -> AsyncIterator[Any]:
    import httpx2
    from mcp.client.client import Client
    from mcp.client.streamable_http import streamable_http_client

    head = {"Authorization": f"Bearer {served.token}"}
    async with (
        httpx2.AsyncClient(headers=head, timeout=30, trust_env=False) as http,
        Client(streamable_http_client(f"{served.child.url}/mcp", http_client=http)) as client,
    ):
        yield client


async def test_the_official_client_uses_every_tool(served: Served) -> None:
    for reached in (over_stdio, over_http):
        async with reached(served) as client:
            await use_every_tool(client, served)


async def use_every_tool(client: Any, served: Served) -> None:
    assert client.server_info.name == "lares"
    assert [tool.name for tool in (await client.list_tools()).tools] == [
        "search_memory",
        "read_memory",
        "remember",
        "correct",
        "ask_agent",
    ]

    async def said(name: str, **arguments: str) -> tuple[str, bool]:
        result = await client.call_tool(name, arguments)
        return result.content[0].text, bool(result.is_error)

    assert "Likes tea." in (await said("read_memory"))[0]
    assert "human: Likes tea." in (await said("search_memory", query="tea"))[0]
    assert await said("remember", fact="Has a dog.") == (
        "Proposed. It changes nothing before the person accepts it in Lares.",
        False,
    )
    assert (await said("correct", block="human", old="Chad", new="Brad"))[1] is False
    text, failed = await said("correct", block="nobody", old="Chad", new="Brad")
    assert (failed, text) == (True, "There is no block “nobody”. The blocks are: “human”.")
    served.models.queue(Reply(text="Tea."))
    assert await said("ask_agent", question="What do I drink?") == ("Tea.", False)
    served.models.queue(Reply(text="Slowly.", hang_after=0))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await said("ask_agent", question="And slowly?")
    # The client has told the server that it waits no more, and goes on.
    assert "Likes tea." in (await said("read_memory"))[0]


def spoken(served: Served, *lines: bytes, token: str) -> tuple[list[Any], subprocess.CompletedProcess[bytes]]:
    """What a process answers to these lines, in the order in which it came."""
    words = arguments_of("mcp", "--data", str(served.child.folder))
    done = subprocess.run(
        words,
        input=b"\n".join(lines),
        capture_output=True,
        timeout=SECONDS,
        cwd=ROOT,
        env=environment(LARES_MCP_TOKEN=token),
    )
    return [json.loads(line) for line in done.stdout.splitlines()], done


def test_lines_that_are_no_messages_end_nothing(served: Served) -> None:
    ping = b'{"jsonrpc": "2.0", "id": %d, "method": "ping"}'
    hello = b'{"jsonrpc":"2.0","id":3,"method":"initialize","params":{"protocolVersion":"2024-11-05"}}'
    lines = (b"Hello!", b"", b"\xff\xfe{", b"x" * 5_000_000, hello, ping % 4)
    answers, done = spoken(served, *lines, token=served.token)
    assert done.returncode == 0
    assert done.stderr == b""
    codes = [one["error"]["code"] for one in answers if "error" in one]
    assert codes == [-32700, -32700, -32700]
    results = {one["id"]: one["result"] for one in answers if "result" in one}
    assert results[3]["protocolVersion"] == "2024-11-05"
    assert results[4] == {}


def test_without_a_token_that_counts_it_says_so(served: Served) -> None:
    ping = b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}'
    answers, done = spoken(served, ping, b'{"jsonrpc": "2.0", "method": "notifications/initialized"}', token="")
    assert [one["error"]["message"] for one in answers] == [
        "Lares does not know this token: it is missing, mistyped, or was revoked. Make one in Lares: settings, "
        "Local API, Assistants."
    ]
    assert b"Lares does not know this token" in done.stderr


def test_the_local_api_lets_nobody_else_in(served: Served) -> None:
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    own_token = served.child.first.split()[-1]
    good = {"Authorization": f"Bearer {served.token}"}
    with httpx.Client(base_url=served.child.url, timeout=30, trust_env=False, verify=False) as http:
        assert http.post("/mcp", json=ping, headers=good).json() == {"jsonrpc": "2.0", "id": 1, "result": {}}
        for wrong in ({}, {"Authorization": f"Bearer {own_token}"}, {"Authorization": f"Basic {served.token}"}):
            refused = http.post("/mcp", json=ping, headers=wrong)
            assert refused.status_code == 401
            assert refused.headers["www-authenticate"] == "Bearer"
        # A client's token opens nothing else.
        assert http.get("/v1/agents/", headers=good).status_code == 401
        for foreign in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}, {"Origin": "null"}):
            assert http.post("/mcp", json=ping, headers={**good, **foreign}).status_code == 403
        assert http.post("/mcp", json=ping, headers={**good, "MCP-Protocol-Version": "1.0"}).status_code == 400
        assert http.get("/mcp", headers=good).status_code == 405
        assert http.request("DELETE", "/mcp", headers=good).status_code == 204
        noticed = http.post("/mcp", json={"jsonrpc": "2.0", "method": "notifications/initialized"}, headers=good)
        assert (noticed.status_code, noticed.content) == (202, b"")
        assert http.post("/mcp", content=b"{", headers=good).json()["error"]["code"] == -32700


def test_a_lares_that_has_itself_as_a_server_is_told_so(served: Served) -> None:
    """By both ways: the sign of the engine goes with its own hello."""

    async def refusals(services: Services) -> list[str]:
        command, *words = served.command
        own = (
            McpDraft(name="over http", transport="streamable_http", url=f"{served.child.url}/mcp", token=served.token),
            McpDraft(name="over stdio", command=command, args=tuple(words), env={"LARES_MCP_TOKEN": served.token}),
        )
        told: list[str] = []
        for draft in own:
            server = await services.mcp_servers.add(draft)
            await services.mcp_servers.approve(server.id, server.launch.digest)
            try:
                await services.mcp_servers.start(server.id)
            except AppError as error:
                told.append(error.message)
        return told

    told = served.child.over_link(refusals)
    assert len(told) == 2
    assert all("This is the Lares that asks." in one and not one.endswith("..") for one in told), told
