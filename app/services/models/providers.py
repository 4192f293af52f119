"""Providers: the servers that offer models, and their keys (which live in the secret store, not in the database)."""

import asyncio
import contextlib
from urllib.parse import urlsplit

from app.domain.address import is_here, place_of, web_address
from app.domain.error import AppError, Conflict, Invalid
from app.domain.event import Changed
from app.domain.model import Provider, ProviderDraft, ProviderModels
from app.engine.deps import EngineDeps
from app.ports.secrets import HeldSecrets, SecretStore
from app.ports.storage import Repositories, Storage
from app.services.models.cache import ask
from app.services.models.variables import consent

REMOVED = "servers.removed"
"""Setting: where on this computer a server was that somebody removed, as `host:port`."""
IN_DOUBT = "servers.keys_in_doubt"
"""Setting: ids of the servers whose row and key are just being stored or deleted."""
Place = tuple[str, int]


class Providers:
    def __init__(self, deps: EngineDeps, secrets: HeldSecrets) -> None:
        self._deps = deps
        self._secrets = secrets

    async def list(self) -> tuple[Provider, ...]:
        return await self._deps.storage.read(lambda repos: repos.providers.list())

    async def add(self, draft: ProviderDraft) -> Provider:
        """Adds a server.

        Raises `Conflict` when the name is taken, or when the same server is there already (`server_known`), unless
        this one comes with a key that the other does not have; `Invalid` for a name or address that cannot be.
        """
        provider = self._provider(draft, self._deps.ids.new("provider"))
        accounts = await self._other_accounts(draft)
        if draft.key:
            await self._deps.storage.write(lambda repos: _doubt(repos, provider.id))
        await self._keep_key(provider.id, draft.key)

        def work(repos: Repositories) -> Provider:
            for known in repos.providers.list():
                if known.name != provider.name and known.id not in accounts and _is_same_server(known, provider):
                    raise Conflict(
                        f"{known.base_url} is there already, as the server “{known.name}”.",
                        code="server_known",
                        hint=f"Use “{known.name}”, or change it where the servers are listed.",
                    )
            repos.providers.add(provider)
            _doubt_no_more(repos, provider.id)
            _remember_removed(repos, provider, removed=False)
            _note(repos, provider.id)
            return provider

        try:
            return await self._deps.storage.write(work)
        except AppError:
            await self._forget_key(provider.id)  # no row would ever lead to this key
            raise

    async def update(self, provider_id: str, draft: ProviderDraft) -> Provider:
        """Changes a server. A key of None keeps the stored one, an empty one removes it.

        A key belongs to the address it was entered for: with a new address and no key for it, the old key is removed.
        """
        old = await self._deps.storage.read(lambda repos: repos.providers.get(provider_id))
        _check_own(old)
        changed = self._provider(draft, provider_id)
        if draft.key is None and not _same_place(old.base_url, changed.base_url):
            draft = draft.model_copy(update={"key": ""})
        has_key = old.has_key if draft.key is None else bool(draft.key)
        update = {"has_key": has_key, "version": old.version + 1, "created_at": old.created_at, "kind": old.kind}
        provider = changed.model_copy(update=update)
        await self._keep_key(provider_id, draft.key)

        def work(repos: Repositories) -> Provider:
            repos.providers.save(provider)
            _note(repos, provider_id)
            return provider

        return await self._deps.storage.write(work)

    async def delete(self, provider_id: str) -> None:
        """Removes a server and its key. Agents that use its models keep their handle and say what is missing."""

        def work(repos: Repositories) -> None:
            provider = repos.providers.get(provider_id)
            if provider.kind == "demo":
                raise Invalid("The demo is built in and cannot be removed.")
            _check_own(provider)
            repos.providers.delete(provider_id)
            _doubt(repos, provider_id)
            _remember_removed(repos, provider, removed=True)
            _note(repos, provider_id)

        await self._deps.storage.write(work)
        await self._deps.catalog.forget(provider_id)
        await self._forget_key(provider_id)

    async def consent(self, provider_id: str) -> Provider:
        """A person agrees that conversations go to a server that a variable names: it is used from now on."""
        return await self._deps.storage.write(lambda repos: consent(repos, repos.providers.get(provider_id)))

    async def test(self, draft: ProviderDraft, provider_id: str | None = None) -> ProviderModels:
        """Makes a real call with these values and stores nothing.

        Without a key it uses the stored one, but only at the address that it belongs to.
        """
        trial = self._provider(draft, self._deps.ids.new("provider"))
        key = draft.key
        if key is None and provider_id is not None and await self._is_at(provider_id, trial.base_url):
            key = await asyncio.to_thread(self._secrets.get, secret_name(provider_id))
        try:
            if not key:
                return await ask(self._deps, trial.model_copy(update={"has_key": False}))
            self._secrets.hold(secret_name(trial.id), key.strip())
            return await ask(self._deps, trial.model_copy(update={"has_key": True}))
        finally:
            await self._deps.catalog.forget(trial.id)
            self._secrets.drop(secret_name(trial.id))

    async def _other_accounts(self, draft: ProviderDraft) -> set[str]:
        """The servers that do not have the key of a draft: with it, the same address is another account."""
        key = (draft.key or "").strip()
        if not key:
            return set()
        held = {one.id: await asyncio.to_thread(self._secrets.get, secret_name(one.id)) for one in await self.list()}
        return {provider_id for provider_id, other in held.items() if other != key}

    async def _is_at(self, provider_id: str, address: str) -> bool:
        known = await self._deps.storage.read(lambda repos: repos.providers.get(provider_id))
        return _same_place(known.base_url, address)

    async def _forget_key(self, provider_id: str) -> None:
        await asyncio.to_thread(self._secrets.delete, secret_name(provider_id))
        with contextlib.suppress(AppError):  # it stays in doubt until the next start
            await self._deps.storage.write(lambda repos: _doubt_no_more(repos, provider_id))

    async def _keep_key(self, provider_id: str, key: str | None) -> None:
        if key:
            await asyncio.to_thread(self._secrets.set, secret_name(provider_id), key.strip())
        elif key == "":
            await asyncio.to_thread(self._secrets.delete, secret_name(provider_id))

    def _provider(self, draft: ProviderDraft, provider_id: str) -> Provider:
        name = draft.name.strip()
        if not name or "/" in name or len(name) > 60:
            raise Invalid("A server needs a name of 1 to 60 characters without a slash.")
        now = self._deps.clock.now()
        return Provider(
            id=provider_id,
            name=name,
            kind=draft.kind,
            base_url=_address(draft.base_url),
            has_key=bool(draft.key),
            created_at=now,
            updated_at=now,
        )


