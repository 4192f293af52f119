"""One call of a model, from its place in the queue of the server to the end of the reply, again where that helps."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal, TypeVar

from app.domain.base import Micros
from app.domain.error import ModelError
from app.domain.event import Progress
from app.domain.message import ToolReturnPart
from app.domain.run import Failure
from app.engine.deps import EngineDeps
from app.engine.emitter import Emitter
from app.engine.model_call.context_limits import ask_sizes, learn_sizes, note_counts, surely_sent, within_limits
from app.engine.model_call.prepared import prepared
from app.engine.model_call.reply_stream import ReplyAccumulator
from app.engine.model_call.retries import REFUSALS, Retries, Sent
from app.engine.model_call.snapshot import AgentSnapshot, read_view, requests_at_once
from app.engine.model_call.wait_notice import database_held, loading, silence_of, telling_silence
from app.engine.queue import Purpose, purpose_of
from app.engine.repairs.echo import NOTHING_SAID, said_before
from app.engine.repairs.reprompt import TOLD
from app.engine.repairs.request_changes import Offered, offer, reprompted
from app.engine.reply import Reply
from app.engine.state import (
    BrokenOff,
    CallModel,
    Cancelled,
    Exchange,
    ModelFailed,
    ModelReplied,
    Outcome,
    RunState,
    WindowFull,
)
from app.ports.models import ChatRequest, WireRequest
from app.ports.storage import Repositories

T = TypeVar("T")
Phase = Literal["waiting", "sent", "retrying", "tool"]


@dataclass
class PartialOutcome:
    """What a perform has brought so far; read when it is cancelled."""

    accumulator: ReplyAccumulator | None = None
    exchange: Exchange | None = None
    sent: Sent = field(default_factory=Sent)
    returns: dict[str, ToolReturnPart] | None = None

    def cancelled(self, now: Micros) -> Cancelled:
        return Cancelled(self._reply, self._exchange(now), self.returns or {})

    def broken_off(self, failure: Failure, now: Micros) -> BrokenOff:
        kept = failure.model_copy(update={"message": failure.message + words_kept(self._reply)})
        return BrokenOff(kept, self._reply, self._exchange(now), self.returns or {})

    @property
    def _reply(self) -> Reply:
        return Reply() if self.accumulator is None else self.accumulator.reply

    def _exchange(self, now: Micros) -> Exchange | None:
        if self.accumulator is None or self.exchange is None:
            return None
        return _ended(self.exchange, self.accumulator, now)


@dataclass(frozen=True)
class CallPlan:
    """Where a call goes, and what for: all that must be known before its turn comes."""

    view: AgentSnapshot
    """What it would say if its turn came at once."""
    purpose: Purpose
    at_once: int | None


def read_plan(repos: Repositories, state: RunState) -> CallPlan:
    """All that a call needs of what is stored, as of this transaction."""
    view = read_view(repos, state.agent_id, state.conversation_id, state)
    purpose = purpose_of(repos.runs.get(state.run_id), view.agent)
    return CallPlan(view, purpose, requests_at_once(repos, view.provider))


class ModelCall:
    """One request to a model and its reply, with its tries; what came so far stands in `partial`."""

    def __init__(
        self,
        action: CallModel,
        state: RunState,
        deps: EngineDeps,
        emitter: Emitter,
        partial: PartialOutcome,
        plan: CallPlan | None = None,
    ) -> None:
        """`plan`: as it was read a moment ago; a second try reads it again."""
        self._plan = plan
        self._action = action
        self._state = state
        self._deps = deps
        self._emitter = emitter
        self._partial = partial
        self._view: AgentSnapshot | None = None
        """What was read before the turn came; None once the conversation may have changed since."""
        self._retries = Retries(deps.clock.ticks(), action.learnt)
        self._accumulator = self._new_accumulator()
        self._asked_sizes = False
        self._short = True
        """Whether counting and encoding the view takes less than a thread costs."""

    async def make(self) -> Outcome:
        """What a server does wrong comes back as an outcome; what cannot be read or stored here raises."""
        reprompt = self._action.reprompt
        if reprompt is not None and reprompt.reason in TOLD:
            self._tell("retrying", TOLD[reprompt.reason])
        while True:
            self._accumulator = self._partial.accumulator = self._new_accumulator()
            model = ""
            try:
                plan, self._plan = self._plan, None
                if plan is None:
                    plan = await self._deps.storage.read(lambda repos: read_plan(repos, self._state))
                model, self._view = plan.view.model, plan.view
                async with self._place(plan):
                    return await self._exchange()
            except ModelError as error:
                silent = self._accumulator.first_token_at is None
                pause = self._retries.pause(error, self._deps.clock.ticks(), self._partial.sent) if silent else None
                if pause is None:
                    return self._failure(error)
                self._tell("retrying", self._why_retrying(error, model))
                await asyncio.sleep(pause)

    def _new_accumulator(self) -> ReplyAccumulator:
        state = self._state
        return ReplyAccumulator(self._action, state.run_id, state.step_no + 1, self._emitter, self._deps.clock)

    @contextlib.asynccontextmanager
    async def _place(self, plan: CallPlan) -> AsyncGenerator[None]:
        """A place in the queue of the server, held while it works on the request."""

        def on_wait(words: str) -> None:
            self._view = None
            self._tell("waiting", words)

        provider = plan.view.provider
        async with self._deps.queues.place(provider, plan.purpose, on_wait, plan.at_once):
            self._tell("sent", "")
            try:
                yield
            finally:
                self._deps.requested(provider)

    async def _exchange(self) -> ModelReplied | WindowFull:
        prepared = await self._prepare()
        if isinstance(prepared, WindowFull):
            return prepared
        view, wire, offered = prepared
        known = [tool.name for tool in offered.tools]
        self._accumulator.expect(known, thinks=view.showed_thoughts, asked=view.asked, asking=view.asking)
        if offered.constrained:
            self._accumulator.expect_json()
        await self._listen(view, wire)
        now = self._deps.clock.now()
        usage, windows = self._accumulator.reply.usage, self._deps.windows
        ticks = self._deps.clock.ticks()
        windows.note_answered_by(view.agent.model, self._accumulator.reply.answered_by)
        windows.note_answer(view.agent.model, view.wanted, ticks)
        cut = note_counts(view, usage, self._partial.sent.at_least, windows, ticks)
        exchange = replace(self._partial.exchange or Exchange(view.agent.model), truncated=cut)
        return ModelReplied(
            self._accumulator.reply,
            _ended(exchange, self._accumulator, now),
            (*offered.tools, *view.forbidden) if offered.tools else (),
            offered.constrained,
            # The demo's script has one answer to all that it does not know.
            NOTHING_SAID
            if view.provider.kind == "demo"
            else said_before(member.message for member in reversed(view.members)),
            one_call=not view.agent.settings.parallel_tool_calls,
            in_form=view.agent.response_format is not None,
        )

    async def _prepare(self) -> tuple[AgentSnapshot, WireRequest, Offered] | WindowFull:
        """Reads the view, sees that it fits, and encodes it."""
        deps = self._deps
        fitting = await self._fitting_view()
        if isinstance(fitting, WindowFull):
            return fitting
        view, tokens = fitting
        self._short = self._short and not view.shown.images
        view, request = await prepared(view, deps, in_thread=not self._short)
        if self._is_smaller_than_thought(view, request):
            return await self._prepare()
        offered = offer(request, self._action.reprompt, view.blocks)
        wire = await self._aside(lambda: deps.catalog.chat(view.provider).encode(offered.request))
        of_tools = deps.ledger.tools(view.tools)
        if not (offered.request.tools or offered.constrained):
            tokens, of_tools = tokens - of_tools, 0
        self._partial.sent = Sent(
            tokens=round(tokens * view.factor),
            earlier_images=view.earlier_images(self._state.cause_id),
            at_least=surely_sent(view, tokens, of_tools),
        )
        self._partial.exchange = Exchange(
            model=view.agent.model,
            request_parts=wire.parts,
            estimated_tokens=tokens,
            memory_seq=view.memory_seq,
            window_first=view.first_position,
            window_last=view.last_position,
            agent_version=view.agent.version,
            sent_at=deps.clock.now(),
        )
        return view, wire, offered

    async def _aside(self, work: Callable[[], T]) -> T:
        """Work on all of a view: in a thread, because a long text takes a while, but for a short one at once."""
        return work() if self._short else await asyncio.to_thread(work)

    def _is_smaller_than_thought(self, view: AgentSnapshot, request: ChatRequest) -> bool:
        """Whether the server has just told a context size for which the view was not made."""
        trained = request.facts.trained_context if request.facts is not None else None
        self._deps.windows.note_trained(view.agent.model, trained)
        return trained is not None and trained < view.agent.context_window

    async def _fitting_view(self) -> tuple[AgentSnapshot, int] | WindowFull:
        """The view and its estimated tokens, or what must leave the window before."""
        state, deps, reprompt = self._state, self._deps, self._action.reprompt
        view, self._view = self._view, None
        if view is None:
            view = await deps.storage.read(lambda repos: read_view(repos, state.agent_id, state.conversation_id, state))
        await learn_sizes(view, deps)
        if reprompt is not None:
            view = replace(view, agent=reprompted(view.agent, reprompt))
        if self._retries.without_images:
            view = view.without_earlier_images(state.cause_id)
        if self._retries.served is not None:
            # The server just told us that we estimate too low; its own numbers come with its next real count.
            view = replace(view.within(self._retries.served), factor=view.factor * 1.15)
        self._short = view.is_short(deps.ledger)
        view, fit = await self._aside(partial(within_limits, view, deps, deps.clock.ticks()))
        if fit.overflow and view.narrowed and not self._asked_sizes:
            self._asked_sizes = True
            await ask_sizes(view, deps)
            return await self._fitting_view()
        if fit.overflow:
            raise _too_large(view, round(fit.tokens * view.factor))
        if fit.leave_before is None:
            return view, fit.tokens
        return WindowFull(fit.leave_before, fit.free, self._retries.learnt)

    async def _listen(self, view: AgentSnapshot, wire: WireRequest) -> None:
        stream = self._deps.catalog.chat(view.provider).stream(wire)
        ticks = self._deps.clock.ticks()
        is_loaded = self._deps.windows.is_loaded(view.agent.model, view.wanted, ticks)
        words = silence_of(view.provider, view.model, is_loaded=is_loaded)
        with telling_silence(lambda sentence: self._tell("sent", sentence), words) as heard_something:
            async with contextlib.aclosing(stream) as deltas:
                async for delta in deltas:
                    heard_something()
                    self._accumulator.feed(delta)
                    if self._emitter.due:
                        with telling_silence(lambda sentence: self._tell("waiting", sentence), database_held):
                            await self._emitter.flush()
                    if self._accumulator.is_over:
                        break
        self._accumulator.close()

    def _why_retrying(self, error: ModelError, model: str) -> str:
        if error.code != "loading" or not model:
            return error.message
        return loading(model, self._retries.seconds(self._deps.clock.ticks()))

    def _failure(self, error: ModelError) -> ModelFailed:
        reply, now = self._accumulator.reply, self._deps.clock.now()
        message = error.message + words_kept(reply)
        details: dict[str, str | int | float | bool | None] = {
            key: value for key, value in error.details.items() if isinstance(value, str | int | float)
        }
        hint = f"{error.hint} {_WAY_OUT}" if error.code in REFUSALS else error.hint
        failure = Failure(code=error.code, message=message, hint=hint, details=details)
        exchange = _ended(self._partial.exchange or Exchange(model="", sent_at=now), self._accumulator, now)
        return ModelFailed(failure, reply, exchange)

    def _tell(self, phase: Phase, text: str) -> None:
        self._emitter.progress(progress(self._state, phase, text, self._deps))


def progress(state: RunState, phase: Phase, text: str, deps: EngineDeps) -> Progress:
    """Where a run stands now."""
    return Progress(
        run_id=state.run_id,
        agent_id=state.agent_id,
        conversation_id=state.conversation_id,
        phase=phase,
        text=text,
        at=deps.clock.now(),
    )


def words_kept(reply: Reply) -> str:
    """A sentence to go after another one; empty where nothing was written."""
    words = len(reply.text.split())
    if not words:
        return ""
    return " The one word it had written is kept." if words == 1 else f" The {words} words it had written are kept."


def _too_large(view: AgentSnapshot, needed: int) -> ModelError:
    size = view.agent.context_window
    server = view.provider.title
    holds = f"{server} serves only {size:,}" if view.narrowed else f"this agent's context holds {size:,}"
    room = "" if needed > size else ", which leaves too little room for the reply"
    way_out = f"Start {server} with a larger context" if view.narrowed else "Increase the context size"
    return ModelError(
        f"Instructions, tools, blocks and the newest message need about {needed:,} tokens, but {holds}{room}. "
        "Your message is kept.",
        code="context_window_overflow",
        hint=f"{way_out}, detach tools, or shorten blocks or the message.",
    )


def _ended(exchange: Exchange, accumulator: ReplyAccumulator, now: Micros) -> Exchange:
    return replace(exchange, reply=accumulator.raw, first_token_at=accumulator.first_token_at, ended_at=now)


_WAY_OUT = "If every message fails, empty the conversation's context window; its messages stay."
"""Whatever it is in the history that a server cannot take: an agent is never stuck with it."""
