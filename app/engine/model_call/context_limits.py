"""Truth about context sizes around one call: what is learnt before it, what limits it, what its count shows."""

import asyncio

from app.domain.base import Micros
from app.domain.error import AppError
from app.domain.image import IMAGE_TOKENS
from app.domain.run import Usage
from app.engine.context.truncation import Count, size_of_cut, was_cut
from app.engine.context.window import Fit
from app.engine.deps import EngineDeps
from app.engine.model_call.snapshot import AgentSnapshot
from app.engine.served_contexts import ServedContexts

PATIENCE = 2.0
"""Seconds that a request waits for the sizes of its server; without them it goes out all the same."""


async def learn_sizes(view: AgentSnapshot, deps: EngineDeps) -> None:
    """Asks a server on this computer once what it serves, before it can cut a request that is too long for it."""
    now = deps.clock.ticks()
    if deps.windows.is_worth_asking(view.provider, view.agent.model, now):
        deps.windows.note_asked(view.provider, now)
        await ask_sizes(view, deps)


async def ask_sizes(view: AgentSnapshot, deps: EngineDeps) -> None:
    """Asks a server what it serves now; it may have been started otherwise since."""
    try:
        deps.windows.note(await asyncio.wait_for(deps.catalog.models(view.provider), PATIENCE))
    except (AppError, TimeoutError):
        return  # the request itself will say what is wrong


def within_limits(view: AgentSnapshot, deps: EngineDeps, now: Micros) -> tuple[AgentSnapshot, Fit]:
    """The view as its server can read it whole, and how it fits.

    A size that the server tells is a fact. One that a cut request has shown is only heeded where it leaves room for
    instructions and the newest message: an agent must not be stuck with what may be a wrong guess.
    """
    handle = view.agent.model
    if limit := deps.windows.limit(handle):
        view = view.within(limit)
    if shown := deps.windows.shown(handle, now):
        narrow = view.within(shown)
        fit = narrow.fit(deps.ledger)
        if not fit.overflow:
            return narrow, fit
    return view, view.fit(deps.ledger)


def surely_sent(view: AgentSnapshot, tokens: int, offered: int) -> int:
    """Calibrated tokens of the request that must have been read.

    What images take, nobody knows. `offered`: those of the tools, which count only once a count has proven that this
    model reads them: some servers drop them for models without a template for tools.
    """
    unsure = sum(view.shown.images.values()) * IMAGE_TOKENS + (0 if view.counted else offered)
    return max(0, round((tokens - unsure) * view.factor))


def note_counts(view: AgentSnapshot, usage: Usage | None, sent: int, windows: ServedContexts, now: Micros) -> bool:
    """Whether the server's count shows that it cut the request; what it seems to serve is remembered then."""
    if usage is None or view.provider.kind == "demo":
        return False
    served = windows.served(view.agent.model)
    count = Count(usage.prompt_tokens, usage.cached_tokens or 0, before=view.counted)
    cut = was_cut(count, sent, served)
    if cut:
        sizes = tuple(size for size in (served, view.wanted) if size)
        windows.note_cut(view.agent.model, size_of_cut(usage.prompt_tokens, sizes), now)
    return cut
