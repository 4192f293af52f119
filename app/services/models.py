"""Models: what all providers offer right now, which ones this computer could have, and getting and removing them."""

import asyncio
from collections.abc import Awaitable, Callable

from app.domain.address import is_here
from app.domain.base import Micros
from app.domain.error import AppError, Invalid, NotFound
from app.domain.fitness import FitReport
from app.domain.model import ComputerMemory, LoadedModel, Model, Provider, ProviderModels, Pull, RecommendedModel
from app.engine.bundle import EnginePorts
from app.ports.system import Computer
from app.services.notices import ModelNotices
from app.services.pulls import Pulls
from app.services.recommended import recommended, size_of
from app.services.stores import store_of

PATIENCE = 3.0
"""Seconds a server has to list its models before it counts as not answering."""
FRESH_FOR: Micros = 30_000_000
AFTER_CALL = 0.3
"""Seconds after a request at which its server is asked what it has loaded by then."""


class Models:
    def __init__(self, ports: EnginePorts, computer: Computer, reports: Callable[[], Awaitable[tuple[FitReport, ...]]]):
        """`reports`: what is known from fit tests."""
        self._ports = ports
        self._computer = computer
        self._reports = reports
        self._known: dict[str, ProviderModels] = {}
        self._notices = ModelNotices(ports.publish)
        self._pulls = Pulls(ports, computer, self._notices, self._read_anew)
        self._looking: dict[str, asyncio.Task[None]] = {}

    async def list(self, refresh: bool = False) -> tuple[ProviderModels, ...]:
        """Every enabled provider with its models, or with the sentence why it has none. Asked side by side."""
        enabled = await self._enabled()
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

    async def recommended(self) -> tuple[RecommendedModel, ...]:
        """The list that comes with Lares: what of it would fit into this computer, and what is there already."""
        total, _ = await asyncio.to_thread(self._computer.memory)
        installed = {
            model.name.removesuffix(":latest"): model
            for found in self._lists()
            if found.provider.kind == "ollama"
            for model in found.models
        }
        reports = {report.handle: report for report in await self._reports()}
        return recommended(total, installed, reports)

    async def memory(self) -> ComputerMemory:
        """The memory of this computer and the models in it, as far as their servers said when last asked."""
        total, used = await asyncio.to_thread(self._computer.memory)
        loaded = tuple(
            LoadedModel(
                provider_id=found.provider.id,
                handle=model.handle,
                name=model.name,
                bytes=model.loaded_bytes or model.size_bytes or 0,
                context=model.allocated_context,
            )
            for found in self._lists()
            if is_here(found.provider.base_url)
            for model in found.models
            if model.loaded
        )
        free = await asyncio.to_thread(self._computer.free_disk)
        return ComputerMemory(total_bytes=total, used_bytes=used, loaded=loaded, free_disk_bytes=free)

    async def pull(self, provider_id: str, name: str) -> Pull:
        """Begins a download, or goes on with one. It goes on without a window.

        Raises `ModelError` (`disk_full`), `Invalid` where the server's models are not Lares's to change.
        """
        name = name.strip()
        if not name:
            raise Invalid("Which model? The name is empty.", hint="Write it as the library does, for example qwen3:8b.")
        return await self._pulls.start(await self._provider(provider_id), name, size_of(name))

    async def pulls(self) -> tuple[Pull, ...]:
        return self._pulls.all()

    async def pause_pull(self, provider_id: str, name: str) -> Pull:
        """What is there is kept; `pull` goes on from it."""
        return await self._pulls.pause(provider_id, name.strip())

    async def cancel_pull(self, provider_id: str, name: str) -> None:
        await self._pulls.cancel(provider_id, name.strip())

    async def delete(self, provider_id: str, name: str) -> None:
        """Removes a model from its server's disk. Agents that use it keep their handle and say what is missing."""
        provider = await self._provider(provider_id)
        store = store_of(self._ports, provider)
        await self._pulls.cancel(provider_id, name)
        await store.delete(name)
        await self._read_anew(provider)

    async def unload(self, provider_id: str, name: str) -> None:
        """Frees the memory that a model takes; the next message loads it again."""
        provider = await self._provider(provider_id)
        await store_of(self._ports, provider).unload(name)
        await self._read_anew(provider)

    # For the engine's other parts

    @property
    def pulling(self) -> bool:
        return self._pulls.running

    def known(self, handle: str) -> Model | None:
        """What was last said of a model, without asking anybody."""
        return next((model for found in self._lists() for model in found.models if model.handle == handle), None)

    def answers(self, provider_id: str) -> bool | None:
        """Whether a provider's server answered when it was last asked; None if it never was."""
        known = self._known.get(provider_id)
        return None if known is None else not known.error

    async def begin(self) -> None:
        """Brings back the downloads that the last engine left, and follows what requests load."""
        await self._pulls.load()
        self._ports.windows.on_called = self._look_soon

    async def refresh(self, provider: Provider) -> None:
        """Asks a server again."""
        await self._one(provider, refresh=True)

    async def close(self) -> None:
        self._ports.windows.on_called = lambda provider: None
        for task in tuple(self._looking.values()):
            task.cancel()
            await asyncio.wait([task])
        await self._pulls.close()
        self._notices.close()

    def _look_soon(self, provider: Provider) -> None:
        """After a request a server on this computer may have loaded a model, perhaps with another context."""
        if is_here(provider.base_url) and provider.id not in self._looking:
            task = asyncio.get_running_loop().create_task(self._look(provider), name=f"look at {provider.name}")
            self._looking[provider.id] = task
            task.add_done_callback(lambda _: self._looking.pop(provider.id, None))

    async def _look(self, provider: Provider) -> None:
        await asyncio.sleep(AFTER_CALL)
        await self.refresh(provider)

    async def _read_anew(self, provider: Provider) -> None:
        await self._one(provider, refresh=True)
        self._notices.say(provider.id)

    async def _one(self, provider: Provider, refresh: bool) -> ProviderModels:
        known = self._known.get(provider.id)
        now = self._ports.clock.now()
        fresh = known is not None and known.checked_at is not None and 0 <= now - known.checked_at < FRESH_FOR
        if known is not None and fresh and known.provider == provider and not refresh:
            return known
        found = self._known[provider.id] = await ask(self._ports, provider)
        self._ports.windows.note(found.models)
        if known is not None and (known.models, known.error) != (found.models, found.error):
            self._notices.say(provider.id)
        return found

    def _lists(self) -> tuple[ProviderModels, ...]:
        return tuple(self._known.values())

    async def _enabled(self) -> tuple[Provider, ...]:
        providers = await self._ports.storage.read(lambda repos: repos.providers.list())
        enabled = tuple(provider for provider in providers if provider.enabled)
        for gone in self._known.keys() - {provider.id for provider in enabled}:
            del self._known[gone]
        return enabled

    async def _provider(self, provider_id: str) -> Provider:
        return await self._ports.storage.read(lambda repos: repos.providers.get(provider_id))


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
