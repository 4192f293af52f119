"""Who may ask: programs of this computer. Not web pages, not other names, not without the token where there is one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from app.bootstrap import OpenEngine, open_engine
from app.config import Config
from app.domain.error import AppError, Invalid
from app.ports.api import ApiPlan
from app.rest.server import RestServer

pytestmark = pytest.mark.anyio
TOKEN = "a token only this test knows"
PAGE = "https://app.example"


@pytest.fixture
async def engine() -> AsyncIterator[OpenEngine]:
    opened = await open_engine(Config.load(), demo_pace=0)
    await opened.recover()
    yield opened
    await opened.close()


@asynccontextmanager
async def serving(engine: OpenEngine, plan: ApiPlan) -> AsyncIterator[httpx.AsyncClient]:
    server = RestServer(engine.services, engine.clock)
    await server.start(plan)
    try:
        async with httpx.AsyncClient(base_url=server.url, timeout=10, trust_env=False, verify=False) as client:
            yield client
    finally:
        await server.stop()


@pytest.fixture
async def client(engine: OpenEngine) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(engine, ApiPlan("127.0.0.1", 0, origins=(PAGE,))) as opened:
        yield opened


async def test_it_answers_on_both_addresses_of_this_computer(client: httpx.AsyncClient) -> None:
    port = client.base_url.port
    for host in ("127.0.0.1", "localhost", "[::1]"):
        for path in ("/v1/health", "/v1/health/"):
            answer = await client.get(f"http://{host}:{port}{path}")
            assert answer.status_code == 200
            assert answer.json()["status"] == "ok"


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "127.0.0.1:x", "[::1", "192.168.1.7", "0.0.0.0"],
)
async def test_another_name_is_refused_on_every_kind_of_request(client: httpx.AsyncClient, host: str) -> None:
    for method, path in (("GET", "/v1/health"), ("POST", "/v1/agents"), ("POST", "/v1/runs/x/stream")):
        answer = await client.request(method, path, headers={"Host": host})
        assert answer.status_code in (400, 403)
    assert (await client.get("/v1/agents", headers={"Host": "LOCALHOST:1"})).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Referer": "https://evil.example/page"},
        {"Referer": "http://[broken"},
    ],
)
async def test_web_pages_are_refused_also_when_they_only_read(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    for method, path in (
        ("GET", "/v1/agents"),
        ("POST", "/v1/agents"),
        ("OPTIONS", "/v1/agents"),
        ("GET", "/openapi.json"),
    ):
        answer = await client.request(method, path, headers=headers)
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers
    assert (await client.get("/v1/agents")).json() == []


async def test_a_page_allowed_by_name_may_use_it(client: httpx.AsyncClient) -> None:
    asked = {"Origin": PAGE, "Access-Control-Request-Headers": "authorization", "Access-Control-Request-Method": "POST"}
    before = await client.options("/v1/agents", headers=asked)
    assert before.status_code == 204
    assert before.headers["access-control-allow-origin"] == PAGE
    answer = await client.get("/v1/agents", headers={"Origin": PAGE})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == PAGE
    refused = await client.get("/v1/agents/x", headers={"Origin": PAGE, "Sec-Fetch-Site": "cross-site"})
    assert refused.status_code == 422
    assert refused.headers["access-control-allow-origin"] == PAGE


async def test_a_person_may_look_with_a_browser(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/health", headers={"Sec-Fetch-Site": "none"})).status_code == 200


async def test_without_the_token_nothing_is_told(engine: OpenEngine) -> None:
    async with serving(engine, ApiPlan("127.0.0.1", 0, token=TOKEN)) as client:
        for given in (None, "Bearer", "Bearer wrong", f"Basic {TOKEN}", "Bearer \xff"):
            headers = {} if given is None else {"Authorization": given.encode("latin-1")}
            answer = await client.get("/v1/agents", headers=headers)  # type: ignore[arg-type]
            assert answer.status_code == 401
            assert TOKEN not in answer.text
        assert (await client.get("/v1/agents", headers={"Authorization": f"Bearer {TOKEN}"})).status_code == 200


async def test_any_key_will_do_where_there_is_no_token(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/agents", headers={"Authorization": "Bearer sk-any"})).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
async def test_other_computers_are_served_only_with_a_token(engine: OpenEngine, host: str) -> None:
    with pytest.raises(Invalid, match="can be reached from others"):
        await RestServer(engine.services, engine.clock).start(ApiPlan(host, 0))


async def test_with_a_token_it_may_serve_by_every_address(engine: OpenEngine) -> None:
    async with serving(engine, ApiPlan("0.0.0.0", 0, token=TOKEN)) as client:
        local = f"http://127.0.0.1:{client.base_url.port}/v1/health"
        proof = {"Authorization": f"Bearer {TOKEN}"}
        assert (await client.get(local)).status_code == 401
        assert (await client.get(local, headers={**proof, "Host": "192.168.1.5:8283"})).status_code == 200
        assert (await client.get(local, headers={**proof, "Host": "evil.example"})).status_code == 403


async def test_a_taken_port_is_a_sentence(engine: OpenEngine, client: httpx.AsyncClient) -> None:
    with pytest.raises(AppError, match="Another program already listens on") as raised:
        await RestServer(engine.services, engine.clock).start(ApiPlan("127.0.0.1", client.base_url.port or 0))
    assert raised.value.code == "port_in_use"


@pytest.mark.parametrize("port", [-1, 65_536, 99_999_999])
async def test_a_port_that_is_none_is_a_sentence(engine: OpenEngine, port: int) -> None:
    with pytest.raises(AppError, match="cannot listen on") as raised:
        await RestServer(engine.services, engine.clock).start(ApiPlan("127.0.0.1", port))
    assert raised.value.code == "port_unusable"


async def test_both_spellings_of_a_path_answer_without_redirects(client: httpx.AsyncClient) -> None:
    for path in ("/v1/agents", "/v1/agents/"):
        made = await client.post(path, json={"model": "demo/vesta", "unknown": {"field": 1}})
        assert made.status_code == 200
    agent_id = made.json()["id"]
    for path in (f"/v1/agents/{agent_id}/", f"/v1/agents/{agent_id}"):
        assert (await client.get(path)).json()["id"] == agent_id
    assert (await client.get("/v1/nothing/")).status_code == 404
    answer = await client.put("/v1/agents/")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
