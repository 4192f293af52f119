"""One session: started, asked, ended. What a server does wrong becomes an `McpError`."""

import asyncio
import contextlib
import importlib
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

from app import __version__
from app.adapters.mcp.child import texts
from app.adapters.mcp.child.programs import LOOK_SECONDS, Programs
from app.adapters.mcp.child.stdio import Wire, spoken
from app.domain.json_value import JsonObject
from app.domain.mcp import INSTANCE, McpError, McpGrant
from app.ports.mcp import McpTarget

SETTLE = 0.3
"""Seconds after a server said that its tools changed: many say so several times."""
LIBRARIES = ("mcp.client.client", "mcp.client.streamable_http", "mcp.client.sse", "app.adapters.mcp.child.sign_in")
Tell = Callable[[JsonObject], None]


class Session:
    """`tell` is given events."""

    def __init__(self, name: str, target: McpTarget, programs: Programs, tell: Tell) -> None:
        self._name = name
        self._target = target
        self._programs = programs
        self._tell = tell
        self._client: Any = None
        self._wire: Wire | None = None
        self._noted_failure: McpError | None = None
        """Of an address: what the SDK does not tell."""
        self._leave = asyncio.Event()
        self._changed = asyncio.Event()
        self.hello: asyncio.Future[JsonObject] = asyncio.get_running_loop().create_future()

    def leave(self) -> None:
        """Ends it; `live` then returns."""
        self._leave.set()

    async def live(self) -> None:
        """From the start to the end, in one task: the SDK's scopes want that. Never raises but for a cancellation."""
        error: McpError | None = None
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(self._target.start_seconds) as limit:
                    hello = await self._begin(stack, limit)
                self.hello.set_result(hello)
                async with asyncio.TaskGroup() as group:
                    watching = group.create_task(self._watch_changes())
                    error = await self._until_over()
                    watching.cancel()
        except asyncio.CancelledError:
            raise
        except Exception as problem:  # noqa: BLE001  (whatever a server does to the SDK ends only this session)
            error = self._sentence(problem, self._target.start_seconds)
        finally:
            self._client = None
            if not self.hello.done():
                self.hello.set_exception(error or McpError("It was stopped.", code="mcp_exited"))
                self.hello.exception()
            elif error is not None:
                told = {"error": error.message, "hint": error.hint, "code": error.code}
                self._tell({"event": "ended", "session": self._name, **told})

    async def call(self, name: str, arguments: JsonObject, seconds: float) -> JsonObject:
        return await self._ask(
            lambda client: client.call_tool(name, arguments, read_timeout_seconds=seconds), texts.answer_of, seconds
        )

    async def offers(self, seconds: float) -> list[JsonObject]:
        found, _ = await self._ask(lambda client: _all_tools(client), lambda both: both, seconds)
        return found

    async def resources(self, seconds: float) -> list[JsonObject]:
        found = await self._ask(lambda client: client.list_resources(), lambda told: told.resources, seconds)
        return [texts.resource_of(one) for one in found[: texts.MOST_LISTED]]

    async def read(self, uri: str, seconds: float) -> JsonObject:
        return await self._ask(lambda client: client.read_resource(uri), texts.read_of, seconds)

    async def prompts(self, seconds: float) -> list[JsonObject]:
        found = await self._ask(lambda client: client.list_prompts(), lambda told: told.prompts, seconds)
        return [texts.prompt_told(one) for one in found[: texts.MOST_LISTED]]

    async def prompt(self, name: str, arguments: dict[str, str], seconds: float) -> JsonObject:
        return await self._ask(lambda client: client.get_prompt(name, arguments), texts.prompt_of, seconds)

    async def _ask(self, work: Callable[[Any], Awaitable[Any]], read: Callable[[Any], Any], seconds: float) -> Any:
        client = self._client
        if client is None:
            raise (self._wire.failure if self._wire is not None else None) or McpError(
                "It was stopped.", code="mcp_exited"
            )
        self._noted_failure = None
        try:
            async with asyncio.timeout(seconds):
                return read(await work(client))
        except asyncio.CancelledError:
            raise
        except Exception as problem:  # noqa: BLE001  (the boundary of what a server does to the SDK)
            raise self._sentence(problem, seconds) from None

    async def _begin(self, stack: AsyncExitStack, limit: asyncio.Timeout) -> JsonObject:
        transport, program = await self._reach(stack)
        # How long this process loads is not the server's fault.
        limit.reschedule(asyncio.get_running_loop().time() + self._target.start_seconds)
        begun = time.monotonic()
        client = await stack.enter_async_context(self._speaking(transport))
        offers, left_out = await _all_tools(client)
        self._client = client
        told, can = client.server_info, client.server_capabilities
        return {
            "title": (told.title or told.name)[: texts.MOST_NAME] if told is not None else "",
            "version": told.version[: texts.MOST_NAME] if told is not None else "",
            "instructions": (client.instructions or "")[: texts.MOST_WORDS],
            "offers": offers,
            "left_out": left_out,
            "resources": can.resources is not None,
            "prompts": can.prompts is not None,
            "milliseconds": round(1000 * (time.monotonic() - begun)),
            "program": program,
        }

    async def _reach(self, stack: AsyncExitStack) -> tuple[Any, str]:
        """The SDK is loaded after the program was found and started, since that takes a second; so does the program."""
        if self._target.transport != "stdio":
            await asyncio.to_thread(load)
            from app.adapters.mcp.child.http import reached

            return reached(self._target, self._note, self._renewed), ""
        process, program = await self._programs.start(self._name, self._target)
        stack.push_async_callback(self._programs.end, self._name, process)
        wire = self._wire = Wire(process, self._log)
        group = await stack.enter_async_context(asyncio.TaskGroup())
        reading = group.create_task(wire.read_errors())
        stack.callback(reading.cancel)
        loading = asyncio.get_running_loop().run_in_executor(None, load)
        while not loading.done() and process.returncode is None:
            await asyncio.wait([loading], timeout=5 * LOOK_SECONDS)
        if process.returncode is not None:
            raise await wire.end()
        return spoken(process, wire), program

    def _speaking(self, transport: Any) -> Any:
        """The handshake that all servers know; those that only know a newer one say so."""
        from mcp.client.client import Client
        from mcp_types import Implementation

        return Client(
            transport,
            mode="legacy",
            cache=None,
            client_info=Implementation(name="lares", title="Lares", version=_own_version()),
            message_handler=self._noticed,
            read_timeout_seconds=self._target.start_seconds,
        )

    async def _until_over(self) -> McpError | None:
        """None where somebody asked for the end."""
        if self._wire is None:
            await self._leave.wait()
            return None
        async with asyncio.TaskGroup() as group:
            ends = [group.create_task(self._leave.wait()), group.create_task(self._wire.over.wait())]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for one in ends:
                one.cancel()
        return None if self._leave.is_set() else self._wire.failure

    async def _noticed(self, message: Any) -> None:
        if getattr(message, "method", "") == "notifications/tools/list_changed":
            self._changed.set()

    async def _watch_changes(self) -> None:
        while True:
            await self._changed.wait()
            await asyncio.sleep(SETTLE)
            self._changed.clear()
            self._tell({"event": "tools", "session": self._name})

    def _renewed(self, grant: McpGrant) -> None:
        self._tell({"event": "grant", "session": self._name, "grant": grant.model_dump(mode="json")})

    def _note(self, error: McpError) -> None:
        self._noted_failure = error

    def _log(self, line: str) -> None:
        self._tell({"event": "log", "session": self._name, "lines": [line]})

    def _sentence(self, problem: BaseException, seconds: float) -> McpError:
        """How the program ended tells more than what the SDK makes of it."""
        if self._wire is not None and self._wire.failure is not None:
            return self._wire.failure
        noted, self._noted_failure = self._noted_failure, None
        if noted is not None and not isinstance(problem, TimeoutError):
            return noted
        return texts.sentence_of(problem, seconds)


async def _all_tools(client: Any) -> tuple[list[JsonObject], int]:
    """The tools on all pages, and how many more there were as far as Lares looked."""
    if client.server_capabilities.tools is None:
        return [], 0
    found, cursor, seen = list[JsonObject](), None, set[str]()
    for _ in range(texts.MOST_PAGES):
        page = await client.list_tools(cursor=cursor)
        found += [texts.offer_of(one) for one in page.tools if one.name]
        cursor = page.next_cursor
        if not cursor or cursor in seen or len(found) > texts.MOST_TOOLS:
            break
        seen.add(cursor)
    return found[: texts.MOST_TOOLS], max(0, len(found) - texts.MOST_TOOLS)


def _own_version() -> str:
    """With the engine's own sign, as versions carry the build that they are of."""
    instance = os.environ.get(INSTANCE, "")
    return f"{__version__}+{instance}" if instance else __version__


def load() -> None:
    """The SDK. In a thread: it takes a second or two, and programs are watched meanwhile."""
    with contextlib.suppress(AttributeError):
        for name in LIBRARIES:
            importlib.import_module(name)
