"""The real engine behind a window under test: a thread with its loop, SQLite in the test's folder, the real link.

The thread stands for the engine's process, and a scripted server with two models for what serves them. What a new
data folder costs is paid once per process: each test gets a copy of a folder that was made and closed.
"""

import asyncio
import copy
import shutil
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from app import __version__
from app.adapters.own_modes import close_to_others
from app.bootstrap import OpenEngine, RecallPlan, open_engine
from app.config import Config
from app.domain.model import ProviderDraft
from app.link.client import Client, open_link
from app.link.engine_file import EngineNote
from app.link.host import Host
from app.link.protocol import PROTOCOL
from app.ports.storage import Repositories
from app.services import Services
from tests.support.engine.small_computer import SmallComputer
from tests.support.servers.able_ollama import AbleOllama
from tests.support.servers.ollama_pages import Installed
from tests.support.servers.openai_server import OpenAIServer
from tests.support.window.slow_link import SlowLink

LLAMA = [
    {"id": name, "object": "model", "owned_by": "llamacpp", "meta": {"n_ctx": window}}
    for name, window in (("qwen3:8b", 16_384), ("ministral-3:8b", 32_768))
]
CHATS = ("completion", "tools")
INSTALLED = (
    Installed("qwen3:8b", (*CHATS, "thinking"), context=40_960, size=5_200_000_000),
    Installed("ministral-3:8b", (*CHATS, "vision"), context=262_144, size=6_000_000_000),
    Installed("gemma4:e4b", CHATS, context=131_072, size=3_300_000_000),
    Installed("mistral-small3.2:24b", CHATS, context=131_072, size=15_000_000_000),
    Installed("nomic-embed-text:latest", ("embedding",), context=2_048, size=274_000_000),
)
"""Of an Ollama that is there, but not connected before a test connects it."""
USUAL_RECALL = RecallPlan(start_after=3600)
"""Nothing is embedded beside what a test looks at."""
TOKEN = "a token that only this process knows"

T = TypeVar("T")
Furnish = Callable[[OpenEngine], Awaitable[object]]


class LiveEngine:
    """An engine over one data folder, and a client of it that the test uses beside the window."""

    def __init__(self, household: "Household", folder: Path, recall: RecallPlan) -> None:
        self.server, self.ollama = household.llama, household.ollama
        self.computer = SmallComputer()
        self.stopped = False
        """Whether the window ended the engine with itself."""
        self.api_port = 0
        """Where its local API serves, if it does."""
        self._household, self._folder, self._recall = household, folder, recall
        self._engine: OpenEngine
        self._host: Host
        self._own_host: Host
        """The test's own, so that the window is the only client of the other."""
        self._leaving: asyncio.Future[None]
        self.slow_link: SlowLink | None = None
        """Between the window and it, after `slow_down`."""
        self._slow_port = 0
        self._ports = (0, 0)
        self._starting = asyncio.Lock()
        """Held while one engine follows another: whoever connects then waits, as a start of Lares does."""
        self._client: Client | None = None

    @property
    def services(self) -> Services:
        assert self._client is not None
        return self._client.services

    @property
    def port(self) -> int:
        """Where windows find it."""
        return self._ports[0]

    async def connect(self) -> Client:
        """A link to it, as the window opens one; an engine that ended by itself is started again."""
        async with self._starting:
            if self._engine.exit_requested.is_set():
                await self._start_again()
            return await open_link(engine_note(self._slow_port or self.port), "window")

    async def start(self) -> None:
        config = Config.load(self._folder)
        self.api_port = config.settings.api.port
        self._ports = await self._household.run(self._start(config))
        self._client = await open_link(engine_note(self._ports[1]), "test")

    async def _start(self, config: Config) -> tuple[int, int]:
        engine = self._engine = await open_engine(config, demo_pace=0, computer=self.computer, recall=self._recall)
        self._host = Host(engine.services, TOKEN, may_stop=lambda work: work or not engine.busy(), stop=self._stop)
        self._own_host = Host(engine.services, TOKEN)
        ports = await self._host.start(), await self._own_host.start()
        await engine.recover()
        self._leaving = asyncio.ensure_future(self._leave_when_asked())
        return ports

    async def _leave_when_asked(self) -> None:
        await self._engine.exit_requested.wait()
        await self._host.close()

    def _stop(self) -> None:
        self.stopped = True

    async def slow_down(self) -> SlowLink:
        """From now on whoever connects does it by a link that can be held."""
        self.slow_link = SlowLink(self.port)
        self._slow_port = await self._household.run(self.slow_link.start())
        return self.slow_link

    async def hold(self, service: str, method: str) -> None:
        """Answers to this verb wait for `let_go`."""
        assert self.slow_link is not None
        await self._household.run(self.slow_link.hold(service, method))

    async def let_go(self) -> None:
        if self.slow_link is not None:
            await self._household.run(self.slow_link.release())

    async def start_again(self) -> None:
        """Ends it under its clients and starts another one on the same folder."""
        async with self._starting:
            await self._start_again()

    async def _start_again(self) -> None:
        await self._end()
        await self.start()

    async def furnish(self, furnish: Callable[[OpenEngine], Awaitable[T]]) -> T:
        """Does something inside the engine."""
        return await self._household.run(_furnishing(furnish, self._engine))

    async def write(self, work: Callable[[Repositories], T]) -> T:
        """One transaction, past the services."""
        return await self.furnish(lambda engine: engine.storage.write(work))

    def release(self) -> None:
        """Lets replies go on that a test has held."""
        self.server.release()
        self.ollama.release()

    async def close(self) -> None:
        self.release()
        await self._end()

    async def _end(self) -> None:
        if self._client is not None:
            await self._client.close()
        await self._household.run(self._end_engine())

    async def _end_engine(self) -> None:
        if self.slow_link is not None:
            await self.slow_link.close()
        self._leaving.cancel()
        await self._host.close()
        await self._own_host.close()
        await self._engine.close()


