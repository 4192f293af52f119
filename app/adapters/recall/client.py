"""The engine's side of the recall process: starts it when it is first needed, and again when it has died."""

import asyncio
import contextlib
import logging
import subprocess
import sys
import time
from array import array
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from app.adapters.recall.frames import Broken, frame, read_frame
from app.domain.embedding import EmbeddingFailed
from app.domain.vector import Vector
from app.ports.vector_index import IndexState, Near

log = logging.getLogger(__name__)

IDLE_SECONDS = 300.0
"""After so long without work the process is ended: it holds 250 MB."""
DEATHS, WITHIN = 3, 60.0
"""So many deaths in so many seconds, and it is left alone for as long."""
PATIENCE = 2.0
"""Seconds for the answer to a request that nobody waits for any more; starting the process again takes as long."""
LONGEST = 120.0
"""Seconds for an answer that somebody waits for: what takes longer stands still."""
PORTION = 8
"""Texts that are embedded at once in the background: a query waits for no more than them, about half a second."""
SCALE_BYTES = 4
ROOT = Path(__file__).resolve().parents[3]


def child_command() -> Sequence[str]:
    """The command line of the process, from a checkout or a frozen build."""
    frozen = bool(getattr(sys, "frozen", False))
    return [sys.executable, *([] if frozen else ["-m", "app"]), "--recall-child"]


class StoredPlace(NamedTuple):
    """Where the vectors are."""

    database: Path
    folder: Path
    """For what can be made again."""

    def told(self) -> dict[str, str]:
        return {"database": str(self.database), "index": str(self.folder)}


class NearestAsked(NamedTuple):
    """As `VectorIndex.nearest` is asked."""

    space: str
    kind: int
    """See `VECTOR_KINDS`."""
    query: Vector
    k: int
    scope: Sequence[int] = ()
    among: Sequence[int] | None = None
    but: Sequence[int] = ()


