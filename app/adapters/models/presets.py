"""Model servers that many people have: where they usually are, and which of them answer on this computer now.

Looks at this computer only: addresses elsewhere are left out, and no proxy is used.
"""

import asyncio
import importlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.adapters.models.http.loose import JsonObject, objects, text
from app.domain.address import is_here
from app.domain.json_value import is_array, is_object, object_of
from app.domain.model import PRODUCTS, FoundServer, ServerPreset

if TYPE_CHECKING:
    import aiohttp

LOCAL = (
    ServerPreset(
        name="ollama",
        label=PRODUCTS["ollama"],
        kind="ollama",
        base_url="http://127.0.0.1:11434",
        local=True,
        page="https://ollama.com/download",
    ),
    ServerPreset(
        name="lmstudio",
        label=PRODUCTS["lmstudio"],
        kind="openai",
        base_url="http://127.0.0.1:1234/v1",
        local=True,
        page="https://lmstudio.ai/download",
    ),
    ServerPreset(
        name="llamacpp",
        label=PRODUCTS["llamacpp"],
        kind="openai",
        base_url="http://127.0.0.1:8080/v1",
        local=True,
        page="https://github.com/ggml-org/llama.cpp/releases",
    ),
    ServerPreset(
        name="jan",
        label=PRODUCTS["jan"],
        kind="openai",
        base_url="http://127.0.0.1:1337/v1",
        local=True,
        page="https://jan.ai/download",
    ),
    ServerPreset(
        name="vllm",
        label=PRODUCTS["vllm"],
        kind="openai",
        base_url="http://127.0.0.1:8000/v1",
        local=True,
        page="https://docs.vllm.ai",
    ),
)
CLOUD = (
    ServerPreset(
        name="openai",
        label=PRODUCTS["openai"],
        kind="openai",
        base_url="https://api.openai.com/v1",
        local=False,
        page="https://platform.openai.com/api-keys",
    ),
    ServerPreset(
        name="openrouter",
        label=PRODUCTS["openrouter"],
        kind="openai",
        base_url="https://openrouter.ai/api/v1",
        local=False,
        page="https://openrouter.ai/keys",
    ),
)
PRESETS = LOCAL + CLOUD
"""Servers that many people have: those of this computer first."""
PROBED = (
    ("127.0.0.1", 11434),
    ("127.0.0.1", 1234),
    ("127.0.0.1", 8080),
    ("127.0.0.1", 1337),
    ("127.0.0.1", 8000),
    ("127.0.0.1", 9931),
)
"""Where model servers usually are; llama-server is on its way from 8080 to 9931."""
PATIENCE = 1.0
MAX_BODY = 4_000_000

_OTHER = ServerPreset(name="local", label="Model server", kind="openai", base_url="", local=True, page="")
_OWNERS = {"llamacpp": "llamacpp", "vllm": "vllm"}
"""What the entries of a list of models give as their owner, by server."""


@dataclass(frozen=True)
class _Answer:
    status: int
    body: Any


async def probe(host_ports: Iterable[tuple[str, int]] = PROBED) -> tuple[FoundServer, ...]:
    """The model servers that answer at these places of this computer, in this order. Takes a second at most.

    Never raises. What runs at a place is known by its answers, not by its port.
    """
    places = [(host, port) for host, port in dict.fromkeys(host_ports) if is_here(f"http://{_written(host)}")]
    if not places:
        return ()
    await asyncio.to_thread(importlib.import_module, "aiohttp")
    async with _client() as client:
        found = await asyncio.gather(*(_look(client, f"http://{_written(host)}:{port}") for host, port in places))
    return tuple(one for one in found if one is not None)


async def _look(client: "aiohttp.ClientSession", root: str) -> FoundServer | None:
    routes = ("/api/version", "/api/tags", "/api/v0/models", "/v1/models")
    version, tags, own_list, listing = await asyncio.gather(*(_get(client, root + route) for route in routes))
    if version and version.status == 200 and (number := text(_field(version, "version"))):
        return _found("ollama", root, version=number, models=_length(tags, "models"))
    if own_list and _length(own_list, "data") is not None:
        return _found("lmstudio", f"{root}/v1", models=_length(own_list, "data"))
    if listing is None:
        return None
    models = _length(listing, "data")
    if listing.status == 200 and models is not None:
        return _found(_owner(listing) or _at_port(root), f"{root}/v1", models=models)
    if listing.status == 401 and isinstance(listing.body, dict):
        return _found(_at_port(root), f"{root}/v1", needs_key=True)
    if listing.status == 503 and _is_loading(listing):
        return _found("llamacpp", f"{root}/v1")
    return None


def _found(name: str, url: str, **seen: Any) -> FoundServer:
    preset = next((one for one in LOCAL if one.name == name), _OTHER)
    return FoundServer(preset=preset.model_copy(update={"base_url": url}), **seen)


def _owner(listing: _Answer) -> str:
    owners = {text(entry.get("owned_by")) for entry in objects(_field(listing, "data"))}
    return next((name for owner, name in _OWNERS.items() if owner in owners), "")


def _at_port(root: str) -> str:
    """The server that usually has this port, where its answers do not tell."""
    return next((one.name for one in LOCAL if one.kind == "openai" and one.base_url == f"{root}/v1"), "")


def _is_loading(listing: _Answer) -> bool:
    problem = _field(listing, "error")
    return is_object(problem) and "loading" in text(problem.get("message")).lower()


def _field(answer: _Answer, name: str) -> Any:
    return object_of(answer.body).get(name)


def _length(answer: _Answer | None, name: str) -> int | None:
    entries = _field(answer, name) if answer and answer.status == 200 else None
    return len(entries) if is_array(entries) else None


async def _get(client: "aiohttp.ClientSession", url: str) -> _Answer | None:
    """The answer with its body as JSON, None for a body that is none; None where nothing answers in time."""
    import aiohttp

    try:
        async with asyncio.timeout(PATIENCE), client.get(url, allow_redirects=False) as response:
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > MAX_BODY:
                    return None
    except (TimeoutError, aiohttp.ClientError, OSError):
        return None
    try:
        parsed: JsonObject | None = json.loads(body)
    except ValueError:
        parsed = None
    return _Answer(response.status, parsed)


def _client() -> "aiohttp.ClientSession":
    import aiohttp

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=None),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        headers={"accept": "application/json", "accept-encoding": "identity", "user-agent": "Lares"},
    )


def _written(host: str) -> str:
    return f"[{host}]" if ":" in host else host
