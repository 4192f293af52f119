"""Servers: which model servers answer on this computer right now, known ones and new ones. Asks no other computer.

Where nobody sits in front of Lares, it connects what it finds by itself; what somebody removed stays away.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from app.domain.address import is_here, place_of
from app.domain.error import AppError, Conflict, Invalid, ModelError
from app.domain.event import Changed
from app.domain.model import FoundServer, Provider, ProviderDraft, ServerPreset
from app.engine.deps import EngineDeps
from app.ports.system import ServerPrograms
from app.services.models.cache import ModelCache
from app.services.models.providers import Providers, removed_places
from app.services.models.variables import free_name

log = logging.getLogger(__name__)

LOOK_EVERY = 3.0
"""Seconds. With the second that looking takes, a server that appears or dies is noticed within five."""
LIST_EVERY = 12.0
"""Seconds: how old a list gets while somebody watches: other programs load models too."""
ADOPT_EVERY = 15.0
"""Seconds between two looks of an engine that connects what it finds while nobody watches."""
FIRST_LOOK = 3.0
"""Seconds that a list of models waits for the first look at most."""
STALE = 10.0
START_SECONDS = 45.0
"""How long a server that was started here has until it answers: Ollama looks for graphics cards first."""
START_EVERY = 0.3
SETTING = "servers.places"
"""Places to look at instead of the usual ones: a list of `host:port`. Only this computer's are looked at."""

Place = tuple[str, int]
Probe = Callable[[Iterable[Place]], Awaitable[tuple[FoundServer, ...]]]


@dataclass(frozen=True)
class KnownServers:
    """What is known of model servers in general."""

    presets: tuple[ServerPreset, ...]
    places: tuple[Place, ...]
    """Where they usually are."""
    probe: Probe
    programs: ServerPrograms
    """Those that can be started here."""


