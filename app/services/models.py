"""Models: what all providers offer right now."""

import asyncio

from app.domain.base import Micros
from app.domain.error import AppError, NotFound
from app.domain.model import Model, Provider, ProviderModels
from app.engine.bundle import EnginePorts

PATIENCE = 3.0
"""Seconds a server has to list its models before it counts as not answering."""
FRESH_FOR: Micros = 30_000_000


class Models:
    def __init__(self, ports: EnginePorts) -> None:
        self._ports = ports
        self._known: dict[str, ProviderModels] = {}

    async def list(self, refresh: bool = False) -> tuple[ProviderModels, ...]:
        """Every enabled provider with its models, or with the sentence why it has none. Asked side by side."""
        providers = await self._ports.storage.read(lambda repos: repos.providers.list())
        enabled = [provider for provider in providers if provider.enabled]
        return tuple(await asyncio.gather(*(self._one(provider, refresh) for provider in enabled)))

    async def find(self, handle: str) -> Model | None:
        """The model of a handle; None when its server does not answer, so that nothing is known of it.

        Raises `NotFound` when no such server is known, or when it answers and does not have the model.
        """
        name = handle.partition("/")[0]
        provider = await self._ports.storage.read(lambda repos: repos.providers.named(name))
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

    async def _one(self, provider: Provider, refresh: bool) -> ProviderModels:
        known = self._known.get(provider.id)
        now = self._ports.clock.now()
        fresh = known is not None and known.checked_at is not None and 0 <= now - known.checked_at < FRESH_FOR
        if known is not None and fresh and known.provider == provider and not refresh:
            return known
        found = self._known[provider.id] = await ask(self._ports, provider)
        return found


def _named(found: ProviderModels, handle: str) -> Model | None:
    return next((model for model in found.models if model.handle == handle), None)


def _unknown(handle: str) -> NotFound:
    return NotFound(
        f"Handle {handle} not found: no connected server offers this model.",
        code="unknown_handle",
        hint="The list of models has the handles that can be used.",
    )


async def ask(ports: EnginePorts, provider: Provider) -> ProviderModels:
    """Asks one server; a failure is an answer too."""
    now = ports.clock.now()
    try:
        models = await asyncio.wait_for(ports.catalog.models(provider), PATIENCE)
    except TimeoutError:
        slow = f"{provider.name} did not answer within {PATIENCE:.0f} seconds at {provider.base_url}."
        return ProviderModels(provider=provider, error=slow, hint="Look whether the server runs.", checked_at=now)
    except AppError as error:
        return ProviderModels(provider=provider, error=error.message, hint=error.hint, checked_at=now)
    return ProviderModels(provider=provider, models=models, checked_at=now)
