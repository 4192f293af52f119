"""The request that an agent will send next, as far as it is known before the person has written: for warming caches."""

import asyncio
from dataclasses import dataclass

from app.domain.message import Message, TextPart
from app.engine.deps import EngineDeps
from app.engine.model_call.next_request import next_request, with_said
from app.engine.model_call.snapshot import AgentSnapshot
from app.ports.models import ChatRequest

UNSAID = "…"
"""Stands for the message that the person will write: with an answer as its end a server would go on writing that."""

_TOOLS = b',"tools":'
"""How the part of a request begins that tells of tools."""


@dataclass(frozen=True)
class Ahead:
    request: ChatRequest
    """Asks for one token, since only what is read for it matters."""
    beginning: bytes
    """What the server will read of the next request before the message that is not yet written."""


async def read_ahead_of(view: AgentSnapshot, deps: EngineDeps) -> Ahead | None:
    """The next request of a conversation that `view` shows; None where the window must be emptied before it."""
    coming = await next_request(with_said(view, (_unsaid(view, deps),)), deps)
    if coming.fit.overflow or coming.fit.leave_before is not None:
        return None
    asked = coming.offered.request.model_copy(update={"max_output_tokens": 1})
    wire = await asyncio.to_thread(deps.catalog.chat(view.provider).encode, asked)
    return Ahead(asked, as_read(wire.parts[1:-2]))


def share_kept(sent: tuple[bytes, ...], beginning: bytes) -> float:
    """Which share of a request that was sent the next one repeats, 0 to 1: what a server need not read again.

    `sent`: its parts, of which the first is the head and the last closes what is open.
    """
    before = as_read(sent[1:-1])
    if beginning.startswith(before):
        return 1.0
    low, high = 0, min(len(before), len(beginning))
    while low < high:  # by halves: bytes are compared faster than counted
        middle = (low + high + 1) // 2
        low, high = (middle, high) if before[:middle] == beginning[:middle] else (low, middle - 1)
    return low / len(before)


def as_read(parts: tuple[bytes, ...]) -> bytes:
    """Parts in the order in which most templates show them: what is told of tools stands behind the system prompt."""
    if parts and parts[0].startswith(_TOOLS):
        parts = (*parts[1:2], parts[0], *parts[2:])
    return b"".join(parts)


def _unsaid(view: AgentSnapshot, deps: EngineDeps) -> Message:
    return Message(
        id="message-unsaid",
        agent_id=view.agent.id,
        role="user",
        parts=(TextPart(text=UNSAID),),
        created_at=deps.clock.now(),
    )
