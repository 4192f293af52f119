"""Runs one call in a process of its own: hands over the request, reads what it prints and returns, and ends it."""

import asyncio
import codecs
import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from app.adapters.tools.sandbox.launch import Launch, Launcher, libraries
from app.domain.json_value import JsonObject, object_of
from app.domain.sandbox import Enforced, SandboxFile, SandboxLimits, SandboxResult
from app.ports.sandbox import SandboxCall

FRAME = 4
LAST_WORDS = 0.2
"""Seconds that what was printed may take to arrive after the call itself is over."""
MOST_FILES = 15_000_000
"""Bytes of the files that come with an answer, in base64 (`child.py: MOST_FILE_BYTES`)."""
LOOK_SECONDS, MOST_ENTRIES = 0.25, 20_000
"""How often the folder of a call is looked at, and how many files it may hold, where no bubblewrap limits it."""
OnOutput = Callable[[str], None]
PROBE = """
import socket

def probe(secret: str) -> dict:
    held = {"network": False, "files": False}
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.connect(("192.0.2.1", 9))
    except OSError:
        held["network"] = True
    try:
        open(secret, "rb").close()
    except OSError:
        held["files"] = True
    return held
"""
"""192.0.2.0/24 belongs to nobody (RFC 5737); connecting sends nothing."""
WITHOUT_BUBBLEWRAP = "Bubblewrap (bwrap) is not installed or does not work here, so what a tool starts may outlive it."
ELSEWHERE = "This system offers no sandbox that Lares can use: a tool may read what you may read, and use the network."


@dataclass
class ProcessSandbox:
    """The sandbox of an engine (`ports/sandbox.py`). Calls run side by side, each in its own process."""

    secret: Path
    """A file that no tool may read, as the database: what holds is tried on it."""
    limits: SandboxLimits = field(default_factory=SandboxLimits)
    launcher: Launcher | None = None
    """None: the best that works here, found out at the first call."""
    _enforced: Enforced | None = None
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    async def enforced(self) -> Enforced:
        if self._enforced is None:
            self._enforced = await self._try()
        return self._enforced

    async def _try(self) -> Enforced:
        tried = await self.run(SandboxCall(source=PROBE, function="probe", arguments={"secret": str(self.secret)}))
        found = object_of(tried.value) if tried.ok else {}
        network, files = bool(found.get("network")), bool(found.get("files"))
        if self.launcher is not None and self.launcher.bubblewrap is not None:
            return Enforced(level="bubblewrap", network=network, files=files, processes=True)
        why = WITHOUT_BUBBLEWRAP if sys.platform.startswith("linux") else ELSEWHERE
        level = "own walls" if network or files else "limits"
        return Enforced(level=level, network=network, files=files, processes=False, why=why)

    async def run(self, call: SandboxCall, on_output: OnOutput = lambda text: None) -> SandboxResult:
        begun = time.monotonic()
        pipes = Pipes()
        launch = await asyncio.to_thread(self._launch, pipes.channel, call)
        try:
            process = await self._start(launch, pipes)
        except OSError as error:
            pipes.close()
            return SandboxResult(ok=False, error=f"The sandbox could not be started: {error.strerror or error}.")
        running = _Running(process, self.limits, on_output, launch.folder)
        try:
            await pipes.listen(running.reads)
            result = await running.result(self._request(call, launch))
        finally:
            await running.end()
            if launch.folder is not None:
                await asyncio.to_thread(shutil.rmtree, launch.folder, ignore_errors=True)
        return result.model_copy(update={"milliseconds": round(1000 * (time.monotonic() - begun))})

    def _launch(self, channel: int, call: SandboxCall) -> Launch:
        self.launcher = self.launcher or Launcher.found()
        return self.launcher.launch(
            channel,
            self.limits,
            network=call.network,
            environment=call.environment,
            packages=call.packages,
            number=next(self._numbers) + os.getpid(),
        )

    async def _start(self, launch: Launch, pipes: "Pipes") -> asyncio.subprocess.Process:
        more: dict[str, Any] = {"close_fds": False} if sys.platform == "win32" else {"pass_fds": (pipes.channel,)}
        if sys.platform == "win32":
            more["creationflags"] = subprocess.CREATE_NO_WINDOW
        return await asyncio.create_subprocess_exec(
            *launch.command,
            stdin=subprocess.PIPE,
            stdout=pipes.stdout,
            stderr=pipes.stderr,
            env=launch.environment,
            cwd=launch.folder,
            start_new_session=sys.platform != "win32",
            **more,
        )

    def _request(self, call: SandboxCall, launch: Launch) -> bytes:
        limits = self.limits
        numbers = {
            "memory": limits.memory,
            "cpu": max(1, round(limits.seconds) + 1),
            "processes": launch.processes,
            "file": limits.file,
            "open": limits.open_files,
        }
        told: JsonObject = {
            "source": call.source,
            "function": call.function,
            "arguments": call.arguments,
            "converts": call.converts,
            "limits": numbers,
            "uid": launch.uid,
            "libraries": libraries(),
            "packages": [str(one) for one in call.packages],
        }
        if launch.readable is not None and launch.folder is not None:
            told |= {"readable": list(launch.readable), "writable": [str(launch.folder)], "network": call.network}
        body = json.dumps(told).encode()
        return len(body).to_bytes(FRAME, "big") + body


