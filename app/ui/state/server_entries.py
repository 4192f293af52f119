"""Servers as people see them: found, connected, known but silent. Plain values; asks nobody and draws nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from PySide6.QtCore import QCoreApplication

from app.domain.address import is_here
from app.domain.model import FoundServer, Provider, ProviderModels, ServerPreset
from app.ui.kit.wording import counted
from app.ui.state.model_entries import ModelsKnown

OFFERED = ("ollama", "lmstudio")
"""Servers that are proposed to people who have none."""

ServerState = Literal["found", "needs key", "not allowed", "silent", "absent"]


def tr(text: str) -> str:
    return QCoreApplication.translate("servers", text)


@dataclass(frozen=True)
class ServerEntry:
    title: str
    address: str
    state: ServerState
    models: int | None = None
    version: str = ""
    provider: Provider | None = None
    found: FoundServer | None = None
    preset: ServerPreset | None = None
    problem: str = ""

    @property
    def words(self) -> str:
        match self.state:
            case "found":
                one, many = tr("Found, {} model"), tr("Found, {} models")
                return tr("Found") if self.models is None else counted(self.models, one, many)
            case "needs key":
                return tr("Found, needs a key")
            case "not allowed":
                return tr("Not allowed yet")
            case "silent":
                return tr("Does not answer")
            case "absent":
                return tr("Not found")

    @property
    def kind(self) -> str:
        return {"found": "ok", "needs key": "warn", "not allowed": "warn", "silent": "danger", "absent": "warn"}[
            self.state
        ]


def server_entries(known: ModelsKnown) -> tuple[ServerEntry, ...]:
    """Connected servers, then those that were found, then those that many people have."""
    lines = [_connected(known, offer.provider) for offer in known.offers if offer.provider.kind != "demo"]
    taken = {line.address for line in lines}
    lines += [_found(found) for found in known.found if host_of(found.preset.base_url) not in taken]
    taken = {line.address for line in lines}
    names = {line.preset.name for line in lines if line.preset is not None}
    lines += [
        ServerEntry(preset.label, host_of(preset.base_url), "absent", preset=preset)
        for preset in known.presets
        if preset.name in OFFERED and preset.name not in names and host_of(preset.base_url) not in taken
    ]
    return tuple(lines)


def unconnected(known: ModelsKnown) -> tuple[FoundServer, ...]:
    """Found on this computer and not among the connected ones."""
    taken = {host_of(offer.provider.base_url) for offer in known.offers}
    return tuple(found for found in known.found if host_of(found.preset.base_url) not in taken)


def _connected(known: ModelsKnown, provider: Provider) -> ServerEntry:
    offer = next(offer for offer in known.offers if offer.provider.id == provider.id)
    address = host_of(provider.base_url)
    found = next((one for one in known.found if host_of(one.preset.base_url) == address), None)
    preset = found.preset if found is not None else _preset_at(known.presets, address)
    return ServerEntry(
        preset.label if preset is not None else provider.name,
        address,
        "not allowed" if provider.awaits_consent else "silent" if offer.error else "found",
        None if offer.error else len(offer.models),
        found.version if found is not None else "",
        provider,
        found,
        preset,
        f"{offer.error} {offer.hint}".strip(),
    )


def _found(found: FoundServer) -> ServerEntry:
    return ServerEntry(
        found.preset.label,
        host_of(found.preset.base_url),
        "needs key" if found.needs_key else "found",
        found.models,
        found.version,
        found=found,
        preset=found.preset,
    )


def _preset_at(presets: Sequence[ServerPreset], address: str) -> ServerPreset | None:
    return next((preset for preset in presets if host_of(preset.base_url) == address), None)


def host_of(url: str) -> str:
    """Host and port; this computer is always written in the same way."""
    return urlsplit(url).netloc.replace("localhost", "127.0.0.1")


def asked_ports(presets: Sequence[ServerPreset]) -> str:
    """The ports of this computer that were asked: `11434, 1234 and 8080`."""
    ports = [str(urlsplit(preset.base_url).port) for preset in presets if preset.local]
    if len(ports) < 2:
        return "".join(ports)
    return tr("{} and {}").format(", ".join(ports[:-1]), ports[-1])


def how_to_start(preset: ServerPreset) -> str:
    """What a person does so that it answers."""
    address = host_of(preset.base_url)
    steps = {
        "ollama": tr("Start the app Ollama, or type “ollama serve” in a terminal."),
        "lmstudio": tr("Open LM Studio, choose Developer, and switch the server on."),
        "llamacpp": tr("Type “llama-server -m model.gguf --jinja” in a terminal."),
        "jan": tr("Open Jan, choose Settings, Local API Server, and start it."),
        "vllm": tr("Type “vllm serve MODEL --enable-auto-tool-choice --tool-call-parser PARSER” in a terminal."),
    }
    first = steps.get(preset.name, tr("Start it."))
    return f"{first} {tr('Lares finds it at {} by itself.').format(address)}"


def other_hosts(offers: tuple[ProviderModels, ...]) -> tuple[str, ...]:
    """Hosts of enabled servers that are not this computer and may be used."""
    found: list[str] = []
    for offer in offers:
        host = urlsplit(offer.provider.base_url).hostname or ""
        usable = offer.provider.enabled and not offer.provider.awaits_consent
        if usable and host and not is_here(offer.provider.base_url) and host not in found:
            found.append(host)
    return tuple(found)
