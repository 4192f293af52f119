"""Runs one call in a process of its own: hands over the request, reads what it prints and returns, and ends it."""

import asyncio
import codecs
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from functools import partial
from pathlib import Path

from app.adapters.tools.sandbox.door import Reply, Serve, serve
from app.adapters.tools.sandbox.launch import Launch, Launcher, node_places, node_program
from app.adapters.tools.sandbox.network import PublicNetwork
from app.adapters.tools.sandbox.workers import FRAME, IDLE_SECONDS, Reader, Walls, Worker, Workers
from app.domain.json_value import JsonObject, object_of
from app.domain.sandbox import Enforced, SandboxFile, SandboxLimits, SandboxResult
from app.domain.tool import ToolFolder
from app.ports.sandbox import Answers, SandboxCall

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
    """The sandbox of an engine (`ports/sandbox.py`). Calls run side by side, each in its own process.

    After a call the process of the next one is made ready, behind the same walls (`workers.py`). Once a call had models
    among its arguments, those have pydantic loaded.
    """

    secret: Path
    """A file that no tool may read, as the database: what holds is tried on it. Nor the folder in which it lies."""
    limits: SandboxLimits = field(default_factory=SandboxLimits)
    launcher: InitVar[Launcher | None] = None
    """None: the best that works here, found out at the first call."""
    idle_seconds: InitVar[float] = IDLE_SECONDS
    reach: PublicNetwork = field(default_factory=PublicNetwork)
    """What those see that may use the network."""
    workers: Workers = field(init=False)
    _enforced: Enforced | None = None
    _node: Path | None = None

    def __post_init__(self, launcher: Launcher | None, idle_seconds: float) -> None:
        self.workers = Workers(self.limits, launcher, idle_seconds)

    async def enforced(self) -> Enforced:
        if self._enforced is None:
            self._enforced = await self._try()
        return self._enforced

    async def _try(self) -> Enforced:
        probe = SandboxCall(source=PROBE, function="probe", arguments={"secret": str(self.secret)})
        tried = await self._served(probe, lambda text: None)
        found = object_of(tried.value) if tried.ok else {}
        network, files = bool(found.get("network")), bool(found.get("files"))
        if self.workers.launcher is not None and self.workers.launcher.bubblewrap is not None:
            return Enforced(level="bubblewrap", network=network, files=files, processes=True)
        why = WITHOUT_BUBBLEWRAP if sys.platform.startswith("linux") else ELSEWHERE
        level = "own walls" if network or files else "limits"
        return Enforced(level=level, network=network, files=files, processes=False, why=why)

    async def run(
        self, call: SandboxCall, on_output: OnOutput = lambda text: None, answers: Answers | None = None
    ) -> SandboxResult:
        closed = await self.why_closed(call.folders)
        if closed:
            return SandboxResult(ok=False, error=closed)
        result = await self._served(call, on_output, answers)
        self.workers.models = self.workers.models or call.converts
        if call.target is None:
            self.workers.make_ready(self._walls(call))
        return result

    async def node(self) -> Path | None:
        self._node = self._node or await asyncio.to_thread(node_program)
        return self._node

    async def close(self) -> None:
        """Ends the processes that wait for a call."""
        await self.workers.close()

    async def why_closed(self, folders: Sequence[ToolFolder]) -> str:
        return await asyncio.to_thread(self._closed_folder, folders) if folders else ""

    def _closed_folder(self, folders: Sequence[ToolFolder]) -> str:
        own = self.secret.parent.resolve()
        for one in folders:
            folder = Path(one.path).resolve()
            if not folder.is_dir():
                return f"The folder “{one.path}” that this tool may use is not there."
            if folder in (own, *own.parents) or own in folder.parents:
                return f"“{one.path}” holds what Lares keeps itself, which no tool may see. Choose another folder."
        return ""

    async def _served(self, call: SandboxCall, on_output: OnOutput, answers: Answers | None = None) -> SandboxResult:
        begun = time.monotonic()
        try:
            worker = await self.workers.take(self._walls(call))
        except OSError as error:
            return SandboxResult(ok=False, error=f"The sandbox could not be started: {error.strerror or error}.")
        running = _Running(worker, call.limits or self.limits, on_output, self._served_through_door(call, answers))
        try:
            await worker.listen(running.reads)
            result = await running.result(partial(self._request, call, worker.launch, answers is not None))
        finally:
            await running.end()
        return result.model_copy(update={"milliseconds": round(1000 * (time.monotonic() - begun))})

    def _served_through_door(self, call: SandboxCall, answers: Answers | None) -> dict[str, Serve]:
        """What the call may ask for."""
        serves = dict(self.reach.serves) if call.network else {}
        if answers is not None:

            async def answer(asked: JsonObject) -> Reply:
                return Reply(await answers(asked))

            serves["lares"] = answer
        return serves

    def _walls(self, call: SandboxCall) -> Walls:
        filled = () if call.target is None else (ToolFolder(path=str(call.target), writable=True),)
        programs = node_places(self._node) if call.node else ()
        return Walls(tuple(call.packages), programs, (*call.folders, *filled), call.python)

    def _request(self, call: SandboxCall, launch: Launch, asks: bool) -> JsonObject:
        limits = call.limits or self.limits
        assert self.workers.launcher is not None
        numbers = {
            # Node.js reserves far more than it uses, so what it writes to is counted.
            "data" if call.node else "memory": limits.memory,
            "cpu": max(1, round(limits.seconds) + 1),
            "processes": self.workers.launcher.most_processes(launch, limits),
            "file": limits.file,
            "open": limits.open_files,
        }
        return {
            "source": call.source,
            "function": call.function,
            "arguments": call.arguments,
            "converts": call.converts,
            "environment": dict(call.environment),
            "modules": list(call.modules),
            # Elsewhere nothing keeps it from the network, so it goes there by itself.
            "network": call.network and sys.platform.startswith("linux"),
            "client": asks,
            "limits": numbers,
        }


