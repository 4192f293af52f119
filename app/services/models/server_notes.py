"""What was learnt of servers, in the settings, so that it is learnt once and not at each start."""

from typing import Any, cast

from app.domain.json_value import object_of
from app.domain.model import Provider
from app.ports.storage import Repositories, Storage

REFUSED = "servers.refused"
"""Setting: by provider id its address and, by model, what the server refused."""


class StoredNotes:
    """`ServerNotes` over the storage."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def read(self, provider: Provider) -> dict[str, frozenset[str]]:
        noted = _object((await self._storage.read(_noted)).get(provider.id))
        if noted.get("address") != provider.base_url:
            return {}
        models = _object(noted.get("models"))
        lists = {name: cast(list[object], parts) for name, parts in models.items() if isinstance(parts, list)}
        return {name: frozenset(map(str, parts)) for name, parts in lists.items()}

    async def write(self, provider: Provider, refused: dict[str, frozenset[str]]) -> None:
        models = {name: sorted(parts) for name, parts in refused.items()}

        def work(repos: Repositories) -> None:
            there = {one.id for one in repos.providers.list()}
            if provider.id not in there:
                return  # only tried, not added
            kept = {name: value for name, value in _noted(repos).items() if name in there}
            repos.settings.set(REFUSED, kept | {provider.id: {"address": provider.base_url, "models": models}})

        await self._storage.write(work)


def _object(value: object) -> dict[str, Any]:
    return object_of(value)


def _noted(repos: Repositories) -> dict[str, Any]:
    setting = repos.settings.get(REFUSED)
    return object_of(setting.value) if setting is not None else {}
