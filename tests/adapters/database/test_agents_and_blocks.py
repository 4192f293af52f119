"""Agents, blocks, and what is attached to what."""

import pytest

from app.domain.agent import ModelSettings
from app.domain.error import NotFound
from app.domain.page import BlockFilter
from tests.adapters.database.making import World
from tests.support.values import samples
from tests.support.values.samples import NOON

pytestmark = pytest.mark.anyio


async def test_an_agent_comes_back_as_it_was_stored(world: World) -> None:
    blocks = [samples.block("human"), samples.block("persona")]
    tools = [samples.tool("archival_search"), samples.tool("memory_replace")]
    agent = samples.agent(
        tags=("a", "ü"),
        settings=ModelSettings(temperature=0.2, reasoning="high"),
        metadata={"deep": [1, {"x": None}]},
        block_ids=(blocks[1].id, blocks[0].id),
        tool_names=("memory_replace", "archival_search"),
        pinned=True,
    )

    def add(repos):
        for block in blocks:
            repos.blocks.add(block)
        for tool in tools:
            repos.tools.upsert(tool)
        repos.agents.add(agent)

    await world.storage.write(add)
    assert await world.storage.read(lambda repos: repos.agents.get(agent.id)) == agent
    assert await world.storage.read(lambda repos: repos.agents.list()) == (world.agent, agent)
    assert await world.storage.read(lambda repos: repos.blocks.of_agent(agent.id)) == (blocks[1], blocks[0])


async def test_saving_an_agent_writes_fields_and_links(world: World) -> None:
    block, other = samples.block("human"), samples.block("persona")
    before = samples.agent(block_ids=(block.id,))

    def add(repos):
        repos.blocks.add(block)
        repos.blocks.add(other)
        repos.agents.add(before)

    await world.storage.write(add)
    after = before.model_copy(update={"name": "Vesta", "version": 2, "block_ids": (other.id, block.id)})
    await world.storage.write(lambda repos: repos.agents.save(after))
    assert await world.storage.read(lambda repos: repos.agents.get(before.id)) == after
    assert await world.storage.read(lambda repos: repos.agents.holding(other.id)) == (before.id,)
    none = after.model_copy(update={"block_ids": ()})
    await world.storage.write(lambda repos: repos.agents.save(none))
    assert await world.storage.read(lambda repos: repos.agents.holding(other.id)) == ()


async def test_unknown_things_are_not_found(world: World) -> None:
    ghost = samples.agent()
    for work in (
        lambda repos: repos.agents.get(ghost.id),
        lambda repos: repos.agents.save(ghost),
        lambda repos: repos.agents.delete(ghost.id, NOON),
        lambda repos: repos.agents.undelete(ghost.id),
        lambda repos: repos.agents.add(ghost.model_copy(update={"block_ids": ("block-none",)})),
        lambda repos: repos.agents.add(ghost.model_copy(update={"tool_names": ("no_such_tool",)})),
        lambda repos: repos.blocks.get("block-none"),
        lambda repos: repos.blocks.save(samples.block()),
    ):
        with pytest.raises(NotFound):
            await world.storage.write(work)
    assert await world.storage.read(lambda repos: repos.agents.find(ghost.id)) is None
    assert await world.storage.read(lambda repos: repos.blocks.find("block-none")) is None


async def test_a_deleted_agent_can_be_brought_back(world: World) -> None:
    await world.storage.write(lambda repos: repos.agents.delete(world.agent.id, NOON))
    assert await world.storage.read(lambda repos: repos.agents.list()) == ()
    assert await world.storage.read(lambda repos: repos.agents.find(world.agent.id)) is None
    await world.storage.write(lambda repos: repos.agents.undelete(world.agent.id))
    assert await world.storage.read(lambda repos: repos.agents.list()) == (world.agent,)


async def test_a_deleted_block_returns_to_its_agents_even_if_they_were_saved_meanwhile(world: World) -> None:
    human, persona = samples.block("human"), samples.block("persona")
    agent = samples.agent(block_ids=(human.id, persona.id))

    def add(repos):
        repos.blocks.add(human)
        repos.blocks.add(persona)
        repos.agents.add(agent)

    await world.storage.write(add)
    await world.storage.write(lambda repos: repos.blocks.delete(human.id, NOON))
    without = await world.storage.read(lambda repos: repos.agents.get(agent.id))
    assert without.block_ids == (persona.id,)
    assert await world.storage.read(lambda repos: repos.blocks.list()) == (persona,)
    await world.storage.write(lambda repos: repos.agents.save(without.model_copy(update={"block_ids": ()})))
    await world.storage.write(lambda repos: repos.agents.save(without))
    await world.storage.write(lambda repos: repos.blocks.undelete(human.id))
    assert await world.storage.read(lambda repos: repos.agents.get(agent.id)) == agent


async def test_a_block_is_saved_whole(world: World) -> None:
    block = samples.block(tags=("x",), metadata={"k": "v"}, description="d")
    changed = block.model_copy(update={"value": "Name: Brad.", "limit": 10, "read_only": True, "version": 2})
    await world.storage.write(lambda repos: repos.blocks.add(block))
    assert await world.storage.read(lambda repos: repos.blocks.get(block.id)) == block
    await world.storage.write(lambda repos: repos.blocks.save(changed))
    assert await world.storage.read(lambda repos: repos.blocks.get(block.id)) == changed


async def test_metadata_nested_as_deep_as_can_be_written_is_read_again(world: World) -> None:
    deep: object = "x"
    for _ in range(240):
        deep = {"a": deep}
    changed = world.agent.model_copy(update={"metadata": {"deep": deep}})
    await world.storage.write(lambda repos: repos.agents.save(changed))
    stored = await world.storage.read(lambda repos: repos.agents.get(changed.id))
    assert stored.metadata == changed.metadata


async def test_what_can_be_shared_is_not_what_went_with_its_agents(world: World) -> None:
    """Blocks that only deleted agents had are not offered; one that was detached from everybody is."""
    own, theirs, both, gone, kept = (samples.block(label) for label in ("own", "style", "both", "style", "kept 50%"))
    asking = samples.agent(block_ids=(own.id, both.id))
    other = samples.agent(name="Juno", block_ids=(theirs.id, both.id, kept.id))
    deleted = samples.agent(name="Old Juno", block_ids=(gone.id, theirs.id))

    def add(repos):
        for block in (own, theirs, both, gone, kept):
            repos.blocks.add(block)
        for agent in (asking, other, deleted):
            repos.agents.add(agent)
        repos.agents.save(other.model_copy(update={"block_ids": (theirs.id, both.id)}))
        repos.agents.delete(deleted.id, NOON)

    async def found(search: str | None = None) -> list[str]:
        wanted = BlockFilter(shareable_with=asking.id, search=search)
        rows = await world.storage.read(lambda repos: repos.blocks.list(wanted))
        return [block.id for block in rows]

    await world.storage.write(add)
    assert await found() == [theirs.id, kept.id]
    assert await found("STYL") == [theirs.id]
    assert await found("juno") == [theirs.id], "a block is found by its owner"
    assert await found("old juno") == []
    assert await found("%") == [kept.id]
    assert await found(kept.value[1:6].upper()) == [theirs.id, kept.id]
