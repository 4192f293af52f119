"""Models: what all providers offer right now, which ones this computer could have, and getting and removing them."""

import asyncio
from collections.abc import Awaitable, Callable

from app.domain.address import is_here
from app.domain.error import Invalid
from app.domain.fitness import FitReport
from app.domain.model import ComputerMemory, LoadedModel, Model, Provider, ProviderModels, Pull, RecommendedModel
from app.engine.deps import EngineDeps
from app.ports.system import Computer
from app.services.models.cache import ModelCache
from app.services.models.pulls import Pulls
from app.services.models.recommended import Pace, pace_of, recommended, size_of, too_slow
from app.services.models.stores import store_of


class Models:
    def __init__(
        self,
        deps: EngineDeps,
        cache: ModelCache,
        pulls: Pulls,
        computer: Computer,
        reports: Callable[[], Awaitable[tuple[FitReport, ...]]],
    ) -> None:
        """`reports`: what is known from fit tests."""
        self._deps = deps
        self._cache = cache
        self._pulls = pulls
        self._computer = computer
        self._reports = reports

    async def list(self, refresh: bool = False) -> tuple[ProviderModels, ...]:
        """Every enabled provider with its models, or with the sentence why it has none. Asked side by side."""
        return await self._cache.all(refresh)

    async def find(self, handle: str) -> Model | None:
        """The model of a handle; None when its server does not answer, so that nothing is known of it.

        Raises `NotFound` when no such server is known, or when it answers and does not have the model.
        """
        return await self._cache.find(handle)

    async def recommended(self) -> tuple[RecommendedModel, ...]:
        """The list that comes with Lares: what of it would fit into this computer, and what is there already."""
        total, _ = await asyncio.to_thread(self._computer.memory)
        at_hand = await self._cache.at_hand()
        installed = {
            model.name.removesuffix(":latest"): model
            for found in at_hand
            if found.provider.kind == "ollama"
            for model in found.models
        }
        return recommended(total, installed, *await self._paces(at_hand))

    async def too_slow(self) -> dict[str, str]:
        """Models of this computer that nobody would wait for, by handle: how slow they would be, as a sentence."""
        at_hand = await self._cache.at_hand()
        return too_slow(_here(at_hand), *await self._paces(at_hand))

    async def _paces(self, at_hand: tuple[ProviderModels, ...]) -> tuple[dict[str, FitReport], Pace]:
        """What was tested, and how fast models are here."""
        reports = {report.handle: report for report in await self._reports()}
        read = await asyncio.to_thread(self._computer.model_bytes_per_second)
        return reports, pace_of(_here(at_hand), reports, read)

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
            for found in await self._cache.at_hand()
            if is_here(found.provider.base_url)
            for model in found.models
            if model.loaded
        )
        free = await asyncio.to_thread(self._computer.free_disk)
        return ComputerMemory(total_bytes=total, used_bytes=used, loaded=loaded, free_disk_bytes=free)

    async def pull(self, provider_id: str, name: str) -> Pull:
        """Begins a download, or goes on with one. It goes on without a window. `name` may be a page of Hugging Face.

        Raises `ModelError` (`disk_full`), `Invalid` where the server's models are not Lares's to change.
        """
        name = name.strip().removeprefix("https://").removeprefix("http://")
        if not name:
            raise Invalid("Which model? The name is empty.", hint="Write it as in the library, for example qwen3:8b.")
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
        store = store_of(self._deps, provider)
        await self._pulls.cancel(provider_id, name)
        await store.delete(name)
        await self._cache.refresh(provider)

    async def unload(self, provider_id: str, name: str) -> None:
        """Frees the memory that a model takes; the next message loads it again."""
        provider = await self._provider(provider_id)
        await store_of(self._deps, provider).unload(name)
        await self._cache.refresh(provider)

    async def _provider(self, provider_id: str) -> Provider:
        return await self._deps.storage.read(lambda repos: repos.providers.get(provider_id))


def _here(at_hand: tuple[ProviderModels, ...]) -> list[Model]:
    return [model for found in at_hand if is_here(found.provider.base_url) for model in found.models]
