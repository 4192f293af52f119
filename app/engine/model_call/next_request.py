"""The request that a conversation's next call would send, as far as it is known: built as the call itself builds it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.domain.message import Member, Message
from app.engine.context.window import Fit
from app.engine.deps import EngineDeps
from app.engine.model_call.context_limits import learn_sizes, within_limits
from app.engine.model_call.prepared import prepared
from app.engine.model_call.snapshot import AgentSnapshot
from app.engine.repairs.request_changes import Offered, offer
from app.ports.models import WireRequest


@dataclass(frozen=True)
class NextRequest:
    view: AgentSnapshot
    """As its server can read it whole; without what must leave the window first."""
    fit: Fit
    offered: Offered
    wire: WireRequest


async def next_request(view: AgentSnapshot, deps: EngineDeps) -> NextRequest:
    """What a view becomes on the wire. Asks a server what it serves where that is not known; never raises for it."""
    await learn_sizes(view, deps)
    view, fit = await asyncio.to_thread(within_limits, view, deps, deps.clock.ticks())
    view, request = await prepared(staying(view, fit), deps, in_thread=True)
    offered = offer(request, None, view.blocks)
    wire = await asyncio.to_thread(deps.catalog.chat(view.provider).encode, offered.request)
    return NextRequest(view, fit, offered, wire)


def staying(view: AgentSnapshot, fit: Fit) -> AgentSnapshot:
    """The view with what is left of its window when that has been made to fit; a summary leaves with the others."""
    before = fit.leave_before
    if before is None:
        return view
    stay = (m for m in view.members if m.position >= before and m.message.role != "summary")
    return replace(view, members=tuple(stay))


def with_said(view: AgentSnapshot, messages: Sequence[Message]) -> AgentSnapshot:
    """The view as if these messages had been said."""
    first = (view.last_position or 0) + 1
    said = tuple(Member(position=first + number, message=message) for number, message in enumerate(messages))
    return replace(view, members=(*view.members, *said))
