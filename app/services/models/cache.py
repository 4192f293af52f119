"""What all providers offer, as far as their servers said when last asked. Not a service: clients see `Models`."""

import asyncio
from collections.abc import Awaitable, Callable

from app.domain.address import is_here, is_nearby, shown
from app.domain.base import Micros
from app.domain.error import AppError, NotFound
from app.domain.model import Model, ModelHandle, Provider, ProviderModels
from app.engine.deps import EngineDeps
from app.services.models.notices import ModelNotices

PATIENCE = 20.0
"""Seconds a server has to list its models before it counts as not answering."""
AT_ONCE = 3.0
"""Seconds that a list of all servers waits for one of them; what comes later is told when it is there."""
FRESH_FOR: Micros = 30_000_000
AFTER_CALL = 0.3
"""Seconds after a request at which its server is asked what it has loaded by then."""


class ModelCache:
    def __init__(self, deps: EngineDeps) -> None:
        self._deps = deps
        self._known: dict[str, ProviderModels] = {}
        self._looked_at: dict[str, Micros] = {}
        """In ticks of the clock."""
        self._looking: dict[str, asyncio.Task[None]] = {}
        self._asking: dict[str, tuple[Provider, asyncio.Task[ProviderModels]]] = {}
        self.notices = ModelNotices(deps.publish)
        self.until_known: Callable[[], Awaitable[None]] = _at_once
        """Waits until it is known which servers there are: the first look around may still be under way."""
        self._closed = False

    async def all(self, refresh: bool = False) -> tuple[ProviderModels, ...]:
        """Every enabled provider with its models, or with the sentence why it has none. Asked side by side."""
        await self.until_known()
        enabled = await self._enabled()
        return tuple(await asyncio.gather(*(self._one(provider, refresh) for provider in enabled)))

    async def find(self, handle: str) -> Model | None:
        """The model of a handle; None when its server does not answer, so that nothing is known of it.

        Raises `NotFound` when no such server is known, or when it answers and does not have the model.
        """
        await self.until_known()
        name = ModelHandle.parse(handle).provider
        provider = await self._deps.storage.read(lambda repos: repos.providers.named(name))
        if provider is None or not provider.enabled:
            raise _unknown(handle)
        known = self._known.get(provider.id)
        if known is not None and known.provider == provider and (model := _named(known, handle)):
            return model
        found = await self._one(provider, refresh=known is not None and not known.error)
        model = _named(found, handle)
        if model is None and not found.error:
            raise _unknown(handle)
        return model

    async def at_hand(self) -> tuple[ProviderModels, ...]:
        """The lists of the servers on this computer, and of Ollamas anywhere; no other computer is asked for these."""
        near = (one for one in await self._enabled() if is_here(one.base_url) or one.kind == "ollama")
        return tuple(await asyncio.gather(*(self._one(provider, refresh=False) for provider in near)))

    def lists(self) -> tuple[ProviderModels, ...]:
        """All that was said last, without asking anybody."""
        return tuple(self._known.values())

    def known(self, handle: str) -> Model | None:
        """What was last said of a model, without asking anybody."""
        return next((model for found in self.lists() for model in found.models if model.handle == handle), None)

    def answers(self, provider_id: str) -> bool | None:
        """Whether a provider's server answered when it was last asked; None if it never was."""
        known = self._known.get(provider_id)
        return None if known is None else not known.error

    async def refresh(self, provider: Provider) -> None:
        """Asks a server again, and tells whoever watches what changed."""
        await self._one(provider, refresh=True)

    async def close(self) -> None:
        self._closed = True
        for task in (*self._looking.values(), *(task for _, task in self._asking.values())):
            task.cancel()
            await asyncio.wait([task])
        self.notices.close()

    def look_soon(self, provider: Provider) -> None:
        """After a request a server on this computer may have loaded a model, perhaps with another context."""
        if is_here(provider.base_url) and provider.id not in self._looking and not self._closed:
            task = asyncio.get_running_loop().create_task(self._look(provider), name=f"look at {provider.name}")
            self._looking[provider.id] = task
            task.add_done_callback(lambda _: self._looking.pop(provider.id, None))

    async def _look(self, provider: Provider) -> None:
        await asyncio.sleep(AFTER_CALL)
        await self.refresh(provider)

    async def _one(self, provider: Provider, refresh: bool) -> ProviderModels:
        known, looked_at = self._known.get(provider.id), self._looked_at.get(provider.id)
        fresh = looked_at is not None and self._deps.clock.ticks() - looked_at < FRESH_FOR
        if known is not None and fresh and known.provider == provider and not refresh:
            return known
        asking = self._asking.get(provider.id)
        if asking is None or asking[0] != provider:
            task = asyncio.get_running_loop().create_task(self._ask(provider), name=f"ask {provider.name}")
            asking = self._asking[provider.id] = provider, task
        await asyncio.wait({asking[1]}, timeout=AT_ONCE)
        if asking[1].done() and not asking[1].cancelled():
            return asking[1].result()
        if known is not None and known.provider == provider:
            return known
        slow = f"{provider.name} has not answered yet."
        return ProviderModels(provider=provider, error=slow, hint="Its models appear as soon as it lists them.")

    async def _ask(self, provider: Provider) -> ProviderModels:
        known, loop = self._known.get(provider.id), asyncio.get_running_loop()
        begun = loop.time()
        try:
            found = await ask(self._deps, provider)
        finally:
            if self._asking.get(provider.id, (None,))[0] == provider:
                del self._asking[provider.id]
        self._known[provider.id] = found
        self._looked_at[provider.id] = self._deps.clock.ticks()
        self._deps.windows.note(found.models)
        is_late = known is None and loop.time() - begun > AT_ONCE
        if is_late or (known is not None and (known.models, known.error) != (found.models, found.error)):
            self.notices.say(provider.id)
        return found

    async def _enabled(self) -> tuple[Provider, ...]:
        providers = await self._deps.storage.read(lambda repos: repos.providers.list())
        enabled = tuple(provider for provider in providers if provider.enabled)
        for gone in self._known.keys() - {provider.id for provider in enabled}:
            del self._known[gone]
        return enabled


async def _at_once() -> None:
    return


def _named(found: ProviderModels, handle: str) -> Model | None:
    return next((model for model in found.models if model.handle == handle), None)


def _unknown(handle: str) -> NotFound:
    return NotFound(
        f"Handle {handle} not found: no connected server offers this model.",
        code="unknown_handle",
        hint="The list of models has the handles that can be used.",
    )


async def ask(deps: EngineDeps, provider: Provider) -> ProviderModels:
    """Asks one server; a failure is an answer too."""
    now = deps.clock.now()
    try:
        models = await asyncio.wait_for(deps.catalog.models(provider), PATIENCE)
    except TimeoutError:
        slow = f"{provider.title} did not answer within {PATIENCE:.0f} seconds at {shown(provider.base_url)}."
        hint = "Check that the server is running."
        if not is_nearby(provider.base_url):
            hint = "Check the network connection, then try again."
        if provider.base_url.lower().startswith("https:"):
            hint += " If it does not use TLS, enter its address with http:// in the settings."
        return ProviderModels(provider=provider, error=slow, hint=hint, checked_at=now)
    except AppError as error:
        return ProviderModels(provider=provider, error=error.message, hint=error.hint, checked_at=now)
    return ProviderModels(provider=provider, models=models, checked_at=now)
