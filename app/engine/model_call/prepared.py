"""From what an agent shows to the request that its server understands: one way for all requests, so that what is sent
ahead is what will be sent.
"""

import asyncio
from dataclasses import replace

from app.engine.deps import EngineDeps
from app.engine.model_call.snapshot import AgentSnapshot, read_images
from app.ports.models import ChatRequest


async def prepared(view: AgentSnapshot, deps: EngineDeps, *, in_thread: bool) -> tuple[AgentSnapshot, ChatRequest]:
    """The view with its images, and the request with what is known of its model. Never raises because of a server.

    `in_thread`: for a view of which much is new; building its request takes a while.
    """
    if view.shown.images:
        images = await deps.storage.read(lambda repos: read_images(repos, view.members))
        view = replace(view, images=images)
    request = await asyncio.to_thread(view.request) if in_thread else view.request()
    request = await deps.catalog.chat(view.provider).prepare(request)
    if view.provider.kind == "ollama":
        size = deps.windows.to_ask_for(view.agent.model, view.wanted)
        request = request.model_copy(update={"context_window": size})
    return view, request
