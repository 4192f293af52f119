"""Runs one call in a process of its own: hands over the request, reads what it prints and returns, and ends it."""

import asyncio
import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.adapters.tools.sandbox.launch import Launch, Launcher, libraries
from app.domain.json_value import JsonObject, object_of
from app.domain.sandbox import SandboxFile, SandboxLimits, SandboxResult

FRAME = 4
LAST_WORDS = 0.2
"""Seconds that what was printed may take to arrive after the call itself is over."""
PIECE = 65_536
OnOutput = Callable[[str], None]


@dataclass(frozen=True)
class Call:
    """What is to be run."""

    source: str
    function: str
    arguments: JsonObject
    converts: bool = False
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    network: bool = False
    packages: Sequence[Path] = ()


@dataclass
class Sandbox:
    """One per engine. Calls run side by side, each in its own process."""

    launcher: Launcher
    limits: SandboxLimits = field(default_factory=SandboxLimits)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    async def run(self, call: Call, on_output: OnOutput = lambda text: None) -> SandboxResult:
        """Runs it to its end, whatever it does: what goes wrong is a result with a sentence.

        Cancelled, it is killed with all that it started before the cancellation goes on.
        """
        read, write = os.pipe()
        os.set_inheritable(write, True)
        begun = time.monotonic()
        launch = await asyncio.to_thread(self._launch, write, call)
        try:
            process = await self._start(launch, write)
        except OSError as error:
            os.close(read)
            return SandboxResult(ok=False, error=f"The sandbox could not be started: {error.strerror or error}.")
        finally:
            os.close(write)
        running = _Running(process, read, self.limits, on_output)
        try:
            result = await running.result(self._request(call, launch))
        finally:
            await running.end()
            if launch.folder is not None:
                await asyncio.to_thread(shutil.rmtree, launch.folder, ignore_errors=True)
        return result.model_copy(update={"milliseconds": round(1000 * (time.monotonic() - begun))})

    def _launch(self, channel: int, call: Call) -> Launch:
        return self.launcher.launch(
            channel,
            self.limits,
            network=call.network,
            environment=call.environment,
            packages=call.packages,
            number=next(self._numbers) + os.getpid(),
        )

    async def _start(self, launch: Launch, write: int) -> asyncio.subprocess.Process:
        more: dict[str, Any] = {"close_fds": False} if sys.platform == "win32" else {"pass_fds": (write,)}
        if sys.platform == "win32":
            more["creationflags"] = subprocess.CREATE_NO_WINDOW
        return await asyncio.create_subprocess_exec(
            *launch.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=launch.environment,
            cwd=launch.folder,
            start_new_session=sys.platform != "win32",
            **more,
        )

    def _request(self, call: Call, launch: Launch) -> bytes:
        limits = self.limits
        numbers = {
            "memory": limits.memory,
            "cpu": max(1, round(limits.seconds) + 1),
            "processes": launch.processes,
            "file": limits.file,
            "open": limits.open_files,
        }
        told = {
            "source": call.source,
            "function": call.function,
            "arguments": call.arguments,
            "converts": call.converts,
            "limits": numbers,
            "uid": launch.uid,
            "libraries": libraries(),
            "packages": [str(one) for one in call.packages],
        }
        body = json.dumps(told).encode()
        return len(body).to_bytes(FRAME, "big") + body


class _Running:
    def __init__(
        self, process: asyncio.subprocess.Process, channel: int, limits: SandboxLimits, on_output: OnOutput
    ) -> None:
        self._process = process
        self._channel = channel
        self._limits = limits
        self._on_output = on_output
        self._printed = 0
        self._said: dict[str, list[str]] = {"stdout": [], "stderr": []}
        self._too_much = asyncio.Event()
        self._readers: list[asyncio.Task[None]] = []
        self._transport: asyncio.ReadTransport | None = None

    async def result(self, request: bytes) -> SandboxResult:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._readers = [
            asyncio.ensure_future(self._read(self._process.stdout, "stdout")),
            asyncio.ensure_future(self._read(self._process.stderr, "stderr")),
        ]
        answer = asyncio.ensure_future(self._answer())
        flooded = asyncio.ensure_future(self._too_much.wait())
        try:
            with contextlib.suppress(ConnectionError):
                self._process.stdin.write(request)
                await self._process.stdin.drain()
                self._process.stdin.close()
            async with asyncio.timeout(self._limits.seconds):
                await asyncio.wait({answer, flooded}, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            return self._with_output(_stopped(f"It was stopped after {self._limits.seconds:g} seconds."))
        finally:
            flooded.cancel()
            if not answer.done():
                answer.cancel()
        if self._too_much.is_set():
            most = f"{self._limits.output:,}"
            return self._with_output(_stopped(f"It was stopped: it printed more than {most} bytes."))
        told = answer.result()
        await asyncio.wait(self._readers, timeout=LAST_WORDS)
        return self._with_output(told if told is not None else await self._died())

    async def end(self) -> None:
        """Kills it, and all that it started as far as the system lets us."""
        if self._transport is not None:
            self._transport.close()
        _kill(self._process)
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        await self._process.wait()

    async def _answer(self) -> SandboxResult | None:
        """None: it ended without one."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=PIECE)
        pipe = os.fdopen(self._channel, "rb", buffering=0)
        self._transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
        try:
            size = int.from_bytes(await reader.readexactly(FRAME), "big")
            if size > 2 * self._limits.result + self._limits.folder:
                return _stopped("What it returned cannot be read.")
            body = await reader.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        return await asyncio.to_thread(_told, body, self._limits.result)

    async def _read(self, stream: asyncio.StreamReader, name: str) -> None:
        import codecs

        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while piece := await stream.read(PIECE):
            self._printed += len(piece)
            if self._printed > self._limits.output:
                self._too_much.set()
                return
            text = decoder.decode(piece)
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


def _told(body: bytes, most: int) -> SandboxResult:
    try:
        told = object_of(json.loads(body))
    except (ValueError, RecursionError):
        return _stopped("What it returned cannot be read.")
    files: list[SandboxFile] = []
    for one in told.get("files") or ():
        file = object_of(one)
        data = b64decode(str(file["data"])) if isinstance(file.get("data"), str) else None
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
