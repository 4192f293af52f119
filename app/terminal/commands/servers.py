"""`lares servers`: which model servers there are, adding, removing, testing and allowing them."""

import getpass
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.config import Config
from app.domain.address import is_here, place_of, web_address
from app.domain.error import Conflict, Invalid, NotFound
from app.domain.model import Provider, ProviderDraft, ProviderKind, ProviderModels, ServerPreset
from app.terminal.commands.columns import print_columns, say
from app.terminal.commands.over_link import DONE, FAILED, connect_found, over_link

if TYPE_CHECKING:
    from app.link.client import Services

OLLAMA_PORT = 11434


def list_servers(config: Config) -> int:
    return over_link(config, lambda services: _list(config, services))


def add(config: Config, address: str, name: str, kind: ProviderKind | None, with_key: bool) -> int:
    """`address`: also the name of a server that many people have, such as openai. `kind` None: found out by asking."""
    key = _read_key() if with_key else None
    return over_link(config, lambda services: _add(services, address, name, kind, key))


def remove(config: Config, name: str) -> int:
    async def work(services: "Services") -> int:
        await services.providers.delete((await _named(services, name)).id)
        say(f"Removed {name}.")
        return DONE

    return over_link(config, work)


def test(config: Config, name: str) -> int:
    """Asks the server for its models; 1 when it does not answer."""

    async def work(services: "Services") -> int:
        wanted = await _named(services, name)
        found = next((one for one in await services.models.list(True) if one.provider.id == wanted.id), None)
        return _tell(found or ProviderModels(provider=wanted, error=f"{name} is switched off."))

    return over_link(config, work)


def allow(config: Config, name: str) -> int:
    """Agrees that conversations go to a server elsewhere that a variable names."""

    async def work(services: "Services") -> int:
        wanted = await _named(services, name)
        if wanted.awaits_consent:
            await services.providers.consent(wanted.id)
        say(f"Agents that use {name} now send what they read and write to {_host(wanted)}.")
        return DONE

    return over_link(config, work)


async def _list(config: Config, services: "Services") -> int:
    await connect_found(config, services)
    rows = [_row(offer) for offer in await services.models.list(True)]
    print_columns([("SERVER", "KIND", "ADDRESS", "MODELS", ""), *rows])
    return DONE


def _row(offer: ProviderModels) -> tuple[str, ...]:
    provider = offer.provider
    notes = [
        f"from {provider.variable}" if provider.variable else "",
        "key stored" if provider.has_key and not provider.variable else "",
        "" if provider.kind == "demo" or is_here(provider.base_url) else "not on this computer",
        f"not allowed yet: lares servers allow {provider.name}" if provider.awaits_consent else offer.error,
    ]
    number = "-" if offer.error else str(len(offer.models))
    return provider.name, provider.kind, provider.base_url or "-", number, ", ".join(note for note in notes if note)


async def _add(services: "Services", address: str, name: str, kind: ProviderKind | None, key: str | None) -> int:
    preset = next((one for one in await services.servers.presets() if one.name == address), None)
    url = preset.base_url if preset is not None else web_address(address)
    if url is None:
        raise Invalid(f"“{address}” is not a web address.", hint="Write it like http://127.0.0.1:8080")
    taken = {one.name for one in await services.providers.list()}
    named = name or _free(_usual_name(preset, url), taken)
    if named in taken:
        raise Conflict(f"There is already a server named {named}.", hint="Choose another name with --name.")
    kind = kind or (preset.kind if preset is not None else None)
    found = await _tried(services, ProviderDraft(name=named, kind=kind or "ollama", base_url=url, key=key), kind)
    draft = ProviderDraft(name=named, kind=found.provider.kind, base_url=url, key=key)
    await services.providers.add(draft)
    say(f"Added {named}.")
    _tell(found)
    return DONE


async def _tried(services: "Services", draft: ProviderDraft, kind: ProviderKind | None) -> ProviderModels:
    """What the server says; without a kind it is asked as Ollama first, then as everybody else."""
    found = await services.providers.test(draft)
    if kind is not None or not found.error or (place_of(draft.base_url) or ("", 0))[1] == OLLAMA_PORT:
        return found
    return await services.providers.test(draft.model_copy(update={"kind": "openai"}))


async def _named(services: "Services", name: str) -> Provider:
    found = next((one for one in await services.providers.list() if one.name == name), None)
    if found is None:
        raise NotFound(f"There is no server “{name}”.", hint="lares servers list shows them.")
    return found


def _tell(found: ProviderModels) -> int:
    if found.error:
        say(f"{found.error} {found.hint}".strip())
        return FAILED
    count = len(found.models)
    say(f"{found.provider.name} answers and has {'1 model' if count == 1 else f'{count} models'}.")
    return DONE


def _usual_name(preset: ServerPreset | None, url: str) -> str:
    """With the port, so that two servers of one computer read as two."""
    parts = urlsplit(url)
    host = parts.hostname or "server"
    return preset.name if preset is not None else f"{host}:{parts.port}" if parts.port else host


def _free(name: str, taken: set[str]) -> str:
    names = (name, *(f"{name} {number}" for number in range(2, len(taken) + 3)))
    return next(one for one in names if one not in taken)


def _host(provider: Provider) -> str:
    return urlsplit(provider.base_url).hostname or provider.name


def _read_key() -> str:
    """Typed without being shown, or the first line of a pipe: on the command line every user could read it."""
    if sys.stdin is None:
        raise Invalid("There is no input to read the key from.")
    key = getpass.getpass("Key (not shown): ") if sys.stdin.isatty() else sys.stdin.readline()
    if not key.strip():
        raise Invalid("The key is empty.", hint="Leave --key out for a server without one.")
    return key.strip()