class _Running:
    def __init__(self, worker: Worker, limits: SandboxLimits, on_output: OnOutput, serves: Mapping[str, Serve]) -> None:
        self._worker = worker
        self._serves = serves
        self._limits = limits
        self._on_output = on_output
        self._folder = worker.launch.folder
        """Where nobody else limits its size."""
        self._printed = 0
        self._said: dict[str, list[str]] = {"stdout": [], "stderr": []}
        self._decoders = {name: codecs.getincrementaldecoder("utf-8")("replace") for name in self._said}
        self._answer = bytearray()
        self._over = asyncio.Event()
        """It answered, ended or did too much."""
        self._fault = ""
        self._outputs = [Reader(partial(self._print, name)) for name in self._said]
        self._channel = Reader(self._hear, self._over.set)

    @property
    def reads(self) -> "tuple[Reader, ...]":
        return (*self._outputs, self._channel)

    async def result(self, request: Callable[[], JsonObject]) -> SandboxResult:
        """`request` is made off the loop."""
        try:
            async with asyncio.timeout(self._limits.seconds), asyncio.TaskGroup() as group:
                working = [group.create_task(self._watch_folder()), group.create_task(self._answer_door())]
                await asyncio.to_thread(lambda: self._worker.ask(request()))
                await self._over.wait()
                for one in working:
                    one.cancel()
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

    async def end(self) -> None:
        """Kills it, and all that it started as far as the system lets us."""
        self._worker.kill()
        await asyncio.to_thread(self._worker.clear)
        for reader in self.reads:
            reader.close()

    async def _answer_door(self) -> None:
        door = self._worker.door
        if door is not None and self._serves:
            await serve(door, self._serves)
        elif door is not None:
            door.close()

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
        with contextlib.suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(self._worker.process.wait, 1)
        code = self._worker.process.returncode
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
