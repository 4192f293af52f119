"""The small tables."""

import pytest

from app.domain.error import Conflict, NotFound
from app.domain.model import Provider
from app.domain.system import Blob
from app.domain.tool import NO_ACCESS, ToolAccess, ToolFolder
from tests.adapters.database.making import World
from tests.support.values import samples
from tests.support.values.samples import NOON, some_id

pytestmark = pytest.mark.anyio


async def test_a_tool_keeps_its_id_when_it_is_written_again(world: World) -> None:
    first = samples.tool("remember", tags=("x",), source_code="def f(): ...", parameters={"type": "object", "a": [1]})
    again = samples.tool("remember", description="new", version=2)
    other = samples.tool("recall")
    assert await world.storage.write(lambda repos: repos.tools.upsert(first)) == first
    assert await world.storage.read(lambda repos: repos.tools.list()) == (first,)
    stored = await world.storage.write(lambda repos: repos.tools.upsert(again))
    assert stored == again.model_copy(update={"id": first.id})
    await world.storage.write(lambda repos: repos.tools.upsert(other))
    found = await world.storage.read(lambda repos: repos.tools.by_names(("recall", "unknown", "remember")))
    assert found == (other, stored)


async def test_provider_names_are_unique(world: World) -> None:
    first = Provider(id=some_id("provider"), name="lmstudio", kind="openai", created_at=NOON, updated_at=NOON)
    second = first.model_copy(update={"id": some_id("provider"), "name": "other", "has_key": True})
    await world.storage.write(lambda repos: (repos.providers.add(first), repos.providers.add(second)))
    taken = second.model_copy(update={"name": "lmstudio"})
    for work in (
        lambda repos: repos.providers.add(taken.model_copy(update={"id": some_id("provider")})),
        lambda repos: repos.providers.save(taken),
    ):
        with pytest.raises(Conflict) as conflict:
            await world.storage.write(work)
        assert conflict.value.code == "name_taken"
    moved = second.model_copy(update={"base_url": "http://127.0.0.1:1", "version": 2})
    await world.storage.write(lambda repos: repos.providers.save(moved))
    assert await world.storage.read(lambda repos: repos.providers.list()) == (first, moved)
    assert await world.storage.read(lambda repos: repos.providers.named("other")) == moved
    await world.storage.write(lambda repos: repos.providers.delete(first.id))
    assert await world.storage.read(lambda repos: repos.providers.named("lmstudio")) is None
    for work in (lambda repos: repos.providers.get(first.id), lambda repos: repos.providers.delete(first.id)):
        with pytest.raises(NotFound):
            await world.storage.write(work)


async def test_settings_count_their_versions(world: World) -> None:
    value = {"theme": "dark", "sizes": [1, 2.5, None]}
    assert await world.storage.read(lambda repos: repos.settings.get("view")) is None
    assert (await world.storage.write(lambda repos: repos.settings.set("view", value))).version == 1
    assert (await world.storage.write(lambda repos: repos.settings.set("view", False))).version == 2
    await world.storage.write(lambda repos: repos.settings.set("a", value))
    stored = await world.storage.read(lambda repos: repos.settings.list())
    assert [(each.key, each.value, each.version) for each in stored] == [("a", value, 1), ("view", False, 2)]


async def test_a_blob_is_stored_once(world: World) -> None:
    blob = Blob(sha256="ab" * 32, media_type="image/png", size=3, width=1, height=2)
    await world.storage.write(lambda repos: (repos.blobs.put(blob, b"\x00\xffx"), repos.blobs.put(blob, b"\x00\xffx")))
    assert await world.storage.read(lambda repos: repos.blobs.get(blob.sha256)) == (blob, b"\x00\xffx")
    with pytest.raises(NotFound):
        await world.storage.read(lambda repos: repos.blobs.get("cd" * 32))


async def test_what_a_tool_may_use_is_kept_and_is_nothing_for_tools_of_earlier_versions(world: World) -> None:
    access = ToolAccess(network=True, folders=(ToolFolder(path="/notes", writable=True),))
    given = samples.tool("fetch", tool_type="custom", access=access, secret_names=("API_KEY",))
    await world.storage.write(lambda repos: (repos.tools.upsert(given), repos.tools.upsert(samples.tool("plain"))))
    first, second = await world.storage.read(lambda repos: repos.tools.by_names(("fetch", "plain")))
    assert (first.access, first.secret_names) == (access, ("API_KEY",))
    assert (second.access, second.secret_names) == (NO_ACCESS, ())
