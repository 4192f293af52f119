"""Runs: start, watch, stop, try again."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator

from app.domain.approval import Answer
from app.domain.error import Conflict, Invalid, StorageError, busy
from app.domain.event import Event, RunEvent
from app.domain.message import ImagePart, MessageDraft
from app.domain.run import STOP_REASONS, Run, Step, StepTrace
from app.domain.turn import RunOptions, RunRequest
from app.engine.deps import EngineDeps
from app.engine.run.decide import FreshIds
from app.engine.run.scheduler import Scheduler
from app.engine.run.start import RunStart
from app.ports.storage import Repositories
from app.services.events.bus import EventBus

log = logging.getLogger(__name__)

LOG_PAGE = 1_000
_USUAL = RunOptions()


class Runs:
    def __init__(self, deps: EngineDeps, bus: EventBus, scheduler: Scheduler) -> None:
        self._deps = deps
        self._bus = bus
        self._scheduler = scheduler

    async def start(
        self,
        conversation_id: str,
        message: MessageDraft,
        background: bool = False,
        started_by: str = "window",
        options: RunOptions = _USUAL,
    ) -> Run:
        """Stores the message and begins a run. A message whose `otid` is known does not run twice: its run comes back.

        `conversation_id`: that of an agent means its own thread.
        Raises `Conflict` (`busy`, details run_id) while the conversation has an active run.
        """
        if not all(_says_something(draft) for draft in (*options.earlier, message)):
            raise Invalid("The message is empty.", hint="Write something, or attach an image.")
        return await self._begin(conversation_id, message, background, started_by, options)

    async def answer(
        self,
        conversation_id: str,
        answers: tuple[Answer, ...],
        background: bool = False,
        started_by: str = "window",
        options: RunOptions = _USUAL,
        otid: str | None = None,
    ) -> Run:
        """Answers calls that wait. With the last answer the turn goes on in the run that comes back; while others are
        open it is the run that waits for them (`requires_approval`). The same answers given once more find their run.

        Raises `Invalid` (`nothing_pending`) and `Conflict` (`already_answered`).
        """
        if not answers:
            raise Invalid("There is no answer in this message.", hint="Send one for each call that waits.")
        return await self._begin(conversation_id, None, background, started_by, options, answers=answers, otid=otid)

    async def retry(self, run_id: str) -> Run:
        """Goes on from where a run ended badly: a new run over the same messages, without a new one."""

        def read(repos: Repositories) -> tuple[Run, tuple[Run, ...]]:
            run = repos.runs.get(run_id)
            return run, repos.runs.list(conversation_id=run.conversation_id, limit=1, purpose="reply")

        old, newest = await self._deps.storage.read(read)
        if newest and newest[0].active:
            raise busy(newest[0].id)
        if old.purpose == "summary":
            raise Invalid("This wrote a summary that was asked for by itself.", hint="Compact the window again.")
        if newest[0].id != run_id:
            raise Conflict(
                "The conversation has moved on, so this cannot be retried where it was.",
                code="changed_since",
                hint="Send the message again, or edit it to branch the conversation there.",
            )
        if old.stop_reason is not None and STOP_REASONS[old.stop_reason].complete:
            raise Invalid("This reply is complete.", hint="To get another one, edit the message that led to it.")
        again = RunOptions(purpose=old.purpose)
        return await self._begin(old.conversation_id, None, old.background, old.started_by, again, old.message_id)

    async def cancel(self, run_id: str) -> Run:
        """Stops a run and waits until what it had is stored. An ended run is returned as it is."""
        await self._scheduler.stop(run_id)
        return await self.get(run_id)

    async def stop_all(self) -> None:
        """Stops every run, before the engine ends with them. One that cannot be stored is ended at the next start."""
        try:
            active = await self.active()
        except StorageError as error:
            log.warning("the runs under way could not be stopped: %s", error.message)
            return
        for run in active:
            try:
                await self._scheduler.stop(run.id)
            except StorageError as error:
                log.warning("run %s could not be stopped: %s", run.id, error.message)

    async def get(self, run_id: str) -> Run:
        return await self._deps.storage.read(lambda repos: repos.runs.get(run_id))

    async def active(self) -> tuple[Run, ...]:
        return await self._deps.storage.read(lambda repos: repos.runs.active())

    async def list(
        self,
        agent_id: str | None = None,
        conversation_id: str | None = None,
        before_id: str | None = None,
        limit: int = 50,
    ) -> tuple[Run, ...]:
        """Newest first."""
        return await self._deps.storage.read(
            lambda repos: repos.runs.list(
                agent_id=agent_id, conversation_id=conversation_id, before_id=before_id, limit=limit
            )
        )

    async def steps(self, run_id: str) -> tuple[Step, ...]:
        return await self._deps.storage.read(lambda repos: repos.runs.steps((run_id,)))

    async def trace(self, step_id: str) -> StepTrace:
        """The bytes a step sent and received."""
        return await self._deps.storage.read(lambda repos: repos.runs.trace(step_id))

    async def subscribe(self, run_id: str, after_seq: int = 0) -> AsyncGenerator[RunEvent, None]:
        """Every event of a run after `after_seq`, from the log and then live, without gap or repeat, to its end.

        Raises `StorageError` when the run broke off because its end could not be stored, and still cannot.
        """
        seen = after_seq
        overflowed = True
        while overflowed:
            subscription = self._bus.subscribe(lambda event: isinstance(event, RunEvent) and event.run_id == run_id)
            try:
                await self._scheduler.settle(run_id)
                said = self._scheduler.said(run_id, seen)
                if said is None:
                    await self._scheduler.flush(run_id)
                active = said is not None or self._scheduler.carries(run_id) or await self._is_active(run_id)
                async for event in self._logged(run_id, seen) if said is None else _each(said):
                    seen = event.seq_id
                    yield event
                    if _is_last(event):
                        return
                if not active:
                    return
                async for event in subscription:
                    if isinstance(event, RunEvent) and event.seq_id > seen:
                        seen = event.seq_id
                        yield event
                    if _is_last(event):
                        return
                overflowed = subscription.overflowed
            finally:
                subscription.close()

    async def _is_active(self, run_id: str) -> bool:
        return (await self.get(run_id)).active and not self._scheduler.closing

    async def _logged(self, run_id: str, after_seq: int) -> AsyncIterator[RunEvent]:
        page = await self._log_page(run_id, after_seq)
        while page:
            for event in page:
                yield event
            page = await self._log_page(run_id, page[-1].seq_id) if len(page) == LOG_PAGE else ()

    async def _log_page(self, run_id: str, after_seq: int) -> tuple[RunEvent, ...]:
        return await self._deps.storage.read(lambda repos: repos.runs.events(run_id, after_seq, LOG_PAGE))

    async def _begin(
        self,
        conversation_id: str,
        draft: MessageDraft | None,
        background: bool,
        started_by: str,
        options: RunOptions,
        cause_id: str | None = None,
        answers: tuple[Answer, ...] = (),
        otid: str | None = None,
    ) -> Run:
        ids = self._deps.ids
        run_id = ids.new("run")
        run_start = RunStart(
            run_id=run_id,
            message_id=ids.new("message"),
            fresh=FreshIds(ids.new("step"), ids.new("message")),
            now=self._deps.clock.now(),
            conversation_id=conversation_id,
            draft=draft,
            cause_id=cause_id,
            background=background,
            started_by=started_by,
            purpose=options.purpose,
            parent_run_id=options.parent_run_id,
            earlier=tuple((ids.new("message"), message) for message in options.earlier),
            max_steps=options.max_steps,
            answers=answers,
            otid=otid,
            client_tools=options.client_tools,
            request=_request(run_id, options),
        )
        return await self._scheduler.begin(run_start)


def _says_something(message: MessageDraft) -> bool:
    return any(isinstance(part, ImagePart) or part.text.strip() for part in message.parts)


def _request(run_id: str, options: RunOptions) -> RunRequest | None:
    """None where nothing beside the messages was asked for, as with most: then there is no row to write."""
    if not options.config and options.callback_url is None:
        return None
    return RunRequest(run_id=run_id, config=options.config, callback_url=options.callback_url)


async def _each(events: tuple[RunEvent, ...]) -> AsyncIterator[RunEvent]:
    for event in events:
        yield event


def _is_last(event: Event) -> bool:
    return isinstance(event, RunEvent) and event.payload.message_type == "usage_statistics"
