"""The local API as a switch that lasts: on, off, with a token, after a restart, and when it cannot."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from app.bootstrap import OpenEngine, open_engine
from app.config import Config
from app.domain.error import AppError, Invalid
from app.domain.event import Changed

pytestmark = pytest.mark.anyio


@pytest.fixture
def config(data_folder: Path) -> Config:
    data_folder.mkdir(parents=True)
    (data_folder / "settings.toml").write_text('[api]\nport = 0\norigins = ["https://app.example"]\n', encoding="utf-8")
    return Config.load()


@pytest.fixture
async def engine(config: Config) -> AsyncIterator[OpenEngine]:
    opened = await open_engine(config)
    await opened.recover()
    yield opened
    await opened.close()


async def status_of(url: str, token: str = "") -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient(trust_env=False, verify=False) as client:
        return (await client.get(f"{url}/v1/health", headers=headers)).status_code


async def test_it_is_off_until_it_is_switched_on_and_keeps_the_engine(engine: OpenEngine) -> None:
    api = engine.services.api
    before = await api.status()
    assert (before.enabled, before.running, before.url) == (False, False, "")
    assert not engine.busy()
    on = await api.start()
    assert on.enabled
    assert on.origins == ("https://app.example",)
    assert await status_of(on.url) == 200
    assert engine.busy()
    assert (await api.start()).url == on.url
    off = await api.stop()
    assert (off.enabled, off.running) == (False, False)
    assert not engine.busy()
    with pytest.raises(httpx.ConnectError):
        await status_of(on.url)


async def test_it_serves_again_after_a_restart(engine: OpenEngine, config: Config) -> None:
    await engine.services.api.start()
    await engine.close()
    again = await open_engine(config)
    await again.recover()
    try:
        assert await status_of((await again.services.api.status()).url) == 200
    finally:
        await again.close()


async def test_a_token_is_asked_for_at_once_and_given_up(engine: OpenEngine) -> None:
    api = engine.services.api
    await api.start()
    token = await api.make_token()
    status = await api.status()
    assert status.has_token
    assert token not in status.model_dump_json()
    assert await status_of(status.url) == 401
    assert await status_of(status.url, token) == 200
    assert await api.token() == token
    freed = await api.set_token(None)
    assert await status_of(freed.url) == 200
    with pytest.raises(Invalid):
        await api.set_token("short")


@pytest.mark.parametrize(
    "content", [None, b"", b"{", b"{}", b'{"api/token": ""}', b'{"api/token": "a"}', b"\xff\xfe", b"[]"]
)
async def test_a_token_that_cannot_be_read_any_more_leaves_nothing_open(
    engine: OpenEngine, config: Config, content: bytes | None
) -> None:
    await engine.services.api.start()
    await engine.services.api.make_token()
    await engine.close()
    keys = config.folder / "keys.json"
    keys.unlink()
    if content is not None:
        keys.write_bytes(content)
    again = await open_engine(config)
    await again.recover()
    try:
        status = await again.services.api.status()
        assert (status.running, status.has_token) == (True, False)
        assert "every request is refused" in status.token_error
        assert "make a new token" in status.token_hint
        assert [await status_of(status.url, token) for token in ("", "a", "null")] == [503, 503, 503]
        with pytest.raises(AppError, match="cannot be read"):
            await again.services.api.token()
        if content in (None, b"{}"):
            token = await again.services.api.make_token()
            assert [await status_of(status.url, given) for given in ("", token)] == [401, 200]
        else:
            freed = await again.services.api.set_token(None)
            assert (freed.token_error, await status_of(freed.url)) == ("", 200)
    finally:
        await again.close()


async def test_a_failure_to_start_is_told_and_kept(engine: OpenEngine) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(AppError, match="Another program already listens"):
            await engine.services.api.start(taken.getsockname()[1])
    status = await engine.services.api.status()
    assert (status.running, status.enabled) == (False, False)
    assert status.error.startswith("Another program already listens")
    assert (await engine.services.api.start(0)).error == ""


async def test_last_requests_name_programs_and_nothing_they_sent(engine: OpenEngine) -> None:
    url = (await engine.services.api.start()).url
    async with httpx.AsyncClient(base_url=url, trust_env=False, verify=False) as client:
        await client.get("/v1/agents/", headers={"Authorization": "Bearer sk-planted", "User-Agent": "a program"})
        await client.get("/v1/agents/wrong?key=planted")
    newest, before = await engine.services.api.requests()
    assert (newest.path, newest.status) == ("/v1/agents/wrong", 422)
    assert (before.method, before.path, before.status, before.client) == ("GET", "/v1/agents", 200, "a program")
    assert "planted" not in newest.model_dump_json() + before.model_dump_json()


async def test_the_port_that_was_chosen_lasts_and_a_taken_one_changes_nothing(
    engine: OpenEngine, config: Config
) -> None:
    first = await engine.services.api.start()
    with socket.socket() as taken, socket.socket() as free:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        free.bind(("127.0.0.1", 0))
        wanted = free.getsockname()[1]
        with pytest.raises(AppError, match="Another program already listens"):
            await engine.services.api.start(taken.getsockname()[1])
    assert await status_of(first.url) == 200
    moved = await engine.services.api.start(wanted)
    assert moved.url == f"http://127.0.0.1:{wanted}"
    with pytest.raises(httpx.ConnectError):
        await status_of(first.url)
    await engine.close()
    again = await open_engine(config)
    await again.recover()
    try:
        assert (await again.services.api.status()).url == moved.url
    finally:
        await again.close()


async def test_whoever_shows_it_hears_of_every_change(engine: OpenEngine) -> None:
    heard: list[Changed] = []

    async def listen() -> None:
        async for event in engine.services.events.subscribe():
            if isinstance(event, Changed) and event.kind == "setting":
                heard.append(event)

    listening = asyncio.ensure_future(listen())
    await asyncio.sleep(0)
    for number, act in enumerate((engine.services.api.start, engine.services.api.make_token, engine.services.api.stop)):
        await act()
        async with asyncio.timeout(5):
            while len(heard) <= number:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    listening.cancel()
    await asyncio.wait([listening])


async def test_a_window_that_came_before_it_served_again_is_told(engine: OpenEngine, config: Config) -> None:
    await engine.services.api.start()
    await engine.close()
    again = await open_engine(config)
    served: list[bool] = []

    async def window() -> None:
        async for event in again.services.events.subscribe():
            if isinstance(event, Changed) and event.kind == "setting":
                served.append((await again.services.api.status()).running)
                return

    watching = asyncio.ensure_future(window())
    await asyncio.sleep(0)
    await again.recover()
    try:
        await asyncio.wait_for(watching, 5)
        assert served == [True]
    finally:
        await again.close()
