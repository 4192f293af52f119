"""The real engine behind a window under test: a thread with its loop, SQLite in the test's folder, the real link.

The thread stands for the engine's process, and a scripted server with two models for what serves them. What a new
data folder costs is paid once per process: each test gets a copy of a folder that was made and closed.
"""

import asyncio
import copy
import shutil
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from app import __version__
from app.bootstrap import OpenEngine, open_engine
from app.config import Config
from app.domain.model import ProviderDraft
from app.link.client import Client, open_link
from app.link.engine_file import EngineNote
from app.link.host import Host
from app.link.protocol import PROTOCOL
from app.ports.storage import Repositories
from app.services import Services
from tests.support.servers.openai_server import OpenAIServer

LLAMA = [
    {"id": name, "object": "model", "owned_by": "llamacpp", "meta": {"n_ctx": window}}
    for name, window in (("qwen3:8b", 16_384), ("ministral-3:8b", 32_768))
]
TOKEN = "a token that only this process knows"

T = TypeVar("T")
Furnish = Callable[[OpenEngine], Awaitable[object]]


class LiveEngine:
    """An engine over one data folder, and a client of it that the test uses beside the window."""

    def __init__(self, household: "Household", engine: OpenEngine, host: Host, port: int) -> None:
        self.server = household.llama
        self._household, self._engine, self._host = household, engine, host
        self._note = EngineNote(port, 1, TOKEN, PROTOCOL, __version__, time.time())
        self._client: Client | None = None

    @property
    def services(self) -> Services:
        assert self._client is not None
        return self._client.services

    async def connect(self) -> Client:
        """A link to it, as the window opens one."""
        return await open_link(self._note, "window")

    async def meet(self) -> None:
        """Opens the test's own link."""
        self._client = await self.connect()

    async def furnish(self, furnish: Callable[[OpenEngine], Awaitable[T]]) -> T:
        """Does something inside the engine."""
        return await self._household.run(_furnishing(furnish, self._engine))

    async def write(self, work: Callable[[Repositories], T]) -> T:
        """One transaction, past the services."""
        return await self.furnish(lambda engine: engine.storage.write(work))

    async def close(self) -> None:
        self.server.release()
        if self._client is not None:
            await self._client.close()
        await self._household.run(self._end())

    async def _end(self) -> None:
        await self._host.close()
        await self._engine.close()


class Household:
    """Engines over copies of prepared data folders. One per process."""

    def __init__(self, llama: OpenAIServer, prepared: Path, loop: asyncio.AbstractEventLoop) -> None:
        self.llama = llama
        self._prepared, self._loop = prepared, loop

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs it where the engines live."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    async def open(self, folder: Path, furnish: Furnish | None = None) -> LiveEngine:
        """An engine on `folder`, which becomes a copy of what `furnish` made of a new one."""
        self.llama.release()
        self.llama.forget_queue()
        self.llama.requests.clear()
        opened = await self.run(self._open(folder, furnish))
        await opened.meet()
        return opened

    async def _open(self, folder: Path, furnish: Furnish | None) -> LiveEngine:
        template = self._prepared / (furnish.__qualname__ if furnish else "new")
        if not template.exists():
            await self._prepare(template, furnish)
        shutil.copytree(template, folder, dirs_exist_ok=True)
        engine = await open_engine(Config.load(folder), demo_pace=0)
        host = Host(engine.services, TOKEN)
        return LiveEngine(self, engine, host, await host.start())

    async def _prepare(self, template: Path, furnish: Furnish | None) -> None:
        making = template.with_suffix(".making")
        engine = await open_engine(Config.load(making), demo_pace=0)
        try:
            # Nothing that really runs on this computer is looked for.
            await engine.services.settings.set("servers.places", [f"127.0.0.1:{self.llama.port}"])
            await engine.services.providers.add(ProviderDraft(name="llama", base_url=self.llama.url))
            if furnish is not None:
                await furnish(engine)
        finally:
            await engine.close()
        making.rename(template)


async def _furnishing(furnish: Callable[[OpenEngine], Awaitable[T]], engine: OpenEngine) -> T:
    return await furnish(engine)


@contextmanager
def opened_household() -> Iterator[Household]:
    loop = asyncio.new_event_loop()
    loop.set_default_executor(workers := _started_workers())
    thread = threading.Thread(target=loop.run_forever, name="engines")
    with (
        OpenAIServer(context=1_000_000, entries=copy.deepcopy(LLAMA)) as llama,
        TemporaryDirectory(prefix="lares-household-") as prepared,
    ):
        thread.start()
        try:
            yield Household(llama, Path(prepared), loop)
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            workers.shutdown()
            loop.close()


def _started_workers() -> ThreadPoolExecutor:
    """Threads that are there before any test begins, so that no test seems to have left them."""
    count = 4
    workers = ThreadPoolExecutor(count, "engines")
    together = threading.Barrier(count)
    wait([workers.submit(together.wait) for _ in range(count)])
    return workers
