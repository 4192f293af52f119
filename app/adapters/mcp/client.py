"""The engine's side of the MCP process: starts it when a server is first needed, and again when it has died."""

import asyncio
import contextlib
import itertools
import json
import logging
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.domain.json_value import JsonObject, array_of, object_of
from app.domain.mcp import INSTANCE, McpAnswer, McpError, McpGrant, McpHello, McpOffer, McpPrompt, McpResource
from app.ports.mcp import McpEvent, McpTarget, OnMcpEvent

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[3]
LOADING = 20.0
"""Seconds that the process itself may take to load on a busy computer, beside what a server may take."""
SLACK = 3.0
"""Seconds that an answer may be late before the process counts as stuck."""
SIGN_OUT_SECONDS = 10.0
IDLE_SECONDS = 300.0
"""After so long without a session the process is ended: it holds 70 MB."""
CLOSING = 2.0
"""Seconds for it to end all programs before it is killed; the system then kills them (`PR_SET_PDEATHSIG`)."""


def child_command() -> Sequence[str]:
    """The command line of the process, from a checkout or a frozen build."""
    frozen = bool(getattr(sys, "frozen", False))
    return [sys.executable, *([] if frozen else ["-m", "app"]), "--mcp-child"]


@dataclass
class _Asked:
    answer: "asyncio.Future[JsonObject]"
    parts: list[Any] = field(default_factory=list[Any])


class McpProcess:
    """See `app.ports.mcp.McpClient`. One process for an engine, which so reads nothing a server sends."""

    def __init__(
        self,
        command: Callable[[], Sequence[str]] = child_command,
        environment: Mapping[str, str] | None = None,
        instance: str = "",
    ) -> None:
        """`environment`: of the process; None: the engine's. `instance`: by which the engine knows itself, should one
        of the servers be this very Lares."""
        self._instance = instance
        self._command = command
        self._environment = environment
        self._on_event: OnMcpEvent = lambda event: None
        self._line: _Line | None = None
        self._starting = asyncio.Lock()
        self._numbers = itertools.count(1)
        self._asked: dict[int, _Asked] = {}
        self._sessions: set[str] = set()
        self._idle: asyncio.TimerHandle | None = None

    def listen(self, on_event: OnMcpEvent) -> None:
        self._on_event = on_event

    @property
    def pid(self) -> int | None:
        """Of the process; None while there is none."""
        return self._line.pid if self._line is not None else None

    async def start(self, session: str, target: McpTarget) -> McpHello:
        if self._idle is not None:
            self._idle.cancel()
        self._sessions.add(session)
        told = target.model_dump(mode="json")
        try:
            found, parts = await self._ask("start", session, target.start_seconds + LOADING, target=told)
        except BaseException:
            self._gone(session)
            raise
        return await asyncio.to_thread(lambda: McpHello.model_validate({**found, "offers": parts}))

    async def stop(self, session: str) -> None:
        if self._line is None:
            return
        with contextlib.suppress(McpError):
            await self._ask("stop", session, CLOSING)
        self._gone(session)

    async def call(self, session: str, name: str, arguments: dict[str, Any], seconds: float) -> McpAnswer:
        found, _ = await self._ask("call", session, seconds, name=name, arguments=arguments, seconds=seconds)
        return McpAnswer.model_validate(found)

    async def offers(self, session: str, seconds: float) -> tuple[McpOffer, ...]:
        _, parts = await self._ask("offers", session, seconds, seconds=seconds)
        return await asyncio.to_thread(lambda: tuple(McpOffer.model_validate(one) for one in parts))

    async def resources(self, session: str, seconds: float) -> tuple[McpResource, ...]:
        _, parts = await self._ask("resources", session, seconds, seconds=seconds)
        return tuple(McpResource.model_validate(one) for one in parts)

    async def read(self, session: str, uri: str, seconds: float) -> McpAnswer:
        found, _ = await self._ask("read", session, seconds, uri=uri, seconds=seconds)
        return McpAnswer.model_validate(found)

    async def prompts(self, session: str, seconds: float) -> tuple[McpPrompt, ...]:
        _, parts = await self._ask("prompts", session, seconds, seconds=seconds)
        return tuple(McpPrompt.model_validate(one) for one in parts)

    async def prompt(self, session: str, name: str, arguments: dict[str, str], seconds: float) -> McpAnswer:
        found, _ = await self._ask("prompt", session, seconds, name=name, arguments=arguments, seconds=seconds)
        return McpAnswer.model_validate(found)

    async def sign_in(self, session: str, target: McpTarget, seconds: float) -> McpGrant:
        if self._idle is not None:
            self._idle.cancel()
        self._sessions.add(session)
        told = target.model_dump(mode="json")
        try:
            found, _ = await self._ask("sign_in", session, seconds + LOADING, target=told, seconds=seconds)
        finally:
            self._gone(session)
        return McpGrant.model_validate(found)

    async def sign_out(self, grant: McpGrant) -> None:
        told = grant.model_dump(mode="json")
        await self._ask("sign_out", "", SIGN_OUT_SECONDS + LOADING, grant=told, seconds=SIGN_OUT_SECONDS)

    async def close(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        line = self._line
        if line is not None:
            line.close()
            await line.ended(CLOSING)
        self._sessions.clear()

    async def _ask(self, do: str, session: str, limit: float, **more: Any) -> tuple[JsonObject, list[Any]]:
        """`limit`: seconds; whoever is asked knows it too, so passing it by far means that the process is stuck."""
        line = await self._running()
        number = next(self._numbers)
        asked = self._asked[number] = _Asked(asyncio.get_running_loop().create_future())
        line.write({"id": number, "do": do, "session": session, **more})
        try:
            async with asyncio.timeout(limit + SLACK):
                found = await asked.answer
        except TimeoutError:
            log.warning("the MCP process did not answer (%s), so it is ended", do)
            line.kill()
            raise _process_gone() from None
        except asyncio.CancelledError:
            line.write({"id": number, "do": "cancel"})
            raise
        finally:
            self._asked.pop(number, None)
        return found, asked.parts

    async def _running(self) -> "_Line":
        async with self._starting:
            if self._line is not None:
                return self._line
            try:
                process = await asyncio.to_thread(self._open)
            except OSError as error:
                log.warning("the MCP process cannot be started: %s", error)
                raise _process_gone() from error
            self._line = _Line(process, self._hear, self._end)
            return self._line

    def _open(self) -> "subprocess.Popen[bytes]":
        frozen = bool(getattr(sys, "frozen", False))
        return subprocess.Popen(
            list(self._command()),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(sys.executable).parent if frozen else ROOT,
            env={**(os.environ if self._environment is None else self._environment), INSTANCE: self._instance},
            creationflags=subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0,
        )

    def _hear(self, told: JsonObject) -> None:
        if "event" in told:
            self._event(told)
            return
        asked = self._asked.get(int(told["id"]))
        if asked is None or asked.answer.done():
            return
        if "part" in told:
            asked.parts += array_of(told["part"])
        elif "error" in told:
            error = object_of(told["error"])
            asked.answer.set_exception(
                McpError(str(error["message"]), code=str(error["code"]), hint=str(error["hint"]))
            )
        else:
            asked.answer.set_result(object_of(told["ok"]))

    def _event(self, told: JsonObject) -> None:
        session = str(told["session"])
        if told["event"] == "ended":
            self._gone(session)
        lines = tuple(str(one) for one in array_of(told.get("lines")))
        words = {name: str(told.get(name) or "") for name in ("error", "hint", "code", "address")}
        grant = McpGrant.model_validate(told["grant"]) if "grant" in told else None
        event = McpEvent(session=session, kind=told["event"], lines=lines, grant=grant, **words)
        self._on_event(event)

    def _end(self, line: "_Line") -> None:
        """Whatever was asked fails, and all sessions are over."""
        if line is not self._line:
            return
        self._line = None
        for asked in list(self._asked.values()):
            if not asked.answer.done():
                asked.answer.set_exception(_process_gone())
        sessions, self._sessions = self._sessions, set()
        gone = _process_gone()
        for session in sessions:
            event = McpEvent(session=session, kind="ended", error=gone.message, hint=gone.hint, code=gone.code)
            self._on_event(event)

    def _gone(self, session: str) -> None:
        self._sessions.discard(session)
        if not self._sessions and self._line is not None:
            if self._idle is not None:
                self._idle.cancel()
            self._idle = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._leave)

    def _leave(self) -> None:
        line = self._line
        if self._sessions or line is None:
            return
        loop = asyncio.get_running_loop()
        if self._asked:
            self._idle = loop.call_later(IDLE_SECONDS, self._leave)
            return
        self._line = None  # whoever starts a session now gets a process that stays
        line.close()
        loop.call_later(CLOSING, line.kill)


