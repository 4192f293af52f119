"""The runs under way in this process: begun, stopped, broken off in an orderly way, and taken up after a crash.

Not a service: clients see `app.services.runs`.
"""

import asyncio
import logging
from dataclasses import dataclass, field

from app.domain.error import AppError, Conflict
from app.domain.event import RunEvent
from app.domain.run import Failure, Run, Usage
from app.engine.deps import EngineDeps
from app.engine.emitter import Emitter
from app.engine.run.closing_events import closing_payloads
from app.engine.run.commit import commit
from app.engine.run.decide import FreshIds
from app.engine.run.ending_sentences import END_NOT_SAVED, UNEXPECTED
from app.engine.run.loop import Control, failure_of, open_emitter, run_agent
from app.engine.run.read_ahead import NOTHING_READ, ReadAhead
from app.engine.run.recover import blank_state, recover, stored_state
from app.engine.run.start import RunStart
from app.engine.state import BrokenOff, RunState
from app.ports.storage import Repositories

log = logging.getLogger(__name__)

STORE_AGAIN = 5.0
"""Seconds after which an end that could not be stored is tried again."""


@dataclass
class _Live:
    emitter: Emitter
    state: RunState | None = None
    """Where it begins; read from the database if None."""
    ahead: ReadAhead = NOTHING_READ
    """What its first action needs."""
    control: Control = field(default_factory=Control)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the run has ended, whether or not its end could be stored."""
    failure: Failure | None = None
    """Why it broke off, while its end could not be stored."""
    task: "asyncio.Task[None] | None" = None


class Scheduler:
    """All runs of an engine. What services and tools start goes through `begin`."""

    def __init__(self, deps: EngineDeps) -> None:
        self._deps = deps
        self._live: dict[str, _Live] = {}
        self._starting: set[str] = set()
        self._ending = asyncio.Lock()
        self._recovered = asyncio.Event()
        self.closing = False

    @property
    def busy(self) -> bool:
        """Whether any run is under way."""
        return any(live.failure is None for live in self._live.values())

    async def begin(self, run_start: RunStart) -> Run:
        """Stores a run's beginning and carries it from there, also when the caller goes away meanwhile.

        Raises `Conflict` (`busy`, details run_id) while the conversation has an active run.
        """
        try:
            return await self._stored(run_start)
        except Conflict as error:
            active = error.details.get("run_id")
            if error.code != "busy" or active is None or self.carries(str(active)):
                raise
            await self.settle(str(active))
        return await self._stored(run_start)

    async def _stored(self, run_start: RunStart) -> Run:
        starting = asyncio.get_running_loop().create_task(self._start(run_start), name=run_start.run_id)
        starting.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.shield(starting)

    async def _start(self, run_start: RunStart) -> Run:
        self._starting.add(run_start.run_id)
        try:
            started = await self._deps.storage.write(run_start.store)
            if not started.duplicate and not self.closing:
                deps = self._deps
                last = len(started.events)
                emitter = Emitter(started.run.id, last, deps.storage, deps.clock, deps.publish, started.events)
                live = self._launch(started.run.id, emitter, state=started.state, ahead=started.ahead)
                parent = self._live.get(run_start.parent_run_id or "")
                if parent is not None and parent.control.stopped:
                    live.control.stop()
            return started.run
        finally:
            self._starting.discard(run_start.run_id)

    def _launch(
        self,
        run_id: str,
        emitter: Emitter,
        failure: Failure | None = None,
        state: RunState | None = None,
        ahead: ReadAhead = NOTHING_READ,
    ) -> _Live:
        """Carries a stored run on, or to its end if there is a `failure`. `state`: as stored, where it is at hand."""
        live = self._live[run_id] = _Live(emitter, state, ahead)
        live.task = asyncio.get_running_loop().create_task(self._carry(run_id, live, failure), name=run_id)
        return live

    async def stop(self, run_id: str) -> None:
        """Stops a run and those that it asked for, and waits until what they had is stored.

        Raises `StorageError` when it cannot be.
        """
        live = self._live.get(run_id)
        if live is not None:
            live.control.stop()
        for child in await self._deps.storage.read(lambda repos: repos.runs.active()):
            if child.parent_run_id == run_id:
                await self.stop(child.id)
        if live is not None:
            await live.over.wait()
        await self.settle(run_id)

    def carries(self, run_id: str) -> bool:
        """Whether a run is under way here, so that its end will be stored and told."""
        live = self._live.get(run_id)
        return live is not None and live.failure is None and not live.over.is_set() and not self.closing

    def said(self, run_id: str, after_seq: int) -> tuple[RunEvent, ...] | None:
        """What a run under way has said after that number; None where its log must be read."""
        live = self._live.get(run_id) if self.carries(run_id) else None
        return live.emitter.said(after_seq) if live is not None else None

    async def flush(self, run_id: str) -> None:
        """Writes what a run has said but not yet stored."""
        live = self._live.get(run_id)
        if live is not None:
            await live.emitter.flush()

    async def settle(self, run_id: str) -> None:
        """Ends a run that the database believes active although nothing carries it: its end could not be stored.

        Raises `StorageError` when it still cannot be.
        """
        if self.carries(run_id):
            return
        run = await self._deps.storage.read(lambda repos: repos.runs.get(run_id))
        if not run.active or self.closing or run_id in self._starting:
            return
        if run_id not in self._live:  # perhaps one of those that the last engine left behind
            await self._recovered.wait()
        live = self._live.get(run_id)
        if live is None or live.failure is not None:
            await self._end(run_id, (live.failure if live else None) or END_NOT_SAVED)

    async def recover_all(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Takes up or ends all runs that were active when the engine ended. Returns the ids of both kinds."""
        resumed: list[str] = []
        ended: list[str] = []
        for run in await self._deps.storage.read(lambda repos: repos.runs.active()):
            if run.id not in self._live:
                (resumed if await self._recover(run) else ended).append(run.id)
        self._recovered.set()
        return tuple(resumed), tuple(ended)

    async def close(self) -> None:
        """Stops working on runs without ending them: they are taken up again at the next start."""
        self.closing = True
        live = dict(self._live)
        tasks = [one.task for one in live.values() if one.task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
            await self._set_aside(tuple(live))

    async def _carry(self, run_id: str, live: _Live, failure: Failure | None) -> None:
        try:
            failure = failure or await self._work(run_id, live)
            if failure is not None:
                await self._break_off(run_id, live, failure)
        except asyncio.CancelledError:
            if not self.closing:
                raise
        finally:
            live.over.set()
            self._live.pop(run_id, None)

    async def _work(self, run_id: str, live: _Live) -> Failure | None:
        """Carries a run; if it cannot go on, why."""
        try:
            ahead, live.ahead = live.ahead, NOTHING_READ
            await run_agent(run_id, self._deps, live.emitter, live.control, live.state, ahead)
        except AppError as error:
            log.error("run %s could not be stored: %s", run_id, error.message)
            return failure_of(error)
        except Exception:  # the boundary of a run: whatever happens, it must end in a sentence
            log.exception("run %s broke off", run_id)
            return UNEXPECTED
        return None

    async def _break_off(self, run_id: str, live: _Live, failure: Failure) -> None:
        """Ends a run that cannot go on. Where not even that can be stored, whoever watches is told at once."""
        try:
            await self._end(run_id, failure, live.emitter)
        except AppError as error:
            log.error("the end of run %s could not be stored: %s", run_id, error.message)
            live.failure = failure
            live.over.set()
            self._tell(run_id, live.emitter, failure)
            await self._end_later(run_id, failure)

    def _tell(self, run_id: str, emitter: Emitter, failure: Failure) -> None:
        payloads = closing_payloads(run_id, "error", failure, Usage())
        emitter.publish(
            tuple(RunEvent(run_id=run_id, seq_id=emitter.next_seq(), whole=True, payload=one) for one in payloads)
        )

    async def _end_later(self, run_id: str, failure: Failure) -> None:
        """Until there is room on the disk again."""
        while True:
            await asyncio.sleep(STORE_AGAIN)
            try:
                await self._end(run_id, failure)
            except AppError as error:
                log.info("the end of run %s still cannot be stored: %s", run_id, error.message)
            else:
                return

    async def _end(self, run_id: str, failure: Failure, emitter: Emitter | None = None) -> None:
        """Stores the end of a run, once: what it had begun is answered as interrupted."""

        def read(repos: Repositories) -> tuple[Run, str]:
            return repos.runs.get(run_id), repos.runs.state(run_id)

        async with self._ending:
            run, text = await self._deps.storage.read(read)
            if run.active:
                state = stored_state(run, text) or blank_state(run)
                emitter = emitter or await open_emitter(run_id, self._deps, resumed=True)
                await commit(state, BrokenOff(failure), self._deps, emitter)

    async def _recover(self, run: Run) -> bool:
        text = await self._deps.storage.read(lambda repos: repos.runs.state(run.id))
        ids, state = self._deps.ids, stored_state(run, text)
        found = recover(run, state, self._deps.clock.now(), FreshIds(ids.new("step"), ids.new("message")))
        emitter = await open_emitter(run.id, self._deps, resumed=True)
        if isinstance(found, RunState):
            counted = run.resumed if state is not None and state.set_aside else run.resumed + 1
            failure = await self._note_resumed(run.model_copy(update={"resumed": counted}), found)
        else:
            failure = found
        live = self._launch(run.id, emitter, failure)
        if failure is not None:
            await live.over.wait()
        return failure is None

    async def _note_resumed(self, run: Run, state: RunState) -> Failure | None:
        try:
            await self._deps.storage.write(lambda repos: repos.runs.save(run, state.model_dump_json()))
        except AppError as error:
            log.error("run %s could not be taken up: %s", run.id, error.message)
            return failure_of(error)
        return None

    async def _set_aside(self, run_ids: tuple[str, ...]) -> None:
        """Notes that these runs are not what ends the engine."""

        def work(repos: Repositories) -> None:
            for run in repos.runs.many(run_ids):
                state = stored_state(run, repos.runs.state(run.id))
                if run.active and state is not None:
                    repos.runs.save(run, state.model_copy(update={"set_aside": True}).model_dump_json())

        try:
            await self._deps.storage.write(work)
        except AppError as error:
            log.warning("runs could not be set aside: %s", error.message)