def secret_name(provider_id: str) -> str:
    """Under which name a provider's key is kept."""
    return f"provider/{provider_id}"


def _check_own(provider: Provider) -> None:
    if provider.variable:
        raise Invalid(
            f"{provider.name} comes from the variable {provider.variable}, so it is not Lares's to change.",
            code="from_variable",
            hint="Change or remove the variable where it is set, then start Lares again.",
        )


def _address(text: str) -> str:
    address = web_address(text)
    if address is None:
        raise Invalid(f"“{text.strip()}” is not a web address.", hint="Write it like http://127.0.0.1:8080")
    return address


async def forget_stray_keys(storage: Storage, secrets: SecretStore) -> None:
    """Deletes the keys of servers that are not there: an engine may die between the row and the key."""
    doubted = await storage.read(_doubted)
    if not doubted:
        return
    known = {one.id for one in await storage.read(lambda repos: repos.providers.list())}
    for provider_id in doubted - known:
        await asyncio.to_thread(secrets.delete, secret_name(provider_id))
    await storage.write(lambda repos: repos.settings.set(IN_DOUBT, []))


def _doubted(repos: Repositories) -> set[str]:
    setting = repos.settings.get(IN_DOUBT)
    return {str(one) for one in setting.rows} if setting else set()


def _doubt(repos: Repositories, provider_id: str) -> None:
    repos.settings.set(IN_DOUBT, sorted(_doubted(repos) | {provider_id}))


def _doubt_no_more(repos: Repositories, provider_id: str) -> None:
    before = _doubted(repos)
    if provider_id in before:
        repos.settings.set(IN_DOUBT, sorted(before - {provider_id}))


def removed_places(repos: Repositories) -> set[Place]:
    """The places on this computer whose servers somebody removed: they are not connected again by themselves."""
    setting = repos.settings.get(REMOVED)
    kept = setting.rows if setting else []
    places = (place_of(str(one)) for one in kept)
    return {place for place in places if place is not None}


def _remember_removed(repos: Repositories, provider: Provider, *, removed: bool) -> None:
    """Heeds whoever removes a server of this computer, until it is added again."""
    place = place_of(provider.base_url)
    if place is None or not is_here(provider.base_url):
        return
    before = removed_places(repos)
    after = before | {place} if removed else before - {place}
    if after != before:
        written = (f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in after)
        repos.settings.set(REMOVED, sorted(written))


def _same_place(one: str, other: str) -> bool:
    """Whether two addresses are of the same server, asked in the same way: what a key may be shown to."""
    first, second = urlsplit(one), urlsplit(other)
    return (first.scheme, first.netloc.lower()) == (second.scheme, second.netloc.lower())


def _is_same_server(one: Provider, other: Provider) -> bool:
    """Whether two lead to the same models: `localhost` is 127.0.0.1, and `/v1` may be left out."""
    paths = {urlsplit(address).path.rstrip("/").removesuffix("/v1") for address in (one.base_url, other.base_url)}
    return one.kind == other.kind and len(paths) == 1 and place_of(one.base_url) == place_of(other.base_url)


def _note(repos: Repositories, provider_id: str) -> None:
    repos.changed(Changed(kind="provider", ids=(provider_id,)))
