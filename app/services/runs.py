"""Runs: start, watch, stop, try again."""

from collections.abc import AsyncIterator

from app.domain.error import Conflict, Invalid
from app.domain.event import Event, RunEvent
from app.domain.message import MessageDraft
from app.domain.run import Run, Step, StepTrace
from app.engine.begin import Beginning
from app.engine.bundle import EnginePorts
from app.engine.decide import FreshIds
from app.engine.emitter import Emitter
from app.ports.storage import Repositories
from app.services.event_bus import EventBus
from app.services.running import Running

LOG_PAGE = 1_000


class Runs:
    def __init__(self, ports: EnginePorts, bus: EventBus, running: Running) -> None:
        self._ports = ports
        self._bus = bus
        self._running = running

    async def start(
        self, conversation_id: str, message: MessageDraft, background: bool = False, started_by: str = "window"
    ) -> Run:
        """Stores the message and begins a run. A message whose `otid` is known does not run twice.

        Raises `Conflict` (`busy`, details run_id) while the conversation has an active run.
        """
        if not message.parts:
            raise Invalid("The message is empty.", hint="Write something, or attach an image.")
        known = await self._known(conversation_id, message.otid)
        return known or await self._begin(conversation_id, message, background, started_by)

    async def retry(self, run_id: str) -> Run:
        """Goes on from where a run ended badly: a new run over the same messages, without a new one."""
        old = await self.get(run_id)
        if old.active:
            raise Conflict("This run is still active.", code="busy", details={"run_id": run_id})
        return await self._begin(old.conversation_id, None, old.background, old.started_by, old.message_id)

    async def cancel(self, run_id: str) -> Run:
        """Stops a run and waits until what it had is stored. An ended run is returned as it is."""
        await self._running.stop(run_id)
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
        overflowed = True
        while overflowed:
            subscription = self._bus.subscribe(lambda event: isinstance(event, RunEvent) and event.run_id == run_id)
            try:
                await self._running.flush(run_id)
                active = (await self.get(run_id)).active and not self._running.closing
                async for event in self._logged(run_id, seen):
                    seen = event.seq_id
                    yield event
                    if _is_last(event):
                        return
                if not active:
                    return
                async for event in subscription:
                    if not isinstance(event, RunEvent) or event.seq_id <= seen:
                        continue
                    seen = event.seq_id
                    yield event
                    if _is_last(event):
                        return
                overflowed = subscription.overflowed
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
        await self._running.settle(conversation_id)
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
        emitter = Emitter(run.id, len(events), self._ports.storage, self._ports.clock, self._bus.publish)
        self._running.launch(run.id, emitter)
        return run


def _is_last(event: Event) -> bool:
    return isinstance(event, RunEvent) and event.payload.message_type == "usage_statistics"