class _Line:
    """The process's two directions, a line of JSON at a time. Threads read and write: pipes of Windows want it."""

    def __init__(
        self,
        process: "subprocess.Popen[bytes]",
        hear: Callable[[JsonObject], None],
        died: Callable[["_Line"], None],
    ) -> None:
        self._process = process
        self._hear = hear
        self._died = died
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        for work in (self._write, self._read):
            threading.Thread(target=work, name="mcp", daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def write(self, line: JsonObject) -> None:
        self._lines.put(json.dumps(line).encode() + b"\n")

    def close(self) -> None:
        """Ends its input, so that it ends itself."""
        self._lines.put(None)

    def kill(self) -> None:
        self._process.kill()

    async def ended(self, seconds: float) -> None:
        """Returns when it has ended; it is killed after so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._over.wait()
                return
        self.kill()
        await self._over.wait()

    def _write(self) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        with contextlib.suppress(OSError, ValueError), pipe:
            while (line := self._lines.get()) is not None:
                pipe.write(line)
                pipe.flush()

    def _read(self) -> None:
        pipe = self._process.stdout
        assert pipe is not None
        with pipe:
            for line in pipe:
                self._loop.call_soon_threadsafe(self._hear, object_of(json.loads(line)))
        self._process.wait()
        self._lines.put(None)
        self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        self._died(self)
        self._over.set()


def _process_gone() -> McpError:
    return McpError(
        "The process that speaks with MCP servers does not run.",
        code="mcp_gone",
        hint="Lares starts it again with the next call.",
    )
