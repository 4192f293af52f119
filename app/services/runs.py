"""Runs: start, watch, stop, try again, and take up what a crash left behind."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

from app.domain.error import AppError, Conflict, Invalid
from app.domain.event import Event, RunEvent
from app.domain.message import MessageDraft
from app.domain.run import Failure, Run, Step, StepTrace
from app.domain.wire_message import ErrorMessage, StopReasonObject, UsageStatistics
from app.engine.begin import Beginning
from app.engine.bundle import EnginePorts
from app.engine.commit import end_now
from app.engine.decide import FreshIds
from app.engine.emitter import Emitter
from app.engine.loop import Control, open_emitter, run_agent
from app.engine.recover import recover
from app.engine.state import Finish, RunState
from app.ports.storage import Repositories
from app.services.event_bus import EventBus

log = logging.getLogger(__name__)
LOG_PAGE = 1_000


@dataclass
class _Live:
    """A run under way in this process."""

    control: Control
    emitter: Emitter
    task: "asyncio.Task[None] | None" = None


class Runs:
    def __init__(self, ports: EnginePorts, bus: EventBus) -> None:
        self._ports = ports
        self._bus = bus
        self._live: dict[str, _Live] = {}
        self._closing = False

    async def start(
        self, conversation_id: str, message: MessageDraft, background: bool = False, started_by: str = "window"
    ) -> Run:
        """Stores the message and begins a run. A message whose `otid` is known does not run twice.

        Raises `Conflict` (`busy`, details run_id) while the conversation has an active run.
        """
        if not message.parts:
            raise Invalid("The message is empty.", hint="Write something, or attach an image.")
        known = await self._known(conversation_id, message.otid)
        if known is not None:
            return known
        return await self._begin(conversation_id, message, background, started_by)

    async def retry(self, run_id: str) -> Run:
        """Goes on from where a run ended badly: a new run over the same messages, without a new one."""
        old = await self.get(run_id)
        if old.active:
            raise Conflict("This run is still active.", code="busy", details={"run_id": run_id})
        return await self._begin(old.conversation_id, None, old.background, old.started_by, old.message_id)

    async def cancel(self, run_id: str) -> Run:
        """Stops a run and waits until what it had is stored. An ended run is returned as it is."""
        live = self._live.get(run_id)
        if live is not None:
            live.control.stop()
            if live.task is not None:
                await asyncio.wait([live.task])
        return await self.get(run_id)

    async def get(self, run_id: str) -> Run:
        return await self._ports.storage.read(lambda repos: repos.runs.get(run_id))

    async def active(self) -> tuple[Run, ...]:
        return await self._ports.storage.read(lambda repos: repos.runs.active())

    async def list(
        self,
        agent_id: str | None = None,
        conversation_id: str | None = None,
        before_id: str | None = None,
        limit: int = 50,
    ) -> tuple[Run, ...]:
        """Newest first."""
        return await self._ports.storage.read(
            lambda repos: repos.runs.list(
                agent_id=agent_id, conversation_id=conversation_id, before_id=before_id, limit=limit
            )
        )

    async def steps(self, run_id: str) -> tuple[Step, ...]:
        return await self._ports.storage.read(lambda repos: repos.runs.steps((run_id,)))

    async def trace(self, step_id: str) -> StepTrace:
        """The bytes a step sent and received."""
        return await self._ports.storage.read(lambda repos: repos.runs.trace(step_id))

    async def subscribe(self, run_id: str, after_seq: int = 0) -> AsyncIterator[RunEvent]:
        """Every event of a run after `after_seq`, from the log and then live, without gap or repeat, to its end."""
        await self.get(run_id)
        seen = after_seq
        while True:
            subscription = self._bus.subscribe(lambda event: isinstance(event, RunEvent) and event.run_id == run_id)
            try:
                live = self._live.get(run_id)
                if live is not None:
                    await live.emitter.flush()
                async for event in self._logged(run_id, seen):
                    seen = event.seq_id
                    yield event
                    if _is_last(event):
                        return
                if not (await self.get(run_id)).active or self._closing:
                    async for event in self._logged(run_id, seen):
                        yield event
                    return
                async for event in subscription:
                    if not isinstance(event, RunEvent) or event.seq_id <= seen:
                        continue
                    seen = event.seq_id
                    yield event
                    if _is_last(event):
                        return
                if not subscription.overflowed:
                    return
            finally:
                subscription.close()

    async def _logged(self, run_id: str, after_seq: int) -> AsyncIterator[RunEvent]:
        page = await self._log_page(run_id, after_seq)
        while page:
            for event in page:
                yield event
            page = await self._log_page(run_id, page[-1].seq_id) if len(page) == LOG_PAGE else ()

    async def _log_page(self, run_id: str, after_seq: int) -> tuple[RunEvent, ...]:
        return await self._ports.storage.read(lambda repos: repos.runs.events(run_id, after_seq, LOG_PAGE))

    @property
    def busy(self) -> bool:
        """Whether any run is under way in this process."""
        return bool(self._live)

    async def recover_all(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Takes up or ends all runs that were active when the engine ended. Returns the ids of both kinds."""
        resumed: list[str] = []
        ended: list[str] = []
        for run in await self.active():
            if run.id in self._live:
                continue
            (resumed if await self._recover(run) else ended).append(run.id)
        return tuple(resumed), tuple(ended)

    async def close(self) -> None:
        """Stops working on runs without ending them: they are taken up again at the next start."""
        self._closing = True
        tasks = [live.task for live in self._live.values() if live.task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _known(self, conversation_id: str, otid: str | None) -> Run | None:
        if otid is None:
            return None

        def work(repos: Repositories) -> Run | None:
            agent_id = repos.conversations.get(conversation_id).agent_id
            message = repos.messages.find_otid(agent_id, otid)
            return repos.runs.get(message.run_id) if message is not None and message.run_id else None

        return await self._ports.storage.read(work)

    async def _begin(
        self,
        conversation_id: str,
        draft: MessageDraft | None,
        background: bool,
        started_by: str,
        cause_id: str | None = None,
    ) -> Run:
        await self._settle(conversation_id)
        ids = self._ports.ids
        beginning = Beginning(
            run_id=ids.new("run"),
            message_id=ids.new("message"),
            fresh=FreshIds(ids.new("step"), ids.new("message")),
            now=self._ports.clock.now(),
            conversation_id=conversation_id,
            draft=draft,
            cause_id=cause_id,
            background=background,
            started_by=started_by,
        )
        run, events = await self._ports.storage.write(beginning.store)
        for event in events:
            self._bus.publish(event)
        self._launch(run.id, Emitter(run.id, len(events), self._ports.storage, self._ports.clock, self._bus.publish))
        return run

    def _launch(self, run_id: str, emitter: Emitter) -> None:
        live = self._live[run_id] = _Live(Control(), emitter)
        live.task = asyncio.get_running_loop().create_task(self._carry(run_id, live), name=run_id)

    async def _carry(self, run_id: str, live: _Live) -> None:
        try:
            await run_agent(run_id, self._ports, live.emitter, live.control)
        except asyncio.CancelledError:
            if not self._closing:
                raise
        except AppError as error:
            log.error("run %s could not be stored: %s", run_id, error.message)
            await self._break_off(run_id, live, error)
        except Exception as error:  # the boundary of a run: whatever happens, it must end in a sentence
            log.exception("run %s broke off", run_id)
            wrapped = AppError(
                "Something in Lares went wrong during this run. What was stored before is kept.",
                code="internal",
                hint="Try again. The log has the details.",
                details={"error": repr(error)[:300]},
            )
            await self._break_off(run_id, live, wrapped)
        finally:
            self._live.pop(run_id, None)

    async def _break_off(self, run_id: str, live: _Live, error: AppError) -> None:
        """Ends a run that cannot go on; if not even that can be stored, at least everyone who watches is told."""
        try:
            await self._end(run_id, live.emitter, _failure(error))
        except AppError:
            emitter = live.emitter
            payloads = (
                ErrorMessage(run_id=run_id, error_type=error.code, message=error.message, detail=error.hint),
                StopReasonObject(stop_reason="error"),
                UsageStatistics(run_ids=(run_id,)),
            )
            for payload in payloads:
                self._bus.publish(RunEvent(run_id=run_id, seq_id=emitter.next_seq(), whole=True, payload=payload))

    async def _end(self, run_id: str, emitter: Emitter, failure: Failure) -> None:
        state = await self._ports.storage.read(lambda repos: RunState.model_validate_json(repos.runs.state(run_id)))
        if not isinstance(state.intent, Finish):
            end = Finish(stop_reason="error", failure=failure)
            await end_now(state.model_copy(update={"end": end}), self._ports, emitter)

    async def _settle(self, conversation_id: str) -> None:
        """Ends a run that the database believes active although nothing carries it (its end could not be stored)."""
        run = await self._ports.storage.read(lambda repos: repos.runs.active_in(conversation_id))
        if run is not None and run.id not in self._live:
            emitter = await open_emitter(run.id, self._ports, resumed=True)
            await self._end(run.id, emitter, _failure(AppError("This run could not be stored to its end.")))

    async def _recover(self, run: Run) -> bool:
        text = await self._ports.storage.read(lambda repos: repos.runs.state(run.id))
        ids = self._ports.ids
        fresh = FreshIds(ids.new("step"), ids.new("message"))
        found = recover(run, _state(text), self._ports.clock.now(), fresh)
        emitter = await open_emitter(run.id, self._ports, resumed=True)
        if not found.resume:
            await end_now(found.state, self._ports, emitter)
            return False
        again = run.model_copy(update={"resumed": run.resumed + 1})
        await self._ports.storage.write(lambda repos: repos.runs.save(again, found.state.model_dump_json()))
        self._launch(run.id, emitter)
        return True


def _state(text: str) -> RunState | None:
    with contextlib.suppress(ValueError):
        return RunState.model_validate_json(text)
    return None


def _failure(error: AppError) -> Failure:
    return Failure(code=error.code, message=error.message, hint=error.hint)


def _is_last(event: Event) -> bool:
    return isinstance(event, RunEvent) and event.payload.message_type == "usage_statistics"