class RecallProcess:
    """One process for an engine. Requests go one at a time; what somebody waits for goes before what is done ahead."""

    def __init__(
        self,
        command: Callable[[], Sequence[str]] = child_command,
        seconds: Callable[[], float] = time.monotonic,
        longest: float = LONGEST,
    ) -> None:
        """`longest`: seconds for one request."""
        self._command = command
        self._seconds = seconds
        self._longest = longest
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = ThreadPoolExecutor(1, "recall")
        self._turn = asyncio.Lock()
        self._hurried = 0
        self._nobody_hurries = asyncio.Event()
        self._nobody_hurries.set()
        self._deaths: deque[float] = deque(maxlen=DEATHS)
        self._idle: asyncio.TimerHandle | None = None

    async def embed(self, texts: Sequence[str], *, background: bool = False) -> tuple[Vector, ...]:
        """A vector for each text. Raises `EmbeddingFailed`."""
        vectors: list[Vector] = []
        size = PORTION if background else max(1, len(texts))
        for start in range(0, len(texts), size):
            portion = list(texts[start : start + size])
            head, body = await self._ask({"do": "embed", "texts": portion}, background=background)
            step = int(head["dimension"]) + SCALE_BYTES
            vectors += (Vector.unpacked(body[at : at + step]) for at in range(0, step * len(portion), step))
        return tuple(vectors)

    async def nearest(self, stored: StoredPlace, asked: NearestAsked) -> tuple[Near, ...]:
        """See `VectorIndex.nearest`. Raises `EmbeddingFailed`."""
        packed = asked.query.packed()
        head: dict[str, Any] = {
            "do": "nearest",
            **stored.told(),
            "space": asked.space,
            "kind": asked.kind,
            "k": asked.k,
        }
        head |= {"scope": list(asked.scope), "vector": len(packed), "but": len(asked.but)}
        head["among"] = None if asked.among is None else len(asked.among)
        body = packed + array("q", asked.but).tobytes() + array("q", asked.among or ()).tobytes()
        told, found = await self._ask(head, background=False, body=body)
        count = int(told["found"])
        seqs, cosines = array("q", found[: 8 * count]), array("f", found[8 * count :])
        return tuple(map(Near, seqs, cosines))

    async def follow(self, stored: StoredPlace, space: str, kind: int, *, was_made: bool) -> IndexState:
        """See `VectorIndex.follow`. Raises `EmbeddingFailed`."""
        head = {"do": "follow", **stored.told(), "space": space, "kind": kind, "was_made": was_made}
        told, _ = await self._ask(head, background=True)
        return IndexState(str(told["state"]), bool(told["more"]), int(told["count"]))

    async def check_index(self) -> int:
        """Makes an index of a few vectors that is thrown away, and says how many it found again. Raises
        `EmbeddingFailed`.
        """
        told, _ = await self._ask({"do": "check_index"}, background=False)
        return int(told["found"])

    @property
    def pid(self) -> int | None:
        """Of the process; None while there is none."""
        return self._process.pid if self._process is not None else None

    async def close(self) -> None:
        """Ends the process."""
        async with self._turn:
            await self._end()
        self._thread.shutdown(wait=False)

    async def _ask(self, head: dict[str, Any], *, background: bool, body: bytes = b"") -> tuple[dict[str, Any], bytes]:
        async with self._place(background=background):
            for attempt in (1, 2):
                try:
                    return _told(*await self._exchange(head, body))
                except Broken:
                    await self._end()
                    self._deaths.append(self._seconds())
                    if attempt == 2:
                        raise _gone() from None
            raise AssertionError  # one of both has returned or raised

    @asynccontextmanager
    async def _place(self, *, background: bool) -> AsyncGenerator[None]:
        if not background:
            self._hurried += 1
            self._nobody_hurries.clear()
        try:
            while background and self._hurried:
                await self._nobody_hurries.wait()
            async with self._turn:
                yield
        finally:
            if not background:
                self._hurried -= 1
                if not self._hurried:
                    self._nobody_hurries.set()

    async def _exchange(self, head: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        self._stay()
        asking = asyncio.get_running_loop().run_in_executor(self._thread, self._ask_child, frame(head, body))
        try:
            if not (await asyncio.wait([asking], timeout=self._longest))[0]:
                log.warning("the recall process stood still and was ended")
                self._kill()
        except asyncio.CancelledError:
            # Its answer would else be read as that of the next request. The process may only be about to start.
            while not (await asyncio.wait([asking], timeout=PATIENCE))[0]:
                self._kill()
            asking.exception()
            raise
        return await asking

    def _ask_child(self, request: bytes) -> tuple[dict[str, Any], bytes]:
        """In the thread: writes and reads, until the process is killed."""
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(request)
            process.stdin.flush()
            answer = read_frame(process.stdout)
        except (OSError, ValueError) as error:
            raise Broken("the recall process is gone") from error
        if answer is None:
            raise Broken("the recall process is gone")
        return answer

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is not None and self._process.poll() is None:
            return self._process
        if self._process is not None:
            _bury(self._process)
        if len(self._deaths) == DEATHS and self._seconds() - self._deaths[0] < WITHIN:
            raise _gone()
        frozen = bool(getattr(sys, "frozen", False))
        try:
            self._process = subprocess.Popen(
                list(self._command()),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=Path(sys.executable).parent if frozen else ROOT,
                creationflags=subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0,
            )
        except OSError as error:
            log.warning("the recall process cannot be started: %s", error)
            raise _gone() from error
        return self._process

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def _stay(self) -> None:
        """It is used now, so it stays for a while."""
        if self._idle is not None:
            self._idle.cancel()
        loop = asyncio.get_running_loop()
        self._idle = loop.call_later(IDLE_SECONDS, self._leave)

    def _leave(self) -> None:
        if not self._turn.locked():
            self._kill()

    async def _end(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            await asyncio.get_running_loop().run_in_executor(self._thread, _bury, process)


def _bury(process: "subprocess.Popen[bytes]") -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    process.wait()


def _told(head: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
    if "error" in head:
        log.warning("the recall process: %s", head["error"])
        raise EmbeddingFailed(
            "Texts could not be searched by meaning.", hint="The log says why. Words are searched all the same."
        )
    return head, body


def _gone() -> EmbeddingFailed:
    return EmbeddingFailed(
        "The process that searches by meaning does not run.",
        hint="Lares starts it again in a minute. Words are searched all the same.",
    )