class Servers:
    """The servers of this computer that answer now, looked for every few seconds while somebody watches."""

    def __init__(
        self,
        deps: EngineDeps,
        cache: ModelCache,
        providers: Providers,
        known: KnownServers,
        watched: Callable[[], bool],
        *,
        adopts: bool = False,
    ) -> None:
        """`watched`: whether a client is connected; nothing is looked for while nobody is, unless the engine `adopts`:
        connects by itself what it finds, because nobody is there to do it.
        """
        self._deps = deps
        self._cache = cache
        self._providers = providers
        self._general = known
        self._watched = watched
        self._found: tuple[FoundServer, ...] | None = None
        self._found_at = 0.0
        self._looking = asyncio.Lock()
        self._listed_at: dict[str, float] = {}
        self._adopts = adopts
        self._starting: dict[str, asyncio.Task[None]] = {}
        """By the id of a provider; asked for twice, it is started once."""
        self._looked = asyncio.Event()
        if adopts:
            cache.until_known = self._first_look

    async def found(self) -> tuple[FoundServer, ...]:
        """The servers that answered when last looked for; looks at once if that is long ago."""
        if self._found is None or _seconds() - self._found_at > STALE:
            await self._look()
        return self._found or ()

    async def presets(self) -> tuple[ServerPreset, ...]:
        return self._general.presets

    async def startable(self) -> tuple[str, ...]:
        """Names of the presets whose program is installed on this computer."""
        return await asyncio.to_thread(self._general.programs.installed)

    async def start(self, provider_id: str) -> None:
        """Starts the server of a provider on this computer, because a person asked for it, and waits until it answers.

        It goes on when Lares ends. Raises `NotFound` where its program is not here, `ModelError` (`server_down`) where
        it ends at once or does not answer in `START_SECONDS`.
        """
        provider = next((one for one in await self._providers.list() if one.id == provider_id), None)
        place = place_of(provider.base_url) if provider is not None else None
        if provider is None or place is None or not is_here(provider.base_url):
            raise Invalid("Lares starts no server of another computer.", hint="Start it there.")
        task = self._starting.get(provider_id)
        if task is None or task.done():
            work = self._start(provider, place)
            task = self._starting[provider_id] = asyncio.get_running_loop().create_task(work, name="start a server")
        await asyncio.shield(task)

    async def _start(self, provider: Provider, place: Place) -> None:
        if place in await self._answering():
            return
        program = await asyncio.to_thread(self._general.programs.start, provider.kind, *place)
        label = next((one.label for one in self._general.presets if one.name == provider.kind), provider.name)
        begun = _seconds()
        while place not in await self._answering():
            words = await asyncio.to_thread(program.last_words)
            if words is not None:
                told = f" It said: {words}" if words else ""
                hint = "Start it yourself, or choose another model."
                raise ModelError(
                    f"{provider.name} ended as soon as it was started.{told}", code="server_down", hint=hint
                )
            if _seconds() - begun > START_SECONDS:
                message = f"{label} was started, but has not answered for {START_SECONDS:.0f} seconds."
                raise ModelError(message, code="server_down", hint="Wait a moment, then try again.")
            await asyncio.sleep(START_EVERY)

    async def _answering(self) -> set[Place | None]:
        await self._look()
        return {place_of(one.preset.base_url) for one in self._found or ()}

    async def adopt(self, found: FoundServer) -> Provider:
        """Adds a found server as a provider; one that is there already is given back."""
        preset = found.preset
        place = place_of(preset.base_url)
        if place is None or not is_here(preset.base_url):
            raise Invalid(f"“{preset.base_url}” is not on this computer.", hint="Add it in the settings instead.")
        known = await self._providers.list()
        for provider in known:
            if provider.kind == preset.kind and place_of(provider.base_url) == place:
                return provider
        name = free_name(preset.name, {provider.name for provider in known})
        try:
            return await self._providers.add(ProviderDraft(name=name, kind=preset.kind, base_url=preset.base_url))
        except Conflict:  # somebody was quicker
            return await self.adopt(found)

    async def adopt_found(self) -> tuple[Provider, ...]:
        """Adds what answers on this computer, needs no key and is not there yet, but for what somebody removed."""
        providers = await self._providers.list()
        left = await self._deps.storage.read(removed_places) | {place_of(one.base_url) for one in providers}
        found = [one for one in await self.found() if not one.needs_key and place_of(one.preset.base_url) not in left]
        return tuple([await self.adopt(one) for one in found])

    # For the engine's other parts

    def begin(self) -> "asyncio.Task[None]":
        """Looks again and again from now on, while somebody watches, until the task is cancelled."""
        return asyncio.get_running_loop().create_task(self._watch(), name="watch servers")

    async def _watch(self) -> None:
        while True:
            if self._watched() or self._is_due:
                try:
                    await self._look()
                    if self._adopts:
                        await self.adopt_found()
                except AppError as error:
                    log.warning("servers were not looked for: %s", error.message)
                except Exception:  # the boundary of this task: it must go on looking
                    log.exception("servers were not looked for")
                self._looked.set()
            await asyncio.sleep(LOOK_EVERY if self._watched() else LOOK_EVERY / 8)

    @property
    def _is_due(self) -> bool:
        return self._adopts and (not self._looked.is_set() or _seconds() - self._found_at > ADOPT_EVERY)

    async def _first_look(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FIRST_LOOK):
                await self._looked.wait()

    async def _look(self) -> None:
        async with self._looking:
            here = await self._providers_here()
            places = dict.fromkeys((*await self._places(), *here))
            found = await self._general.probe(places)
            before, self._found, self._found_at = self._found, found, _seconds()
            if before is not None and before != found:
                self._deps.publish(Changed(kind="provider", ids=()))
            answering = {place_of(one.preset.base_url) for one in found}
            seen = before or ()
            changed = {place_of(one.preset.base_url) for one in (*seen, *found) if (one in seen) != (one in found)}
            for place, providers in here.items():
                for provider in providers:
                    await self._follow(provider, answers=place in answering, changed=place in changed)

    async def _follow(self, provider: Provider, *, answers: bool, changed: bool) -> None:
        """Reads a server's list again when it came, went or changed, and now and then."""
        now = _seconds()
        old = now - self._listed_at.get(provider.id, -LIST_EVERY) >= LIST_EVERY
        believed = self._cache.answers(provider.id)
        if changed or (believed is not None and believed != answers) or (answers and old):
            self._listed_at[provider.id] = now
            await self._cache.refresh(provider)

    async def _places(self) -> tuple[Place, ...]:
        setting = await self._deps.storage.read(lambda repos: repos.settings.get(SETTING))
        if setting is None or not isinstance(setting.value, list):
            return self._general.places
        places = (place_of(str(address)) for address in setting.rows)
        return tuple(place for place in places if place is not None)

    async def _providers_here(self) -> dict[Place, list[Provider]]:
        """The providers on this computer by their place."""
        here: dict[Place, list[Provider]] = {}
        for provider in await self._providers.list():
            place = place_of(provider.base_url) if provider.enabled and is_here(provider.base_url) else None
            if place is not None:
                here.setdefault(place, []).append(provider)
        return here


def _seconds() -> float:
    """Goes on evenly, however the computer's clock is set."""
    return asyncio.get_running_loop().time()
