"""Servers that a person entered: whom their keys are shown to, and lists that take nobody else down."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.domain.error import Conflict
from app.domain.model import ProviderDraft
from app.services import Services

pytestmark = pytest.mark.anyio
HERE = "http://127.0.0.1:9"
KEY = "sk-planted-1a2b3c"


def kept(folder: Path) -> str:
    file = folder / "keys.json"
    return file.read_text("utf-8") if file.exists() else ""


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:10",
        "https://127.0.0.1:9",
        "http://evil.example:9",
        "http://127.0.0.1.evil.example:9",
        "http://localhost:9",
    ],
)
async def test_a_key_does_not_follow_to_another_address(services: Services, data_folder: Path, address: str) -> None:
    provider = await services.providers.add(ProviderDraft(name="mine", base_url=HERE, key=KEY))
    renamed = await services.providers.update(provider.id, ProviderDraft(name="ours", base_url=f"{HERE}/v1"))
    assert renamed.has_key
    assert KEY in kept(data_folder)
    moved = await services.providers.update(provider.id, ProviderDraft(name="ours", base_url=address))
    assert not moved.has_key
    assert KEY not in kept(data_folder)


async def test_a_trial_shows_the_stored_key_only_where_it_belongs(services: Services) -> None:
    async with answering({"data": [{"id": "one"}]}) as (own, heard), answering({"data": []}) as (other, told):
        provider = await services.providers.add(ProviderDraft(name="mine", base_url=own, key=KEY))
        await services.providers.test(ProviderDraft(name="mine", base_url=own), provider.id)
        await services.providers.test(ProviderDraft(name="mine", base_url=other), provider.id)
        assert any(KEY in request for request in heard)
        assert told
        assert not any(KEY in request for request in told)


@pytest.mark.parametrize("address", [HERE, f"{HERE}/", f"{HERE}/v1", "http://localhost:9"])
async def test_the_same_server_is_not_added_twice(services: Services, address: str) -> None:
    await services.providers.add(ProviderDraft(name="mine", base_url=HERE, key=KEY))
    for key in (None, "", KEY):
        with pytest.raises(Conflict, match="is there already, as the server “mine”") as refused:
            await services.providers.add(ProviderDraft(name="again", base_url=address, key=key))
        assert refused.value.code == "server_known"
    assert [one.name for one in await services.providers.list() if one.kind != "demo"] == ["mine"]


@pytest.mark.parametrize(
    "other", [{"key": "sk-another"}, {"kind": "ollama"}, {"base_url": "http://127.0.0.1:10"}, {"base_url": f"{HERE}/b"}]
)
async def test_another_account_kind_or_address_is_another_server(services: Services, other: dict[str, str]) -> None:
    await services.providers.add(ProviderDraft(name="mine", base_url=HERE, key=KEY))
    draft = ProviderDraft.model_validate({"name": "other", "base_url": HERE, **other})
    assert (await services.providers.add(draft)).name == "other"


DEEP = '{"data": ' + "[" * 100_000 + "]" * 100_000 + "}"
LISTS = [
    {"data": [{"id": ["x"]}]},
    {"data": [{"id": {"a": 1}}, {"id": None}, {"id": 7}, "x", None, [[]]]},
    {"data": [{"id": "x", "meta": {"n_ctx": 10**30, "size": 10**400}}]},
    {"models": [{"name": ["x"], "details": [], "size": 10**30}], "data": None},
    {"data": [{"id": "x", "capabilities": [["a"], {"b": 1}], "architecture": [], "supported_parameters": 5}]},
    {"data": [{"id": "x", "name": ["y"], "owned_by": ["llamacpp"], "meta": "no", "top_provider": 3}]},
    [[[]]],
    DEEP,
    '{"data": [{"id": ' + "9" * 5000 + "}]}",
    '{"data": [{"id": "\\ud800"}]}',
]


@pytest.mark.allow_logs("cannot be read")
@pytest.mark.parametrize("listing", LISTS, ids=range(len(LISTS)))
@pytest.mark.parametrize("kind", ["openai", "ollama"])
async def test_an_odd_list_takes_down_its_own_server_only(services: Services, listing: object, kind: str) -> None:
    async with answering(listing) as (odd, _), answering({"data": [{"id": "fine"}]}) as (sound, _):
        draft = ProviderDraft(name="odd", base_url=odd, kind=kind)  # type: ignore[arg-type]
        await services.providers.add(draft)
        await services.providers.add(ProviderDraft(name="sound", base_url=sound))
        found = {one.provider.name: one for one in await services.models.list(refresh=True)}
        assert [model.name for model in found["sound"].models] == ["fine"]
        assert "odd" in found


@asynccontextmanager
async def answering(body: object) -> AsyncIterator[tuple[str, list[str]]]:
    """A server that answers everything with this body; its address, and what it was sent."""
    raw = body if isinstance(body, str) else json.dumps(body)
    heard: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append((await reader.readuntil(b"\r\n\r\n")).decode())
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(raw)}\r\n"
        writer.write(f"{head}Connection: close\r\n\r\n{raw}".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heard
