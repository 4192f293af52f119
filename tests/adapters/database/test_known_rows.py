"""What the writer keeps of rows: always what the database says, whatever is changed, fails or is rolled back."""

import random
import sqlite3

import pytest

from app.adapters.database.known_rows import OVERHEAD, KnownRows
from app.domain.agent import Agent
from app.domain.block import Block
from app.domain.error import AppError, Invalid
from app.domain.model import Provider
from app.domain.run import Run
from app.ports.storage import Repositories
from tests.adapters.database.life import Life
from tests.adapters.database.making import World, branch

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("seed", range(5))
async def test_the_writer_knows_what_the_database_says(world: World, seed: int) -> None:
    life = Life(world, seed)
    dice = random.Random(seed)
    done = 0
    for number in range(120):
        fails = number % 4 == 0

        def work(repos: Repositories, fails: bool = fails) -> None:
            for _ in range(dice.randint(1, 2)):
                life.change(repos)
                if dice.random() < 0.5:
                    life.seen(repos)
            if fails:
                raise Invalid("on purpose")

        try:
            await world.storage.write(work)
            done += 1
        except AppError:  # what cannot be done is refused, which is part of the life
            pass
        told = await world.storage.write(life.seen)
        assert told == await world.storage.read(life.seen)
    assert done > 25


async def test_what_another_program_writes_is_seen(world: World) -> None:
    await world.storage.write(lambda repos: repos.agents.get(world.agent.id))
    other = sqlite3.connect(world.storage.file)
    other.execute("UPDATE agents SET name = 'Another'")
    other.commit()
    other.close()
    agent = await world.storage.write(lambda repos: repos.agents.get(world.agent.id))
    assert agent.name == "Another"


async def test_a_transaction_whose_commit_fails_leaves_nothing_behind(world: World) -> None:
    def work(repos: Repositories) -> Agent:
        agent = repos.agents.get(world.agent.id)
        repos.agents.save(agent.model_copy(update={"name": "Never"}))
        # A reference that is checked at the commit, and fails there.
        repos.agents.db.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        repos.agents.db.exec_driver_sql("INSERT INTO agent_blocks VALUES ('none', 'none', 1, 0)")
        return repos.agents.get(world.agent.id)

    with pytest.raises(Exception, match="saved"):
        await world.storage.write(work)
    agent = await world.storage.write(lambda repos: repos.agents.get(world.agent.id))
    assert agent.name == world.agent.name


def test_the_least_used_go_first_and_the_bound_holds() -> None:
    known = KnownRows(most_bytes=3 * (OVERHEAD + 100))
    for name in "abc":
        known.keep("agent", name, name, 100)
    known.recall("agent", "a", lambda: "read")
    known.keep("agent", "d", "d", 100)
    assert [known.find("agent", name) for name in "abcd"] == ["a", None, "c", "d"]
    known.keep("agent", "e", "e", 10_000)
    assert known.find("agent", "e") is None
    assert known.bytes == 3 * (OVERHEAD + 100)
    for name in "abcd":
        known.forget("agent", name)
    assert known.bytes == 0


def test_types_that_are_kept_are_frozen() -> None:
    for kind in (Agent, Block, Provider, Run):
        assert kind.model_config.get("frozen")


@pytest.mark.parametrize("way", ["copy_members", "copy_without"])
async def test_what_is_copied_into_a_conversation_that_was_read_before_is_seen(world: World, way: str) -> None:
    await world.say("one", "two", "three")
    other = branch(world.conversation, 4)
    await world.storage.write(lambda repos: repos.conversations.add(other))
    # The writer has read the end and the window of the empty branch.
    assert await world.storage.write(lambda repos: repos.messages.in_context(other.id)) == ()

    def copied(repos: Repositories) -> tuple[int, list[str]]:
        if way == "copy_members":
            repos.conversations.copy_members(world.conversation.id, other.id, 4)
        else:
            repos.conversations.copy_without(world.conversation.id, other.id, 2, 1)
        position = repos.messages.append(other.id, world.message("more"))
        return position, [member.message.text for member in repos.messages.in_context(other.id)]

    position, texts = await world.storage.write(copied)
    expected = ["one", "two", "three", "more"] if way == "copy_members" else ["one", "three", "more"]
    assert (position, texts) == (len(expected), expected)
    seen = await world.storage.read(lambda repos: repos.messages.in_context(other.id))
    assert [member.message.text for member in seen] == expected
