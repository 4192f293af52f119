"""Servers that variables of the environment name: brought into the list of servers at each start, and out of it again.

Not a service: the engine does it once, before anybody asks.
"""

from typing import Any

from app.domain.address import is_here, place_of
from app.domain.base import Micros
from app.domain.event import Changed
from app.domain.model import NamedServer, Provider
from app.ports.storage import Repositories
from app.ports.system import IdFactory

CONSENTS = "servers.consented"
"""Setting: the addresses of servers elsewhere that a person has agreed to."""


def follow_variables(
    repos: Repositories, named: tuple[NamedServer, ...], ids: IdFactory, now: Micros
) -> dict[str, str]:
    """Makes the servers that come from variables those that are named now; gives their keys by provider id.

    A server that was entered or found stays as it is, and wins over a variable that names the same one.
    """
    by_variable = {one.variable: one for one in named}
    for old in repos.providers.list():
        if old.variable and old.variable not in by_variable:
            _let_go(repos, old, now)
    keys: dict[str, str] = {}
    for server in named:
        provider = _followed(repos, server, ids, now)
        if provider is not None and server.key:
            keys[provider.id] = server.key
    return keys


def consent(repos: Repositories, provider: Provider) -> Provider:
    """A person agrees that conversations go to this address, now and after every start."""
    agreed = provider.model_copy(update={"awaits_consent": False, "version": provider.version + 1})
    repos.providers.save(agreed)
    addresses = _consents(repos)
    if provider.base_url not in addresses:
        repos.settings.set(CONSENTS, [*addresses, provider.base_url])
    repos.changed(Changed(kind="provider", ids=(provider.id,)))
    return agreed


def free_name(name: str, taken: set[str]) -> str:
    """The name, or the first number behind it that makes it free."""
    names = (name, *(f"{name} {number}" for number in range(2, len(taken) + 3)))
    return next(one for one in names if one not in taken)


def _let_go(repos: Repositories, old: Provider, now: Micros) -> None:
    """A server of this computer that needs no key stays, as one that was found: agents may live on it."""
    if old.has_key or not is_here(old.base_url):
        repos.providers.delete(old.id)
    else:
        repos.providers.save(old.model_copy(update={"variable": "", "version": old.version + 1, "updated_at": now}))


def _followed(repos: Repositories, server: NamedServer, ids: IdFactory, now: Micros) -> Provider | None:
    """The provider of a named server; None where another one leads to the same place already."""
    providers = repos.providers.list()
    known = next((one for one in providers if one.variable == server.variable), None)
    if any(_is_same(one, server) for one in providers if not one.variable):
        if known is not None:
            repos.providers.delete(known.id)
        return None
    update: dict[str, Any] = {
        "kind": server.kind,
        "base_url": server.base_url,
        "has_key": bool(server.key),
        "awaits_consent": not is_here(server.base_url) and server.base_url not in _consents(repos),
    }
    if known is not None:
        changed = known.model_copy(update=update)
        if changed != known:
            changed = changed.model_copy(update={"version": known.version + 1, "updated_at": now})
            repos.providers.save(changed)
        return changed
    name = free_name(server.name, {one.name for one in providers})
    provider = Provider(
        id=ids.new("provider"), name=name, variable=server.variable, created_at=now, updated_at=now, **update
    )
    repos.providers.add(provider)
    return provider


def _is_same(provider: Provider, server: NamedServer) -> bool:
    """Whether an own server leads where the variable leads, with all that is needed there."""
    leads_there = provider.kind == server.kind and place_of(provider.base_url) == place_of(server.base_url)
    return leads_there and provider.enabled and (provider.has_key or not server.key)


def _consents(repos: Repositories) -> list[str]:
    setting = repos.settings.get(CONSENTS)
    kept = setting.rows if setting is not None else []
    return [str(one) for one in kept]
