"""`lares mcp`: MCP over standard input and output. It only carries lines to the engine and back, so it starts in a
moment; what they mean is `app.services.memory_server`'s matter.
"""

import asyncio
import contextlib
import json
import os
import secrets
import sys
import threading
from typing import IO

from app.config import Config
from app.domain.error import AppError, LinkError
from app.domain.json_value import JsonObject, object_of
from app.link.client import Client
from app.link.launcher import ensure_engine

TOKEN = "LARES_MCP_TOKEN"
"""The variable that holds the token of the program that starts this."""
MOST_LINE = 4 * 1024 * 1024
"""Bytes. The engine takes far less; what is longer is refused without keeping it."""
LAST_SECONDS = 2.0
"""For the answers under way once standard input has ended; whoever still waits for longer ones has gone."""
TOO_LONG = b"[too long]"
"""What is carried in place of such a line: the engine answers that it is not JSON."""
REFUSED = -32000


def mcp(config: Config, token: str) -> int:
    """Until standard input ends. Nothing but messages is written to standard output."""
    if sys.stdin is None or sys.stdout is None:
        raise LinkError("This program has no standard input and output here, so it cannot be spoken with.")
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return asyncio.run(_Carrier(config, token, out).carry(sys.stdin.buffer))


class _Carrier:
    def __init__(self, config: Config, token: str, out: IO[bytes]) -> None:
        self._config = config
        self._token = token
        self._out = out
        self._session = secrets.token_hex(8)
        self._client: Client | None = None
        self._connecting = asyncio.Lock()
        self._complained = False

    async def carry(self, lines: IO[bytes]) -> int:
        loop, queue = asyncio.get_running_loop(), asyncio.Queue[bytes]()

        def listen() -> None:
            while line := lines.readline(MOST_LINE):
                rest = line
                while len(rest) == MOST_LINE and not rest.endswith(b"\n"):
                    line, rest = TOO_LONG, lines.readline(MOST_LINE)
                loop.call_soon_threadsafe(queue.put_nowait, line)
            loop.call_soon_threadsafe(queue.put_nowait, b"")

        threading.Thread(target=listen, name="requests", daemon=True).start()
        try:
            async with asyncio.TaskGroup() as group:
                work: set[asyncio.Task[None]] = set()
                while line := await queue.get():
                    if text := line.decode(errors="replace").strip():
                        task = group.create_task(self._carry(text))
                        work.add(task)
                        task.add_done_callback(work.discard)
                if work:
                    await asyncio.wait(work, timeout=LAST_SECONDS)
                for task in work:
                    task.cancel()
        finally:
            if self._client is not None:
                await self._client.close()
        return 0

    async def _carry(self, text: str) -> None:
        try:
            answer = await self._answered(text)
        except AppError as error:
            answer = self._refusal(text, f"{error.message} {error.hint}".strip())
        if answer:
            # A pipe that is full holds only this process, which has nothing else to do.
            with contextlib.suppress(OSError):  # nobody reads any more: standard input ends next
                self._out.write(answer.encode() + b"\n")
                self._out.flush()

    async def _answered(self, text: str) -> str:
        client = await self._connected()
        try:
            return await client.services.memory_server.answer(self._token, text, self._session)
        except LinkError as error:
            if error.code != "engine_gone" or not _may_repeat(text):
                raise
            client = await self._connected()
            return await client.services.memory_server.answer(self._token, text, self._session)

    async def _connected(self) -> Client:
        """The engine, started where none runs: it may have ended since the last message."""
        async with self._connecting:
            if self._client is None or self._client.is_closed:
                self._client = await ensure_engine(self._config, "mcp")
            return self._client

    def _refusal(self, text: str, sentence: str) -> str:
        """An error in the words of the protocol; the first one also for whoever reads the log."""
        if not self._complained:
            self._complained = True
            print(sentence, file=sys.stderr, flush=True)
        found: JsonObject = {}
        with contextlib.suppress(ValueError, RecursionError):
            found = object_of(json.loads(text))
        request_id = found.get("id")
        if found and request_id is None:
            return ""
        error = {"code": REFUSED, "message": sentence}
        return json.dumps({"jsonrpc": "2.0", "id": request_id, "error": error}, ensure_ascii=False)


def _may_repeat(text: str) -> bool:
    """Whether doing it twice is doing it once: nothing is known of what the engine did with it before it ended."""
    return '"tools/call"' not in text