class Pipes:
    """What a process writes to: its output, its errors and the channel for what it returns."""

    def __init__(self) -> None:
        self._pairs = [os.pipe() for _ in range(3)]
        self.stdout, self.stderr, self.channel = (write for _, write in self._pairs)
        os.set_inheritable(self.channel, True)

    async def listen(self, readers: "Sequence[_Reader]") -> None:
        """From now on only the process writes."""
        loop = asyncio.get_running_loop()
        for (read, write), reader in zip(self._pairs, readers, strict=True):
            os.close(write)
            await loop.connect_read_pipe(lambda reader=reader: reader, os.fdopen(read, "rb", buffering=0))

    def close(self) -> None:
        """For a process that never came to be."""
        for pair in self._pairs:
            for end in pair:
                os.close(end)


class _Reader(asyncio.Protocol):
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


class _Running:
    def __init__(
        self, process: asyncio.subprocess.Process, limits: SandboxLimits, on_output: OnOutput, folder: Path | None
    ) -> None:
        self._process = process
        self._limits = limits
        self._on_output = on_output
        self._folder = folder
        """Where nobody else limits its size."""
        self._printed = 0
        self._said: dict[str, list[str]] = {"stdout": [], "stderr": []}
        self._decoders = {name: codecs.getincrementaldecoder("utf-8")("replace") for name in self._said}
        self._answer = bytearray()
        self._over = asyncio.Event()
        """It answered, ended or did too much."""
        self._fault = ""
        self._outputs = [_Reader(partial(self._print, name)) for name in self._said]
        self._channel = _Reader(self._hear, self._over.set)

    @property
    def reads(self) -> "tuple[_Reader, ...]":
        return (*self._outputs, self._channel)

    async def result(self, request: bytes) -> SandboxResult:
        try:
            async with asyncio.timeout(self._limits.seconds), asyncio.TaskGroup() as group:
                watching = group.create_task(self._watch_folder())
                await self._hand_over(request)
                await self._over.wait()
                watching.cancel()
        except TimeoutError:
            return self._with_output(_stopped(f"It was stopped after {self._limits.seconds:g} seconds."))
        if self._fault:
            return self._with_output(_stopped(self._fault))
        if not self._whole:
            return self._with_output(await self._died())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS):
                for output in self._outputs:
                    await output.ended.wait()
        told = await asyncio.to_thread(_told, bytes(self._answer[FRAME:]), self._limits.result)
        return self._with_output(told)

    async def _hand_over(self, request: bytes) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(ConnectionError):
            self._process.stdin.write(request)
            await self._process.stdin.drain()
            self._process.stdin.close()

    async def end(self) -> None:
        """Kills it, and all that it started as far as the system lets us."""
        _kill(self._process)
        if self._process.stdin is not None:
            self._process.stdin.close()
        await self._process.wait()
        for reader in self.reads:
            reader.close()

    async def _watch_folder(self) -> None:
        while self._folder is not None:
            await asyncio.sleep(LOOK_SECONDS)
            if await asyncio.to_thread(_is_too_full, self._folder, self._limits.folder):
                most = f"{self._limits.folder:,} bytes or {MOST_ENTRIES:,} files"
                self._fault = f"It was stopped: its folder holds more than {most}."
                self._over.set()
                return

    def _hear(self, data: bytes) -> None:
        self._answer += data
        if len(self._answer) >= FRAME and self._wanted > 2 * self._limits.result + MOST_FILES:
            self._fault = "What it returned cannot be read."
        if self._whole or self._fault:
            self._over.set()

    @property
    def _wanted(self) -> int:
        return int.from_bytes(self._answer[:FRAME], "big")

    @property
    def _whole(self) -> bool:
        return len(self._answer) >= FRAME and len(self._answer) >= FRAME + self._wanted

    def _print(self, name: str, data: bytes) -> None:
        self._printed += len(data)
        if self._printed > self._limits.output:
            self._fault = f"It was stopped: it printed more than {self._limits.output:,} bytes."
            self._over.set()
            return
        text = self._decoders[name].decode(data)
        self._said[name].append(text)
        if name == "stdout" and text:
            self._on_output(text)

    def _with_output(self, result: SandboxResult) -> SandboxResult:
        said = {name: "".join(pieces) for name, pieces in self._said.items()}
        return result.model_copy(update=said)

    async def _died(self) -> SandboxResult:
        """It ended without an answer: killed by the system, by itself or by one of its limits."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), 1)
        code = self._process.returncode
        number = -code if code is not None and code < 0 else (code or 0) - 128 if (code or 0) > 128 else 0
        if number in (signal.SIGXCPU, getattr(signal, "SIGKILL", 9)) if sys.platform != "win32" else False:
            return _stopped("It was stopped by the system: it used more time or memory than it may.")
        name = signal.Signals(number).name if number in {int(one) for one in signal.Signals} else f"code {code}"
        return _stopped(f"It ended without a result ({name}).")


def _is_too_full(folder: Path, most: int) -> bool:
    size = number = 0
    for place, _, names in os.walk(folder):
        for name in names:
            number += 1
            with contextlib.suppress(OSError):
                size += os.lstat(os.path.join(place, name)).st_size
            if size > most or number > MOST_ENTRIES:
                return True
    return False


def _told(body: bytes, most: int) -> SandboxResult:
    try:
        told = object_of(json.loads(body))
    except (ValueError, RecursionError):
        return _stopped("What it returned cannot be read.")
    files: list[SandboxFile] = []
    for one in told.get("files") or ():
        file = object_of(one)
        data = str(file["data"]) if isinstance(file.get("data"), str) else None
        files.append(SandboxFile(name=str(file.get("name")), size=int(file.get("size") or 0), data=data))
    value = told.get("value")
    if told.get("ok") and len(json.dumps(value, ensure_ascii=False).encode()) > most:
        return _stopped(f"It returned more than {most:,} bytes.")
    return SandboxResult(
        ok=bool(told.get("ok")),
        value=value,
        error=str(told.get("error") or ""),
        traceback=str(told.get("traceback") or ""),
        files=tuple(files),
    )


def _stopped(text: str) -> SandboxResult:
    return SandboxResult(ok=False, error=text)


def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if sys.platform != "win32":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
