"""Small services with every kind of method the link must carry, and an engine made of them. For tests of the link."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from app.domain.agent import AgentDraft
from app.domain.block import BlockPatch
from app.domain.error import AppError, ModelError
from app.domain.history import USER, Origin


class Echo:
    """Gives back what it gets, fails on demand, waits on demand."""

    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.started = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.finished = asyncio.Event()
        self.secret = "kept"

    async def any(self, value: Any) -> Any:
        return value

    async def text(self, value: str, times: int = 1) -> str:
        return value * times

    async def patch(self, block_id: str, patch: BlockPatch, origin: Origin = USER) -> tuple[str, BlockPatch, Origin]:
        return (block_id, patch, origin)

    async def draft(self, draft: AgentDraft) -> AgentDraft:
        return draft

    async def fail(self, code: str) -> None:
        if code == "model":
            raise ModelError("The server broke off.", code="server_died", hint="Try again.", retryable=True)
        if code == "fault":
            raise RuntimeError("a secret inside")
        raise AppError("No.", code=code, details={"n": (1, 2), "thing": object})

    async def wait(self) -> str:
        self.started.set()
        try:
            await self.release.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return "released"

    async def write(self) -> None:
        """Like a transaction: once begun, it is finished whatever happens to the one who asked."""
        await asyncio.shield(asyncio.ensure_future(self._transaction()))

    async def _transaction(self) -> None:
        self.started.set()
        await self.release.wait()
        self.finished.set()

    async def unsendable(self) -> Any:
        return object()

    def not_async(self) -> str:
        return "no"

    async def not_annotated(self, value):  # type: ignore[no-untyped-def]
        return value


class Numbers:
    """Streams."""

    def __init__(self) -> None:
        self.produced = 0
        self.closed = asyncio.Event()
        self.first = asyncio.Event()

    async def count(self, to: int) -> AsyncIterator[int]:
        try:
            for number in range(to):
                self.produced = number + 1
                yield number
                self.first.set()
        finally:
            self.closed.set()

    def later(self, to: int) -> AsyncIterator[int]:
        """A plain function that gives an iterator."""
        return self.count(to)

    async def broken(self) -> AsyncIterator[int]:
        yield 1
        raise AppError("It broke.", code="broke")

    async def silent(self) -> AsyncIterator[int]:
        self.first.set()
        try:
            await asyncio.Event().wait()
            yield 0
        finally:
            self.closed.set()


@dataclass(frozen=True)
class ToyServices:
    echo: Echo = field(default_factory=Echo)
    numbers: Numbers = field(default_factory=Numbers)
