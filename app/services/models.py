"""Models: what all providers offer right now."""

import asyncio

from app.domain.base import Micros
from app.domain.error import AppError, ModelError
from app.domain.model import Provider, ProviderModels
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

    async def _one(self, provider: Provider, refresh: bool) -> ProviderModels:
        known = self._known.get(provider.id)
        now = self._ports.clock.now()
        fresh = known is not None and known.checked_at is not None and now - known.checked_at < FRESH_FOR
        if known is not None and fresh and known.provider == provider and not refresh:
            return known
        found = self._known[provider.id] = await ask(self._ports, provider)
        return found


async def ask(ports: EnginePorts, provider: Provider) -> ProviderModels:
    """Asks one server; a failure is an answer too."""
    now = ports.clock.now()
    try:
        models = await asyncio.wait_for(ports.catalog.models(provider), PATIENCE)
    except TimeoutError:
        slow = f"{provider.name} did not answer within {PATIENCE:.0f} seconds at {provider.base_url}."
        return ProviderModels(provider=provider, error=slow, hint="Look whether the server runs.", checked_at=now)
    except ModelError as error:
        return ProviderModels(provider=provider, error=error.message, hint=error.hint, checked_at=now)
    except AppError as error:
        return ProviderModels(provider=provider, error=error.message, hint=error.hint, checked_at=now)
    return ProviderModels(provider=provider, models=models, checked_at=now)
