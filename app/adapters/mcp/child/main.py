"""The MCP process: takes requests as lines of JSON, answers in lines, and ends with the engine and all it started.

`{"id": n, "do": ..., "session": ...}` is answered by any number of `{"id": n, "part": [...]}` and one `{"id": n, "ok":
...}` or `{"id": n, "error": {...}}`; `{"do": "cancel", "id": n}` by nothing. Events have no id.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import IO, Any, NoReturn

from app.adapters.mcp.child.programs import Programs, kill_all
from app.adapters.mcp.child.session import Session, load
from app.domain.json_value import JsonObject, array_of, object_of
from app.domain.mcp import McpError, McpGrant
from app.ports.mcp import McpTarget

PART = 50
"""Tools in one line: reading a line must not hold the engine's loop."""
LOG_PAUSE, MOST_LOGGED = 0.1, 50
"""Lines of logs are told ten times a second, no more of them than so many at once."""
Work = Callable[[Session, JsonObject], Awaitable[Any]]


def run() -> NoReturn:
    """Serves standard input and output. Nothing else may be written there, so that goes to standard error."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C in the terminal is the engine's, which ends us in order
    code = 1
    try:
        asyncio.run(McpWork(out).serve(sys.stdin.buffer))
        code = 0
    finally:
        kill_all()
        # Taking the SDK's modules down takes Python longer than Lares has to close.
        os._exit(code)


class McpWork:
    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self._programs = Programs()
        self._sessions: dict[str, Session] = {}
        self._lives: dict[str, asyncio.Task[None]] = {}
        self._asked: dict[int, asyncio.Task[None]] = {}
        self._logged: dict[str, list[str]] = {}

    async def serve(self, requests: IO[bytes]) -> None:
        """Until the requests end."""
        loop, lines = asyncio.get_running_loop(), asyncio.Queue[bytes]()

        def listen() -> None:
            for line in requests:
                loop.call_soon_threadsafe(lines.put_nowait, line)
            loop.call_soon_threadsafe(lines.put_nowait, b"")

        threading.Thread(target=listen, name="requests", daemon=True).start()
        async with asyncio.TaskGroup() as group:
            while line := await lines.get():
                request = object_of(json.loads(line))
                number = int(request["id"])
                if request["do"] == "cancel":
                    if (task := self._asked.get(number)) is not None:
                        task.cancel()
                    continue
                task = group.create_task(self._answer(number, request, group))
                self._asked[number] = task
                task.add_done_callback(lambda _, number=number: self._asked.pop(number, None))
            for task in list(self._asked.values()):
                task.cancel()
            for name in list(self._sessions):
                group.create_task(self._stop(name))

    async def _answer(self, number: int, request: JsonObject, group: asyncio.TaskGroup) -> None:
        try:
            found = await self._do(request, group)
        except McpError as error:
            self._tell({"id": number, "error": {"code": error.code, "message": error.message, "hint": error.hint}})
            return
        except Exception as error:  # noqa: BLE001  (the boundary of this process: the engine is told, others go on)
            told = {"code": "mcp_gone", "message": f"Lares failed: {type(error).__name__}: {error}", "hint": ""}
            self._tell({"id": number, "error": told})
            return
        told = object_of(found)
        rows = array_of(told.pop("offers", found))
        for start in range(0, len(rows), PART):
            self._tell({"id": number, "part": rows[start : start + PART]})
        self._tell({"id": number, "ok": told})

    async def _do(self, request: JsonObject, group: asyncio.TaskGroup) -> Any:
        name, do = str(request["session"]), str(request["do"])
        if do == "start":
            session = Session(name, McpTarget.model_validate(request["target"]), self._programs, self._hear)
            self._sessions[name] = session
            life = self._lives[name] = group.create_task(session.live())
            life.add_done_callback(lambda _: self._forget(name))
            return await asyncio.shield(session.hello)
        if do == "sign_in":
            return await self._sign_in(name, request)
        if do == "sign_out":
            await asyncio.to_thread(load)
            from app.adapters.mcp.child.sign_in import signed_out

            await signed_out(McpGrant.model_validate(request["grant"]), float(request["seconds"]))
            return {}
        if do == "stop":
            await self._stop(name)
            return {}
        session = self._sessions.get(name)
        if session is None:
            raise McpError("It was stopped.", code="mcp_exited")
        return await _WORK[do](session, request)

    async def _sign_in(self, name: str, request: JsonObject) -> JsonObject:
        await asyncio.to_thread(load)
        from app.adapters.mcp.child.sign_in import signed_in

        def show(address: str) -> None:
            self._tell({"event": "sign_in", "session": name, "address": address})

        target = McpTarget.model_validate(request["target"])
        return (await signed_in(target, show, float(request["seconds"]))).model_dump(mode="json")

    async def _stop(self, name: str) -> None:
        session, life = self._sessions.get(name), self._lives.get(name)
        if session is None or life is None:
            return
        if session.hello.done():
            session.leave()
        else:
            life.cancel()
        await asyncio.wait([life])

    def _forget(self, name: str) -> None:
        self._sessions.pop(name, None)
        self._lives.pop(name, None)
        self._tell_logs(name)

    def _hear(self, event: JsonObject) -> None:
        name = str(event["session"])
        if event["event"] != "log":
            self._tell_logs(name)
            self._tell(event)
            return
        waiting = self._logged.get(name)
        if waiting is None:
            self._logged[name] = list(event["lines"])
            asyncio.get_running_loop().call_later(LOG_PAUSE, self._tell_logs, name)
        else:
            waiting += event["lines"]
            del waiting[:-MOST_LOGGED]

    def _tell_logs(self, name: str) -> None:
        lines = self._logged.pop(name, None)
        if lines:
            self._tell({"event": "log", "session": name, "lines": lines})

    def _tell(self, line: JsonObject) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._out.write(json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
            self._out.flush()


_WORK: dict[str, Work] = {
    "call": lambda one, told: one.call(str(told["name"]), object_of(told["arguments"]), float(told["seconds"])),
    "offers": lambda one, told: one.offers(float(told["seconds"])),
    "resources": lambda one, told: one.resources(float(told["seconds"])),
    "read": lambda one, told: one.read(str(told["uri"]), float(told["seconds"])),
    "prompts": lambda one, told: one.prompts(float(told["seconds"])),
    "prompt": lambda one, told: one.prompt(str(told["name"]), object_of(told["arguments"]), float(told["seconds"])),
}
