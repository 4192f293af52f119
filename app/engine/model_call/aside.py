"""Requests to a model beside any run: short, in the background, gone as soon as a person wants the server."""

import asyncio
import contextlib

from app.domain.error import ModelError
from app.domain.model import Provider
from app.engine.deps import EngineDeps
from app.engine.model_call.heard import Heard
from app.engine.queue import NotIdle, Priority, Purpose
from app.ports.models import ChatRequest

LONGEST = 600.0
"""Seconds a request may take: reading a long prompt takes a slow computer minutes."""


LONGEST_TOKEN = 32
"""Characters; a server that writes more of them than it was asked for tokens does not heed the limit."""


class GaveWay(Exception):
    """Somebody whose request matters more wanted the server before this one was done."""


async def ask_aside(
    deps: EngineDeps,
    provider: Provider,
    request: ChatRequest,
    words: str,
    at_once: int | None = None,
    priority: Priority = Priority.BACKGROUND,
) -> str:
    """The text of a model's reply; nothing is stored of it.

    `words`: what others wait for meanwhile: `the memory helper of Juno`. Raises `GaveWay`, `ModelError`.
    """
    gave_way = False
    limit = asyncio.timeout(None)

    def give_way() -> None:
        nonlocal gave_way
        gave_way = True
        with contextlib.suppress(RuntimeError):  # over already, or not begun yet
            limit.reschedule(asyncio.get_running_loop().time())

    try:
        async with deps.queues.place(provider, Purpose(priority, words), lambda _: None, at_once, give_way):
            if gave_way:
                raise GaveWay
            async with limit:
                limit.reschedule(asyncio.get_running_loop().time() + LONGEST)
                return await _reply(deps, provider, request)
    except NotIdle:
        raise GaveWay from None
    except TimeoutError:
        if gave_way:
            raise GaveWay from None
        raise ModelError("The model did not answer in time.", code="timeout") from None


async def _reply(deps: EngineDeps, provider: Provider, request: ChatRequest) -> str:
    model = deps.catalog.chat(provider)
    prepared = await model.prepare(request)
    wire = await asyncio.to_thread(model.encode, prepared)
    heard = Heard(request.max_output_tokens * LONGEST_TOKEN)
    async with contextlib.aclosing(model.stream(wire)) as deltas:
        async for delta in deltas:
            if not heard.takes(delta):
                break
    return heard.reply.text
