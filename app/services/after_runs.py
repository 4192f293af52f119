"""What is done once a reply has ended, one thing after another, while nobody waits for it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from app.domain.error import AppError
from app.domain.event import Event, RunEvent
from app.engine.model_call.aside import GaveWay
from app.services.events.bus import EventBus

log = logging.getLogger(__name__)

Work = Callable[[str], Awaitable[None]]
"""Gets the id of the run. What it needs of it, it reads together with the rest."""


class AfterRuns:
    """Hands the id of each run that has ended to all who want it, in their order; a newer run goes first."""

    def __init__(self, bus: EventBus, work: Sequence[Work], spare: Sequence[Work] = ()) -> None:
        """`spare`: what comes last, and what no engine stays open for."""
        self._bus = bus
        self._work = work
        self._spare = spare
        self._tasks: set[asyncio.Task[None]] = set()
        self._owed: set[str] = set()
        """Runs after which something is being done that must not be lost."""

    @property
    def busy(self) -> bool:
        """Whether something is being done that an engine should not end with."""
        return bool(self._owed)

    @property
    def at_rest(self) -> bool:
        """Whether nothing at all is being done."""
        return not self._tasks

    def begin(self) -> "asyncio.Task[None]":
        """Works until the task is cancelled."""
        return asyncio.get_running_loop().create_task(self._watch(), name="work after runs")

    async def _watch(self) -> None:
        try:
            while True:
                subscription = self._bus.subscribe(_ends_run)
                try:
                    async for event in subscription:
                        assert isinstance(event, RunEvent)
                        self._start(event.run_id)
                finally:
                    subscription.close()
                if not subscription.overflowed:
                    return
        finally:
            for task in self._tasks:
                task.cancel()

    def _start(self, run_id: str) -> None:
        self._owed.add(run_id)
        task = asyncio.get_running_loop().create_task(self._all(run_id), name=f"after {run_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _all(self, run_id: str) -> None:
        try:
            await self._each(self._work, run_id)
        finally:
            self._owed.discard(run_id)
        await self._each(self._spare, run_id)

    async def _each(self, work: Sequence[Work], run_id: str) -> None:
        try:
            for one in work:
                await one(run_id)
        except GaveWay:
            log.info("what was to be done after run %s gave way to other work", run_id)
        except AppError as error:
            log.info("what was to be done after run %s was not: %s", run_id, error.message)
        except Exception:  # the boundary of this task: nobody waits for it
            log.exception("what was to be done after run %s was not", run_id)


def _ends_run(event: Event) -> bool:
    return isinstance(event, RunEvent) and event.payload.message_type == "usage_statistics"