class Household:
    """Engines over copies of prepared data folders. One per process."""

    def __init__(
        self, llama: OpenAIServer, ollama: AbleOllama, prepared: Path, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.llama, self.ollama = llama, ollama
        self._prepared, self._loop = prepared, loop

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs it where the engines live."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    async def open(self, folder: Path, furnish: Furnish | None = None, recall: RecallPlan = USUAL_RECALL) -> LiveEngine:
        """An engine on `folder`, which becomes a copy of what `furnish` made of a new one."""
        self.llama.release()
        self.llama.forget_queue()
        self.llama.requests.clear()
        self.ollama.begin_anew(INSTALLED)
        template = self._prepared / (furnish.__qualname__ if furnish else "new")
        if not template.exists():
            await self.run(self._prepare(template, furnish))
        shutil.copytree(template, folder, dirs_exist_ok=True)
        write_api_settings(Config(folder), "127.0.0.1", free_port())
        opened = LiveEngine(self, folder, recall)
        await opened.start()
        return opened

    async def _prepare(self, template: Path, furnish: Furnish | None) -> None:
        making = template.with_suffix(".making")
        engine = await open_engine(Config.load(making), demo_pace=0, computer=SmallComputer())
        try:
            # Nothing that really runs on this computer is looked for.
            await engine.services.settings.set("servers.places", [f"127.0.0.1:{self.llama.port}"])
            await engine.services.providers.add(ProviderDraft(name="llama", base_url=self.llama.url))
            await engine.recover()
            if furnish is not None:
                await furnish(engine)
            while not await engine.services.backups.list():  # noqa: ASYNC110  (today's, before any test begins)
                await asyncio.sleep(0.01)
        finally:
            await engine.close()
        close_to_others(making)  # an engine's own process makes nothing that others may read
        making.rename(template)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def write_api_settings(config: Config, host: str, port: int) -> None:
    """As a person does it in an editor; the next engine reads it."""
    config.settings_file.touch(0o600)
    config.settings_file.write_text(f'[api]\nhost = "{host}"\nport = {port}\n', encoding="utf-8")


def engine_note(port: int) -> EngineNote:
    """What its file in a data folder would say."""
    return EngineNote(port, 1, TOKEN, PROTOCOL, __version__, time.time())


async def _furnishing(furnish: Callable[[OpenEngine], Awaitable[T]], engine: OpenEngine) -> T:
    return await furnish(engine)


@contextmanager
def opened_household() -> Iterator[Household]:
    loop = asyncio.new_event_loop()
    loop.set_default_executor(workers := _started_workers())
    thread = threading.Thread(target=loop.run_forever, name="engines")
    with (
        OpenAIServer(context=1_000_000, entries=copy.deepcopy(LLAMA)) as llama,
        AbleOllama(installed=[*INSTALLED]) as ollama,
        TemporaryDirectory(prefix="lares-household-") as prepared,
    ):
        thread.start()
        try:
            yield Household(llama, ollama, Path(prepared), loop)
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
