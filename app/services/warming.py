"""Warming: after a run that changed the prompt, a local server reads the new one while the person reads the reply."""

import hashlib
import logging
from dataclasses import dataclass

from app.domain.address import is_nearby
from app.domain.error import ModelError
from app.domain.model import Model, Provider
from app.domain.run import STOP_REASONS, Run
from app.engine.deps import EngineDeps
from app.engine.model_call.ahead import Ahead, read_ahead_of, share_kept
from app.engine.model_call.aside import ask_aside
from app.engine.model_call.snapshot import AgentSnapshot, provider_of, read_view, requests_at_once
from app.engine.queue import Priority
from app.ports.storage import Repositories
from app.services.models.cache import ModelCache

log = logging.getLogger(__name__)

WORTH = 0.9
"""Where the next request repeats more than this share of the last one, the rest is read quickly enough."""
MOST_REMEMBERED = 1_000
"""Conversations of which it is known what was read ahead for them."""


@dataclass(frozen=True)
class _Changed:
    """A conversation whose next request will begin otherwise than its last one."""

    run: Run
    view: AgentSnapshot
    sent: tuple[bytes, ...]
    at_once: int | None


class Warming:
    """Has servers read ahead what a conversation's next request begins with."""

    def __init__(self, deps: EngineDeps, cache: ModelCache) -> None:
        self._deps = deps
        self._cache = cache
        self._warmed: dict[str, bytes] = {}
        """What was read ahead last, by conversation, as a hash."""

    async def warm(self, run_id: str) -> None:
        """After a run: has the server read what the conversation's next request will begin with, where that changed.

        Only servers that cost nothing but time: on this computer or in the same house, without a key, with the model
        loaded as it will be asked for. Stores nothing. Raises `GaveWay` as soon as the server has other work,
        `ModelError`.
        """
        changed = await self._deps.storage.read(lambda repos: self._changed(repos, run_id))
        if changed is None or not await self._is_ready(changed.view):
            return
        run = changed.run
        ahead = await read_ahead_of(changed.view, self._deps)
        if ahead is None or share_kept(changed.sent, ahead.beginning) > WORTH or self._knows(run, ahead):
            return
        agent, provider = changed.view.agent, changed.view.provider
        words = f"the warming of {provider.title} for {agent.name}"
        begun = self._deps.clock.ticks()
        await ask_aside(self._deps, provider, ahead.request, words, changed.at_once, Priority.WARMING)
        self._remember(run, ahead)
        seconds = (self._deps.clock.ticks() - begun) / 1_000_000
        log.info("%s read the next prompt of %s ahead in %.1f s", provider.title, agent.name, seconds)

    def _changed(self, repos: Repositories, run_id: str) -> _Changed | None:
        """None where nothing that an agent shows changed since its last request, or nobody would be served by it."""
        run = repos.runs.get(run_id)
        whole = run.stop_reason is not None and STOP_REASONS[run.stop_reason].complete
        agent = repos.agents.find(run.agent_id)
        if agent is None or not agent.settings.warm_cache or not whole or run.purpose != "reply" or run.parent_run_id:
            return None
        steps = [step for step in repos.runs.steps((run.id,)) if step.status == "completed"]
        if not steps or steps[-1].model != agent.model or not repos.history.since(agent.id, steps[-1].memory_seq):
            return None
        try:
            provider, _ = provider_of(repos, agent.model)
        except ModelError:
            return None
        if not costs_only_time(provider) or self._says_little(agent.model, provider):
            return None
        if repos.runs.active_in(run.conversation_id):
            return None
        view = read_view(repos, agent.id, run.conversation_id)
        return _Changed(run, view, repos.runs.request(steps[-1].id), requests_at_once(repos, provider))

    def _says_little(self, handle: str, provider: Provider) -> bool:
        """Whether the server has listed this model without a word on loading or a window: it is not asked again."""
        model = self._cache.known(handle)
        silent = model is not None and model.loaded is None and model.context_window is None
        return silent and provider.kind != "ollama"

    async def _is_ready(self, view: AgentSnapshot) -> bool:
        """Whether the model is loaded as the next request will ask for it, by what its server says now."""
        await self._cache.refresh(view.provider)
        model = self._cache.known(view.agent.model)
        if model is None or model.loaded is False or not _works_itself(model, view.provider):
            return False
        wanted = self._deps.windows.to_ask_for(model.handle, view.wanted)
        size = min(wanted, model.trained_context or wanted)
        return view.provider.kind != "ollama" or model.allocated_context in (None, size)

    def _knows(self, run: Run, ahead: Ahead) -> bool:
        return self._warmed.get(run.conversation_id) == _hash(ahead)

    def _remember(self, run: Run, ahead: Ahead) -> None:
        self._warmed.pop(run.conversation_id, None)
        self._warmed[run.conversation_id] = _hash(ahead)
        if len(self._warmed) > MOST_REMEMBERED:
            self._warmed.pop(next(iter(self._warmed)))


def _hash(ahead: Ahead) -> bytes:
    return hashlib.sha256(ahead.beginning).digest()


def costs_only_time(provider: Provider) -> bool:
    """Behind a key there may be a bill, wherever the server is."""
    return provider.kind != "demo" and provider.enabled and not provider.has_key and is_nearby(provider.base_url)


def _works_itself(model: Model, provider: Provider) -> bool:
    """Whether a server runs the model by itself. One that passes requests on knows of no window that it serves."""
    if model.cloud:
        return False
    return provider.kind == "ollama" or model.context_window is not None or model.loaded is True
