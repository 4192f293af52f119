"""The processes of calls: each serves one call and ends. The next one may stand ready before it is needed."""

import asyncio
import contextlib
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.adapters.tools.sandbox.launch import Launch, Launcher, libraries
from app.domain.json_value import JsonObject
from app.domain.sandbox import SandboxLimits
from app.domain.tool import ToolFolder
from app.ports.sandbox import FoundPython

FRAME = 4
IDLE_SECONDS = 300.0
"""How long a process waits for a call before it is ended."""
MOST_SPARES = 2
"""Ready at once: of two kinds of walls."""


@dataclass(frozen=True)
class Walls:
    """What two processes must have in common to stand in for each other."""

    packages: tuple[Path, ...] = ()
    programs: tuple[Path, ...] = ()
    folders: tuple[ToolFolder, ...] = ()
    python: FoundPython | None = None


class Reader(asyncio.Protocol):
    """Takes what comes through one pipe."""

    def __init__(self, takes: Callable[[bytes], None], at_end: Callable[[], None] = lambda: None) -> None:
        self._takes = takes
        self._at_end = at_end
        self._transport: asyncio.BaseTransport | None = None
        self.ended = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._takes(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set()
        self._at_end()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


@dataclass(frozen=True)
class Worker:
    """A process that waits for its one call."""

    process: "subprocess.Popen[bytes]"
    launch: Launch
    reads: tuple[int, int, int]
    """Descriptors of its output, its errors and the channel for what it returns."""
    door: socket.socket | None = None
    """Our end of the way in which it asks for something; None: this system has none."""

    async def listen(self, readers: Sequence[Reader]) -> None:
        """From now on the readers own the descriptors."""
        loop = asyncio.get_running_loop()
        for read, reader in zip(self.reads, readers, strict=True):
            await loop.connect_read_pipe(lambda reader=reader: reader, os.fdopen(read, "rb", buffering=0))

    def ask(self, request: JsonObject) -> None:
        """Blocks until it has read it."""
        body = json.dumps(request).encode()
        assert self.process.stdin is not None
        with contextlib.suppress(OSError, ValueError):
            self.process.stdin.write(len(body).to_bytes(FRAME, "big") + body)
            self.process.stdin.flush()

    def kill(self) -> None:
        """With its group. Blocks not."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if sys.platform != "win32":
                os.killpg(self.process.pid, signal.SIGKILL)
            else:
                self.process.kill()

    def clear(self) -> None:
        """Kills it, waits for its end and removes its folder. Blocks for some milliseconds."""
        self.kill()
        if self.process.stdin is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
        self.process.wait()
        if self.door is not None:
            self.door.close()
        if self.launch.folder is not None:
            shutil.rmtree(self.launch.folder, ignore_errors=True)

    def dismiss(self) -> None:
        """Clears one that nobody listened to."""
        for read in self.reads:
            os.close(read)
        self.clear()


@dataclass
class Workers:
    """Starts them in a thread of its own: the system ends them with the thread that started them."""

    limits: SandboxLimits
    launcher: Launcher | None = None
    """None: the best that works here, found out at the first start."""
    idle_seconds: float = IDLE_SECONDS
    models: bool = False
    """Whether those that are made ready load pydantic."""
    _spares: "dict[Walls, tuple[Future[Worker], asyncio.TimerHandle]]" = field(default_factory=dict)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _thread: ThreadPoolExecutor | None = None
    _closed: bool = False

    async def take(self, walls: Walls) -> Worker:
        """One that nobody else gets. Raises `OSError` where none can be started."""
        spare = self._spares.pop(walls, None)
        if spare is not None:
            starting, idle = spare
            idle.cancel()
            with contextlib.suppress(OSError):
                worker = await self._taken(starting)
                if worker.process.poll() is None:
                    return worker
                await asyncio.to_thread(worker.dismiss)
        return await self._taken(self._begin(walls))

    async def _taken(self, starting: "Future[Worker]") -> Worker:
        try:
            return await asyncio.shield(asyncio.wrap_future(starting))
        except asyncio.CancelledError:
            self._dismiss(starting)
            raise

    def make_ready(self, walls: Walls) -> None:
        """Has one started for a later call, unless one is there. Blocks not."""
        if walls in self._spares or self._closed:
            return
        while len(self._spares) >= MOST_SPARES:
            self._leave(next(iter(self._spares)))
        idle = asyncio.get_running_loop().call_later(self.idle_seconds, self._leave, walls)
        self._spares[walls] = self._begin(walls), idle

    @property
    def ready(self) -> tuple[int, ...]:
        """Ids of the processes that wait for a call."""
        started = (one for one, _ in self._spares.values() if one.done() and one.exception() is None)
        return tuple(one.result().process.pid for one in started)

    async def close(self) -> None:
        """Ends those that wait for a call."""
        self._closed = True
        for walls in tuple(self._spares):
            self._leave(walls)
        if self._thread is not None:
            await asyncio.to_thread(self._thread.shutdown)

    def _leave(self, walls: Walls) -> None:
        starting, idle = self._spares.pop(walls)
        idle.cancel()
        self._dismiss(starting)

    def _dismiss(self, starting: "Future[Worker]") -> None:
        """The thread does one thing after the other, so it has been started by then."""

        def work() -> None:
            with contextlib.suppress(OSError):
                starting.result().dismiss()

        if self._thread is not None:
            self._thread.submit(work)

    def _begin(self, walls: Walls) -> "Future[Worker]":
        self._thread = self._thread or ThreadPoolExecutor(1, "sandbox")
        return self._thread.submit(self._start, walls, self.models)

    def _start(self, walls: Walls, models: bool) -> Worker:
        self.launcher = self.launcher or Launcher.found()
        pairs = [os.pipe() for _ in range(3)]
        writes = tuple(write for _, write in pairs)
        ours, theirs = (None, None) if sys.platform == "win32" else socket.socketpair()
        try:
            launch = self.launcher.launch(
                writes[2],
                self.limits,
                packages=walls.packages,
                programs=walls.programs,
                folders=walls.folders,
                python=walls.python,
                number=next(self._numbers) + os.getpid(),
            )
            process = _opened(launch, writes, theirs)
        except BaseException:
            for read, _ in pairs:
                os.close(read)
            if ours is not None:
                ours.close()
            raise
        finally:
            for write in writes:
                os.close(write)
            door = -1 if theirs is None else theirs.fileno()
            if theirs is not None:
                theirs.close()
        worker = Worker(process, launch, (pairs[0][0], pairs[1][0], pairs[2][0]), ours)
        worker.ask(_first_request(launch, walls, models, door))
        return worker


def _opened(launch: Launch, writes: Sequence[int], door: socket.socket | None) -> "subprocess.Popen[bytes]":
    passed = (writes[2],) if door is None else (writes[2], door.fileno())
    more: dict[str, Any] = {"pass_fds": passed, "start_new_session": True}
    if sys.platform == "win32":
        os.set_inheritable(writes[2], True)
        more = {"close_fds": False, "creationflags": subprocess.CREATE_NO_WINDOW}
    return subprocess.Popen[bytes](
        launch.command,
        stdin=subprocess.PIPE,
        stdout=writes[0],
        stderr=writes[1],
        env=launch.environment,
        cwd=launch.folder,
        **more,
    )


def _first_request(launch: Launch, walls: Walls, models: bool, door: int) -> JsonObject:
    told: JsonObject = {
        "uid": launch.uid,
        "libraries": libraries(walls.python),
        "packages": [str(one) for one in walls.packages],
        "models": models,
        "door": door,
    }
    if launch.readable is not None:
        told |= {"readable": list(launch.readable), "writable": list(launch.writable)}
    return told
