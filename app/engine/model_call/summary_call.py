"""Has the summary written that takes the place of messages which leave a full window."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field

from app.domain.agent import Agent
from app.domain.compaction import CompactionSettings
from app.domain.error import ModelError
from app.domain.message import Message
from app.domain.model import Provider
from app.domain.run import Failure, Usage
from app.engine.compaction.compactor import Compactor, Writer
from app.engine.context.truncation import Count, size_of_cut, was_cut
from app.engine.context.window import MESSAGE_OVERHEAD, zone_of
from app.engine.deps import EngineDeps
from app.engine.model_call.heard import Heard
from app.engine.model_call.snapshot import AgentSnapshot, calibration, provider_of, requests_at_once
from app.engine.queue import Priority, Purpose
from app.engine.repairs.policy import read_words
from app.engine.state import Asked, Exchange
from app.ports.models import ChatRequest
from app.ports.storage import Repositories

UNREACHABLE = ("server_down", "needs_consent")
"""Nothing that is asked there now will be answered, so a turn fails all the same and its window is left as it was."""
TOO_LONG = 8
"""Times its limit after which a summary is not listened to any longer."""
LEAST_SUMMARY = 40
"""Tokens that a summary needs to say anything."""


@dataclass(frozen=True)
class SummaryPlan:
    """What is summed up, and by whom."""

    agent: Agent
    settings: CompactionSettings
    leaving: tuple[Message, ...]
    provider: Provider
    writer: Writer
    at_once: int | None
    room: int
    """Estimated tokens that the summary may take."""


def read_summary_plan(
    repos: Repositories, view: AgentSnapshot, leave_before: int, room: int, deps: EngineDeps
) -> SummaryPlan:
    """Of the members of `view` that stand before a position, and of the summary before them."""
    agent, settings = view.agent, view.agent.compaction
    leaving = tuple(
        member.message for member in view.members if member.position < leave_before or member.message.role == "summary"
    )
    provider, model, handle, factor, counted = view.provider, view.model, agent.model, view.factor, view.counted > 0
    if settings.model is not None and settings.model != agent.model:
        with contextlib.suppress(ModelError):  # a model that is gone: the agent's own writes it
            provider, model = provider_of(repos, settings.model)
            handle, factor, counted = settings.model, calibration(None, settings.model), False
    wanted = max(agent.context_window, repos.agents.largest_window(handle) or 0)
    known = (deps.windows.limit(handle), deps.windows.shown(handle, deps.clock.ticks()))
    served = min(filter(None, (agent.context_window, *known)))
    asked = deps.windows.to_ask_for(handle, wanted) if provider.kind == "ollama" else wanted
    writer = Writer(handle, model, served, asked, factor, counted)
    return SummaryPlan(agent, settings, leaving, provider, writer, requests_at_once(repos, provider), room)


@dataclass
class SummaryCalls:
    """The requests for one summary: each has its place in the queue of the server, and is kept with its bytes."""

    plan: SummaryPlan
    deps: EngineDeps
    waits: Callable[[str], None]
    """Is told what is waited for."""
    writes: Callable[[str], None]
    """Is told what is being summed up."""
    priority: Priority = Priority.SUMMARY
    asked: list[Asked] = field(default_factory=list[Asked])
    unreachable: Failure | None = None
    """Set where the server cannot be asked at all."""
    _doing: str = ""

    def compactor(self) -> Compactor:
        plan = self.plan
        zone, seconds = zone_of(plan.agent), self.deps.summary_seconds
        ledger, at = self.deps.ledger, self._at_part
        return Compactor(plan.writer, plan.settings, plan.room, ledger, self.ask, seconds, zone, at)

    def _at_part(self, part: int, parts: int) -> None:
        more = f", part {part} of {parts}" if parts > 1 else ""
        self._doing = f"Summing up what leaves the context window{more}."

    async def ask(self, request: ChatRequest) -> str:
        """The words of one reply. Raises `ModelError`."""
        if self.plan.provider.kind == "demo":
            raise ModelError("The demo model writes no summaries.", code="demo")
        purpose = Purpose(self.priority, f"the summary of {self.plan.agent.name}")
        async with self.deps.queues.place(self.plan.provider, purpose, self.waits, self.plan.at_once):
            self.writes(self._doing)
            try:
                return await self._exchange(request)
            except ModelError as error:
                if error.code in UNREACHABLE:
                    self.unreachable = Failure(code=error.code, message=error.message, hint=error.hint)
                raise
            finally:
                self.deps.requested(self.plan.provider)

    async def _exchange(self, request: ChatRequest) -> str:
        model, clock = self.deps.catalog.chat(self.plan.provider), self.deps.clock
        wire = await asyncio.to_thread(model.encode, await model.prepare(request))
        heard = Heard(len(request.messages[-1].text) + request.max_output_tokens * TOO_LONG)
        sent_at, first_at, failed, cut = clock.now(), None, True, False
        try:
            async with contextlib.aclosing(model.stream(wire)) as deltas:
                async for delta in deltas:
                    first_at = first_at or clock.now()
                    if not heard.takes(delta):
                        break
            failed = False
            cut = self._note_cut(request, heard.usage)
        finally:
            exchange = Exchange(
                model=self.plan.writer.handle,
                request_parts=wire.parts,
                reply=heard.raw,
                estimated_tokens=self._estimated(request),
                truncated=cut,
                sent_at=sent_at,
                first_token_at=first_at,
                ended_at=clock.now(),
            )
            self.asked.append(Asked(self.deps.ids.new("step"), heard.reply, exchange, failed))
        if cut:
            raise ModelError("The server read only a part of what was to be summed up.", code="cut")
        return read_words(heard.reply)[0]

    def _estimated(self, request: ChatRequest) -> int:
        said = [request.system, *(message.text for message in request.messages)]
        return self.deps.ledger.text("".join(said)) + len(said) * MESSAGE_OVERHEAD

    def _note_cut(self, request: ChatRequest, usage: Usage | None) -> bool:
        """Whether the server's count shows that it cut the request; what it seems to serve is remembered then."""
        if usage is None:
            return False
        writer, windows = self.plan.writer, self.deps.windows
        sent = round(self._estimated(request) * writer.factor)
        cut = was_cut(Count(usage.prompt_tokens, usage.cached_tokens or 0), sent, windows.served(writer.handle))
        if cut:
            size = size_of_cut(usage.prompt_tokens, tuple(filter(None, (windows.served(writer.handle),))))
            windows.note_cut(writer.handle, size, self.deps.clock.ticks())
        return cut
