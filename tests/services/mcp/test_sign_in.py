"""Signing in at an MCP server: seen before it opens, kept in the secret store, renewed once, over, signed out, and
never led to another place than one that may be.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from app.bootstrap import OpenEngine, open_engine
from app.config import Config
from app.domain.event import Changed
from app.domain.mcp import McpDraft, McpError, McpServer, McpStatus
from app.services.mcp.service import McpServers
from tests.support.servers.oauth_mcp import OAuthMcp

pytestmark = pytest.mark.anyio


@pytest.fixture
async def engine() -> AsyncIterator[OpenEngine]:
    opened = await open_engine(Config.load())
    yield opened
    await opened.close()


@pytest.fixture
def closed() -> Iterator[OAuthMcp]:
    with OAuthMcp() as opened:
        yield opened


async def added(mcp: McpServers, closed: OAuthMcp) -> McpServer:
    server = await mcp.add(McpDraft(name="closed", transport="streamable_http", url=closed.address, start_seconds=10))
    return await mcp.approve(server.id, server.launch.digest)


async def until(engine: OpenEngine, server: McpServer, condition: str, *, address: bool = False) -> McpStatus:
    mcp = engine.services.mcp_servers
    with contextlib.closing(engine.bus.subscribe(lambda event: isinstance(event, Changed))) as events:
        async with asyncio.timeout(20):
            while True:
                status = (await mcp.view(server.id)).status
                if status.condition == condition and (status.sign_in or not address):
                    return status
                await anext(aiter(events))


async def opened_by_person(address: str) -> str:
    async with httpx.AsyncClient(follow_redirects=True) as browser:
        return (await browser.get(address)).text


async def signed_in(engine: OpenEngine, server: McpServer) -> None:
    await engine.services.mcp_servers.sign_in(server.id)
    status = await until(engine, server, "signing_in", address=True)
    assert "You are signed in" in await opened_by_person(status.sign_in)
    await until(engine, server, "running")
    await engine.services.mcp_servers.start(server.id)


async def whoami(mcp: McpServers, server: McpServer) -> str:
    (tool,) = await mcp.tools(server.id)
    return (await mcp.run(tool.tool.id, {})).text


async def test_a_person_signs_in_and_out(engine: OpenEngine, closed: OAuthMcp):
    mcp = engine.services.mcp_servers
    server = await added(mcp, closed)
    with pytest.raises(McpError, match=r"It wants to know who asks \(401\)") as refused:
        await mcp.start(server.id)
    assert "Sign in, or enter its token" in refused.value.hint
    assert (await mcp.view(server.id)).status.code == "mcp_unauthorized"
    await mcp.sign_in(server.id)
    status = await until(engine, server, "signing_in", address=True)
    assert status.sign_in.startswith(f"{closed.base}/authorize?")
    assert ("GET", "/authorize") not in closed.asked, "nothing opens by itself"
    with pytest.raises(McpError, match="waits for the person to sign in"):
        await mcp.start(server.id)
    asked = {name: one[0] for name, one in parse_qs(urlsplit(status.sign_in).query).items()}
    assert asked["redirect_uri"].startswith("http://127.0.0.1:")
    for wrong in ("state=guessed&code=stolen", f"code=stolen&stat={asked['state']}", ""):
        assert "not a sign-in that Lares waits for" in await opened_by_person(f"{asked['redirect_uri']}?{wrong}")
    assert "You are signed in" in await opened_by_person(status.sign_in)
    await until(engine, server, "running")
    await mcp.start(server.id)
    assert (await mcp.get(server.id)).signed_in
    assert await whoami(mcp, server) == "Bearer access-2"
    with pytest.raises(httpx.ConnectError):
        await opened_by_person(asked["redirect_uri"])
    await mcp.sign_out(server.id)
    assert set(closed.revoked) == {"access-2", "refresh-2"}
    assert not (await mcp.get(server.id)).signed_in
    assert await engine.mcp._target_of(await mcp.get(server.id)) == (await engine.mcp._target_of(server))
    await what_goes_wrong_is_said(engine, closed, server)


async def test_tokens_are_renewed_once_and_are_in_the_secret_store_alone(
    engine: OpenEngine, closed: OAuthMcp, data_folder: Path
):
    mcp = engine.services.mcp_servers
    server = await added(mcp, closed)
    closed.expires_in = 5  # less than the time before its end at which a token is renewed
    await signed_in(engine, server)
    before = closed.renewals
    assert before >= 1
    closed.expires_in = 3600
    await whoami(mcp, server)
    renewed = closed.renewals
    closed.tokens.clear()
    said = await asyncio.gather(*(whoami(mcp, server) for _ in range(5)))
    assert closed.renewals == renewed + 1, "five found the same token over, one asked for another"
    assert set(said) == {f"Bearer {one}" for one in closed.tokens}
    await mcp.stop(server.id)
    await mcp.start(server.id)
    assert f"Bearer {next(iter(closed.tokens))}" == await whoami(mcp, server), "what was renewed was kept"
    closed.tokens.clear()
    closed.refresh_tokens.clear()
    with pytest.raises(McpError, match="wants to know who asks"):
        await whoami(mcp, server)
    assert (await until(engine, server, "failed")).code == "mcp_unauthorized"
    elsewhere = (await mcp.get(server.id)).draft.model_copy(update={"url": f"{closed.base}/other"})
    assert not (await mcp.update(server.id, elsewhere)).signed_in
    await engine.close()
    files = await asyncio.to_thread(lambda: [one for one in data_folder.rglob("*") if one.is_file()])
    assert [one.name for one in files if b"access-" in one.read_bytes()] == []


async def what_goes_wrong_is_said(engine: OpenEngine, closed: OAuthMcp, server: McpServer) -> None:
    mcp = engine.services.mcp_servers
    resource, oauth = "/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-authorization-server"
    good = json.dumps(closed.told)
    faults: list[tuple[str, dict[str, object], str]] = [
        (resource, {"resource": "http://127.0.0.1:9/mcp"}, "does not match expected"),
        (resource, {"authorization_servers": ["http://169.254.169.254"]}, "169.254.169.254, which is not encrypted"),
        (oauth, {"issuer": "https://other.example"}, "issuer mismatch"),
        (oauth, {"registration_endpoint": "http://10.0.0.1/register"}, "10.0.0.1, which is not encrypted"),
        (oauth, {"authorization_endpoint": "http://evil.example/authorize"}, "evil.example, which is not encrypted"),
    ]
    for place, change, says in faults:
        closed.told = json.loads(good)
        closed.told[place] |= change
        await mcp.sign_in(server.id)
        status = await until(engine, server, "failed")
        assert says in status.error, change
        assert status.code == "mcp_sign_in"
    closed.told, closed.lets_in = json.loads(good), False
    await mcp.sign_in(server.id)
    status = await until(engine, server, "signing_in", address=True)
    assert "You are not signed in" in await opened_by_person(status.sign_in)
    assert "the server refused it: The person said no" in (await until(engine, server, "failed")).error
    await mcp.sign_in(server.id)
    status = await until(engine, server, "signing_in", address=True)
    await mcp.stop(server.id)
    assert (await mcp.view(server.id)).status == McpStatus(condition="idle")
    with pytest.raises(httpx.ConnectError):
        await opened_by_person(parse_qs(urlsplit(status.sign_in).query)["redirect_uri"][0])
