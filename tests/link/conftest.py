"""A host with toy services and a client connected to it over a real socket; toy engines as processes of their own."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from app.config import Config
from app.link.client import Client, connect
from app.link.host import Host
from tests.support.processes.hosting import hosting
from tests.support.processes.toy_engine import processes_of
from tests.support.processes.toy_services import ToyServices


@pytest.fixture
def config(data_folder: Path) -> Config:
    data_folder.mkdir(parents=True)
    return Config.load()


@pytest.fixture
def engines(config: Config) -> Iterator[None]:
    """Ends the toy engines of the test's folder, also one that takes the place of an ended one."""
    yield
    until = time.monotonic() + 10
    while time.monotonic() < until:
        for pid in processes_of(config):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        listening = [thread for thread in threading.enumerate() if thread.name == "engine-report"]
        if not listening:
            return
        listening[0].join(0.05)


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
