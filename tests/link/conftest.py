"""A host with toy services and a client connected to it over a real socket."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from app import __version__
from app.config import Config
from app.link.client import Client, connect
from app.link.engine_file import EngineNote, write_note
from app.link.host import Host
from app.link.protocol import PROTOCOL
from tests.support.toy_services import ToyServices

TOKEN = "a token that only this test knows"


@pytest.fixture
def config(data_folder: Path) -> Config:
    data_folder.mkdir(parents=True)
    return Config.load()


def note(port: int, token: str = TOKEN, version: str = __version__) -> EngineNote:
    return EngineNote(port, 1, token, PROTOCOL, version, time.time())


@asynccontextmanager
async def hosting(config: Config, services: object, **options: object) -> AsyncIterator[Host]:
    """A host whose address is noted in the data folder."""
    host = Host(services, TOKEN, **options)  # type: ignore[arg-type]
    write_note(config.engine_file, note(await host.start()))
    try:
        yield host
    finally:
        await host.close()


@pytest.fixture
def toys() -> ToyServices:
    return ToyServices()


@pytest.fixture
async def host(config: Config, toys: ToyServices) -> AsyncIterator[Host]:
    async with hosting(config, toys, patience=0.3) as host:
        yield host


@pytest.fixture
async def open_client(config: Config, host: Host) -> AsyncIterator[Callable[..., Awaitable[Client]]]:
    async with AsyncExitStack() as stack:

        async def opened(kind: str = "window") -> Client:
            client = await connect(config, kind)
            stack.push_async_callback(client.close)
            return client

        yield opened


@pytest.fixture
async def client(open_client: Callable[..., Awaitable[Client]]) -> Client:
    return await open_client()
