"""The real `lares serve` in a child process on a data folder of its own, with a scripted model server connected."""

import asyncio
import os
import re
import resource
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

from app.config import Config
from app.domain.model import ProviderDraft
from app.link.launcher import ensure_engine
from app.services import Services
from tests.support.guards.source import ROOT
from tests.support.processes.lares_process import SECONDS, arguments_of, environment

T = TypeVar("T")
PROVIDER = "scripted"


class ServeChild:
    """`with ServeChild(folder) as child:`; `child.url` is where it serves."""

    def __init__(
        self,
        folder: Path,
        *more: str,
        port: int = 0,
        variables: Mapping[str, str] | None = None,
        descriptors: int | None = None,
    ) -> None:
        """`variables`: of its environment, beside those of every test. `descriptors`: how many it may have open."""
        self.folder = folder
        self._limit = (resource.RLIMIT_NOFILE, (descriptors, descriptors)) if descriptors else None
        self._variables = variables or {}
        self._more = more
        self._port = port
        self.process: subprocess.Popen[str] | None = None
        self.said = ""
        """Up to the line that names where it serves."""
        self.first = ""
        self.url = ""

    def start(self) -> None:
        self.process = subprocess.Popen(
            arguments_of("serve", "--data", str(self.folder), "--port", str(self._port), *self._more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            cwd=ROOT,
            env=environment(**self._variables),
            preexec_fn=partial(resource.setrlimit, *self._limit) if self._limit else None,
        )
        assert self.process.stderr is not None
        self.first = self.said = self.process.stderr.readline()
        found = re.search(r"http://(\S+):(\d+)", self.said)
        while found is None and (line := self.process.stderr.readline()):
            self.said += line
            found = re.search(r"http://(\S+):(\d+)", line)
        assert found, f"it did not serve: {self.said}"
        # The same place again after a restart, as a program expects it.
        self._port = int(found[2])
        self.url = f"http://{found[1]}:{found[2]}"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.communicate(timeout=SECONDS)

    def end(self) -> str:
        """What it said until its orderly end."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.terminate()
        if self.process.stderr is not None and not self.process.stderr.closed:
            _, rest = self.process.communicate(timeout=SECONDS)
            self.said += rest
        return self.said

    def memory_kb(self) -> int:
        status = Path(f"/proc/{self.pid}/status").read_text("utf-8")
        return int(status.partition("VmRSS:")[2].split()[0])

    def connect_model_server(self, url: str, name: str = PROVIDER) -> None:
        async def add(services: Services) -> None:
            await services.providers.add(ProviderDraft(name=name, base_url=url))

        self.over_link(add)

    def over_link(self, work: Callable[[Services], Awaitable[T]]) -> T:
        """Does something in the engine as the window would."""

        async def run() -> T:
            async with self.linked() as services:
                return await work(services)

        return asyncio.run(run())

    @asynccontextmanager
    async def linked(self) -> AsyncIterator[Services]:
        client = await ensure_engine(Config.load(self.folder))
        try:
            yield client.services
        finally:
            await client.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: Any) -> None:
        if self.process is not None and self.process.poll() is None:
            self.end()


def open_files(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))
