"""One call of a model, from its place in the queue of the server to the end of the reply, again where that helps."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal, TypeVar, cast

from app.domain.error import AppError, ModelError
from app.domain.event import Progress
from app.domain.message import ToolReturnPart
from app.domain.run import Failure
from app.engine.context.window import has_images
from app.engine.deps import EngineDeps
from app.engine.emitter import Emitter
from app.engine.model_call.context_limits import ask_sizes, learn_sizes, note_counts, surely_sent, within_limits
from app.engine.model_call.reply_stream import ReplyAccumulator
from app.engine.model_call.retries import REFUSALS, Retries, Sent
from app.engine.model_call.snapshot import AgentSnapshot, read_images, read_view
from app.engine.model_call.wait_notice import loading, silence_of, told
from app.engine.queue import Purpose, purpose_of
from app.engine.repairs.reprompt import TOLD
from app.engine.repairs.request_changes import Offered, offer, reprompted
from app.engine.state import CallModel, Cancelled, Exchange, ModelFailed, ModelReplied, Outcome, RunState
from app.ports.models import ChatRequest, WireRequest
from app.ports.storage import Repositories

T = TypeVar("T")
Phase = Literal["waiting", "sent", "retrying", "tool", "ended"]
AT_ONCE = "servers.at_once"
"""Setting: how many requests a server gets at a time, by the name of its provider."""


@dataclass
class PartialOutcome:
    """What a perform has brought so far; read when it is cancelled."""

    listening: ReplyAccumulator | None = None
    exchange: Exchange | None = None
    sent: Sent = field(default_factory=Sent)
    returns: dict[str, ToolReturnPart] | None = None

    def cancelled(self, now: int) -> Cancelled:
        if self.listening is None or self.exchange is None:
            return Cancelled(returns=self.returns or {})
        exchange = _ended(self.exchange, self.listening, now)
        return Cancelled(self.listening.reply, exchange)


@dataclass(frozen=True)
class CallPlan:
    """Where a call goes, and what for: all that must be known before its turn comes."""

    view: AgentSnapshot
    """What it would say if its turn came at once."""
    purpose: Purpose
    at_once: int | None


def read_errand(repos: Repositories, state: RunState) -> CallPlan:
    view = read_view(repos, state.agent_id, state.conversation_id)
    setting = repos.settings.get(AT_ONCE)
    limits: Any = setting.value if setting is not None else None
    at_once = cast("dict[str, Any]", limits).get(view.provider.name) if isinstance(limits, dict) else None
    purpose = purpose_of(repos.runs.get(state.run_id), view.agent)
    return CallPlan(view, purpose, at_once if isinstance(at_once, int) else None)


class ModelCall:
    def __init__(
        self, action: CallModel, state: RunState, ports: EngineDeps, emitter: Emitter, attempt: PartialOutcome
    ) -> None:
        self._action = action
        self._state = state
        self._ports = ports
        self._emitter = emitter
        self._attempt = attempt
        self._view: AgentSnapshot | None = None
        """What was read before the turn came; None once the conversation may have changed since."""
        self._retries = Retries(ports.clock.now())
        self._listening = self._listen_anew()
        self._asked_sizes = False

    async def make(self) -> Outcome:
        """Expected failures come back as outcomes, never as exceptions."""
        reprompt = self._action.reprompt
        if reprompt is not None and reprompt.reason in TOLD:
            self._tell("retrying", TOLD[reprompt.reason])
        while True:
            self._listening = self._attempt.listening = self._listen_anew()
            model = ""
            try:
                errand = await self._ports.storage.read(lambda repos: read_errand(repos, self._state))
                model, self._view = errand.view.model, errand.view
                async with self._place(errand):
                    return await self._exchange()
            except AppError as error:
                silent = self._listening.first_token_at is None
                pause = self._retries.pause(error, self._ports.clock.now(), self._attempt.sent) if silent else None
                if pause is None:
                    return self._failure(error)
                self._tell("retrying", self._why_again(error, model))
                await asyncio.sleep(pause)

    def _listen_anew(self) -> ReplyAccumulator:
        state = self._state
        return ReplyAccumulator(self._action, state.run_id, state.step_no + 1, self._emitter, self._ports.clock)

    @contextlib.asynccontextmanager
    async def _place(self, errand: CallPlan) -> AsyncGenerator[None]:
        """A place in the queue of the server, held while it works on the request."""

        def on_wait(words: str) -> None:
            self._view = None
            self._tell("waiting", words)

        provider = errand.view.provider
        async with self._ports.queues.place(provider, errand.purpose, on_wait, errand.at_once):
            self._tell("sent", "")
            try:
                yield
            finally:
                self._ports.windows.on_called(provider)

    async def _exchange(self) -> ModelReplied:
        view, wire, offered = await self._prepare()
        if offered.constrained:
            self._listening.expect_json()
        await self._listen(view, wire)
        now = self._ports.clock.now()
        usage, windows = self._listening.reply.usage, self._ports.windows
        windows.note_answer(view.agent.model, view.wanted, now)
        cut = note_counts(view, usage, self._attempt.sent.at_least, windows, now)
        exchange = replace(self._attempt.exchange or Exchange(view.agent.model), truncated=cut)
        return ModelReplied(
            self._listening.reply, _ended(exchange, self._listening, now), offered.tools, offered.constrained
        )

    async def _prepare(self) -> tuple[AgentSnapshot, WireRequest, Offered]:
        """Reads the view, makes it fit, and encodes it."""
        ports = self._ports
        view, tokens = await self._fitting_view()
        if any(has_images(member.message) for member in view.members):
            images = await ports.storage.read(lambda repos: read_images(repos, view.members))
            view = replace(view, images=images)
        model = ports.catalog.chat(view.provider)
        request = await model.prepare(await _aside(view, view.request))
        if self._is_smaller_than_thought(view, request):
            return await self._prepare()
        offered = offer(request, self._action.reprompt)
        wire = await _aside(view, lambda: model.encode(offered.request))
        of_tools = ports.ledger.tools(view.tools)
        if not offered.tools:
            tokens, of_tools = tokens - of_tools, 0
        self._attempt.sent = Sent(
            tokens=round(tokens * view.factor),
            earlier_images=view.earlier_images(self._state.cause_id),
            at_least=surely_sent(view, tokens, of_tools),
        )
        self._attempt.exchange = Exchange(
            model=view.agent.model,
            request_parts=wire.parts,
            estimated_tokens=tokens,
            memory_seq=view.memory_seq,
            window_first=view.members[0].position if view.members else None,
            window_last=view.members[-1].position if view.members else None,
            agent_version=view.agent.version,
            sent_at=ports.clock.now(),
        )
        return view, wire, offered

    def _is_smaller_than_thought(self, view: AgentSnapshot, request: ChatRequest) -> bool:
        """Whether the server has just told a context size for which the view was not made."""
        trained = request.facts.trained_context if request.facts is not None else None
        self._ports.windows.note_trained(view.agent.model, trained)
        return trained is not None and trained < view.agent.context_window

    async def _fitting_view(self) -> tuple[AgentSnapshot, int]:
        """The view and its estimated tokens."""
        state, ports, reprompt = self._state, self._ports, self._action.reprompt
        view, self._view = self._view, None
        if view is None:
            view = await ports.storage.read(lambda repos: read_view(repos, state.agent_id, state.conversation_id))
        await learn_sizes(view, ports)
        if reprompt is not None:
            view = replace(view, agent=reprompted(view.agent, reprompt))
        if self._retries.without_images:
            view = view.without_earlier_images(state.cause_id)
        if self._retries.served is not None:
            # The server just told us that we estimate too low; its own numbers come with its next real count.
            view = replace(view.within(self._retries.served), factor=view.factor * 1.15)
        view, fit = await _aside(view, partial(within_limits, view, ports, ports.clock.now()))
        if fit.overflow and view.narrowed and not self._asked_sizes:
            self._asked_sizes = True
            await ask_sizes(view, ports)
            return await self._fitting_view()
        if fit.overflow:
            raise _too_large(view, round(fit.tokens * view.factor))
        if fit.leave_before is None:
            return view, fit.tokens
        leave, left_at = fit.leave_before, view.members[-1].position + 1
        await ports.storage.write(lambda repos: repos.messages.leave_context(state.conversation_id, leave, left_at))
        kept = tuple(member for member in view.members if member.position >= leave)
        return replace(view, members=kept), fit.tokens

    async def _listen(self, view: AgentSnapshot, wire: WireRequest) -> None:
        stream = self._ports.catalog.chat(view.provider).stream(wire)
        now = self._ports.clock.now()
        is_loaded = self._ports.windows.is_loaded(view.agent.model, view.wanted, now)
        words = silence_of(view.provider, view.model, is_loaded=is_loaded)
        with told(lambda sentence: self._tell("sent", sentence), words) as begun:
            async with contextlib.aclosing(stream) as deltas:
                async for delta in deltas:
                    begun()
                    self._listening.feed(delta)
                    if self._emitter.due:
                        await self._emitter.flush()
                    if self._listening.repeats:
                        break
        self._listening.close()

    def _why_again(self, error: AppError, model: str) -> str:
        if error.code != "loading" or not model:
            return error.message
        return loading(model, self._retries.seconds(self._ports.clock.now()))

    def _failure(self, error: AppError) -> ModelFailed:
        reply, now = self._listening.reply, self._ports.clock.now()
        words = len(reply.text.split())
        message = error.message
        if words:
            kept = (
                "The one word it had written is kept." if words == 1 else f"The {words} words it had written are kept."
            )
            message = f"{message} {kept}"
        details: dict[str, str | int | float | bool | None] = {
            key: value for key, value in error.details.items() if isinstance(value, str | int | float)
        }
        hint = f"{error.hint} {_WAY_OUT}" if error.code in REFUSALS else error.hint
        failure = Failure(code=error.code, message=message, hint=hint, details=details)
        exchange = _ended(self._attempt.exchange or Exchange(model="", sent_at=now), self._listening, now)
        return ModelFailed(failure, reply, exchange)

    def _tell(self, phase: Phase, text: str) -> None:
        self._emitter.progress(progress(self._state, phase, text, self._ports))


async def _aside(view: AgentSnapshot, work: Callable[[], T]) -> T:
    """Work on all of a view: in a thread, because a long text takes a while, but for a short one at once."""
    return work() if view.is_short else await asyncio.to_thread(work)


def progress(state: RunState, phase: Phase, text: str, ports: EngineDeps) -> Progress:
    """Where a run stands now."""
    return Progress(
        run_id=state.run_id,
        agent_id=state.agent_id,
        conversation_id=state.conversation_id,
        phase=phase,
        text=text,
        at=ports.clock.now(),
    )


def _too_large(view: AgentSnapshot, needed: int) -> ModelError:
    size = view.agent.context_window
    whose = f"that {view.provider.name} serves" if view.narrowed else "of this agent's context"
    way_out = f"Start {view.provider.name} with a larger context" if view.narrowed else "Enlarge the context size"
    return ModelError(
        f"Instructions, tools, blocks and the newest message need about {needed:,} of the {size:,} tokens {whose}, "
        "which leaves too little room for the reply. Your message is kept.",
        code="context_window_overflow",
        hint=f"{way_out}, detach tools, or shorten blocks or the message.",
    )


def _ended(exchange: Exchange, listening: ReplyAccumulator, now: int) -> Exchange:
    return replace(exchange, reply=listening.raw, first_token_at=listening.first_token_at, ended_at=now)


_WAY_OUT = "If every message fails, empty the conversation's context window; its messages stay."
"""Whatever it is in the history that a server cannot take: an agent is never stuck with it."""
