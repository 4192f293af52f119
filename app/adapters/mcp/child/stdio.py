"""Talks with a program over its standard input and output, line by line, and believes nothing of what comes.

Not the SDK's own transport: that one keeps a line of any length, and does not say how a program ended.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio

from app.adapters.mcp.child.programs import ended
from app.domain.mcp import McpError

MOST_LINE = 8 * 1024 * 1024
"""Bytes of one message. Pictures come as text; a megabyte of one is large."""
MOST_GARBAGE = 100
"""Lines in a row that are no messages: banners and stray prints are forgiven."""
MOST_NOTICES = 200
"""Notices in a second; those beyond are not read. Answers always are."""
PIECE = 65_536
LAST_WORDS = 0.3
"""Seconds for the status of a program that closed its output, and for what it wrote last."""
MOST_ERROR_LINE = 2_000
_CHANGED = b"list_changed"


class Wire:
    """One program's two directions. `failure` is set once nothing more can come."""

    def __init__(self, process: asyncio.subprocess.Process, on_line: Callable[[str], None]) -> None:
        self._process = process
        self._on_line = on_line
        self._last_line = ""
        self._garbage = 0
        self._second, self._notices = 0, 0
        self.failure: McpError | None = None
        self.over = asyncio.Event()
        self._said_all = asyncio.Event()

    async def read_errors(self) -> None:
        """What it writes to standard error is its log."""
        assert self._process.stderr is not None
        rest = b""
        while piece := await self._process.stderr.read(PIECE):
            *lines, rest = (rest + piece).split(b"\n")
            rest = rest[-MOST_ERROR_LINE:]
            for line in lines[-MOST_NOTICES:]:
                self._log(line)
        if rest:
            self._log(rest)
        self._said_all.set()

    async def read_lines(self, take: Callable[[bytes], Any]) -> None:
        """Gives each line that may be a message, until there are no more. Raises nothing."""
        assert self._process.stdout is not None
        buffer = bytearray()
        while piece := await self._process.stdout.read(PIECE):
            start = len(buffer)
            buffer += piece
            if buffer.find(b"\n", start) < 0:
                if len(buffer) > MOST_LINE:
                    self._fail(too_large())
                    return
                continue
            *lines, rest = bytes(buffer).split(b"\n")
            buffer = bytearray(rest)
            for line in lines:
                if len(line) > MOST_LINE:
                    self._fail(too_large())
                    return
                if line.strip() and self._may_pass(line):
                    await take(line)
                    if self.failure is not None:
                        return
        await self.end()

    def garbage(self, line: bytes) -> None:
        """A line was no message."""
        self._garbage += 1
        if self._garbage == 1:
            self._log(b"(no message) " + line[:MOST_ERROR_LINE])
        if self._garbage > MOST_GARBAGE:
            self._fail(
                McpError(
                    "What it writes is not MCP.",
                    code="mcp_garbage",
                    hint="Check that the command starts an MCP server. Its log shows what it writes.",
                )
            )

    def message(self) -> None:
        """A line was one."""
        self._garbage = 0

    def _may_pass(self, line: bytes) -> bool:
        if b'"id"' in line or _CHANGED in line:
            return True
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._notices = second, 0
        self._notices += 1
        return self._notices <= MOST_NOTICES

    async def end(self) -> McpError:
        """Nothing more comes: how that came about."""
        code = await ended(self._process, LAST_WORDS)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._said_all.wait(), LAST_WORDS)
        how = "It closed its output." if code is None else f"It ended ({_status(code)})."
        words = f" It said last: {self._last_line}" if self._last_line else ""
        return self._fail(McpError(f"{how}{words}", code="mcp_exited", hint="Its log says more."))

    def _fail(self, error: McpError) -> McpError:
        self.failure = self.failure or error
        self.over.set()
        return self.failure

    def _log(self, line: bytes) -> None:
        text = line[:MOST_ERROR_LINE].decode("utf-8", "replace").strip()
        if text:
            self._last_line = text[:200]
            self._on_line(text)


def too_large() -> McpError:
    """It sent more than anybody wants to read."""
    return McpError(
        f"It sent a message of more than {MOST_LINE // (1024 * 1024)} MB, so Lares ended it.",
        code="mcp_too_large",
        hint="Ask the tool for less at once.",
    )


@asynccontextmanager
async def spoken(process: asyncio.subprocess.Process, wire: Wire) -> AsyncGenerator[tuple[Any, Any]]:
    """The SDK's two streams over this program, whose life belongs to the caller."""
    from mcp.shared.message import SessionMessage
    from mcp_types import jsonrpc_message_adapter

    received, read = anyio.create_memory_object_stream[Any](0)
    write, to_send = anyio.create_memory_object_stream[Any](0)

    async def take(line: bytes) -> None:
        try:
            message = jsonrpc_message_adapter.validate_json(line, by_name=False)
        except ValueError:
            wire.garbage(line)
            return
        wire.message()
        with contextlib.suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):
            await received.send(SessionMessage(message))

    async def hear() -> None:
        async with received:
            await wire.read_lines(take)

    async def say() -> None:
        assert process.stdin is not None
        with contextlib.suppress(ConnectionError, anyio.ClosedResourceError):
            async with to_send:
                async for one in to_send:
                    text = one.message.model_dump_json(by_alias=True, exclude_unset=True)
                    process.stdin.write(text.encode() + b"\n")
                    await process.stdin.drain()

    async with anyio.create_task_group() as group:
        group.start_soon(hear)
        group.start_soon(say)
        try:
            yield read, write
        finally:
            group.cancel_scope.cancel()
            for stream in (received, read, write, to_send):
                stream.close()


def _status(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"code {code}"
