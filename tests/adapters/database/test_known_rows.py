"""What the writer keeps of rows: always what the database says, whatever is changed, fails or is rolled back."""

import random
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from app.adapters.database.known_rows import OVERHEAD, KnownRows
from app.domain.agent import Agent
from app.domain.base import Micros
from app.domain.block import Block
from app.domain.error import AppError, Invalid, NotFound
from app.domain.model import Provider
from app.domain.run import Run
from app.ports.storage import Repositories
from tests.adapters.database.making import World, branch, conversation, memory_event, step
from tests.support.values import samples
from tests.support.values.samples import NOON, some_id

pytestmark = pytest.mark.anyio
LATER: Micros = NOON + 1


class Life:
    """Random changes of everything that is kept, by the repositories' own methods."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.dice = random.Random(seed)
        self.agents = [world.agent.id]
        self.blocks: list[str] = []
        self.places = [world.conversation.id]
        self.runs: list[Run] = []
        self.number = 0

    def change(self, repos: Repositories) -> None:
        changes: list[Callable[[Repositories], None]] = [
            *(self.say, self.say, self.begin, self.end, self.step, self.leave),
            *(self.new_agent, self.rename, self.enlarge, self.delete_agent, self.undelete_agent),
            *(self.new_block, self.edit_block, self.hold, self.delete_block, self.undelete_block),
            *(self.fork, self.title, self.forget_place, self.set, self.tool, self.provider, self.remember),
        ]
        self.dice.choice(changes)(repos)

    def some(self, ids: list[str]) -> str:
        return self.dice.choice(ids or ["none"])

    def say(self, repos: Repositories) -> None:
        self.number += 1
        role = self.dice.choice(("user", "assistant"))
        repos.messages.append(self.some(self.places), self.world.message(f"number {self.number}", role))

    def leave(self, repos: Repositories) -> None:
        repos.messages.leave_context(self.some(self.places), self.dice.randint(1, 9), 10)

    def begin(self, repos: Repositories) -> None:
        run = self.world.run(conversation_id=self.some(self.places), agent_id=self.some(self.agents))
        self.runs.append(run)
        repos.runs.add(run, "{}")

    def end(self, repos: Repositories) -> None:
        run = repos.runs.get(self.some([run.id for run in self.runs]))
        repos.runs.save(run.model_copy(update={"status": self.dice.choice(("completed", "running"))}), "{}")

    def step(self, repos: Repositories) -> None:
        if self.runs:
            status = self.dice.choice(("completed", "failed"))
            new = step(self.dice.choice(self.runs), status=status, truncated=self.dice.random() < 0.5)
            repos.runs.add_step(new, (b"same", some_id("part").encode()), b"reply")

    def new_agent(self, repos: Repositories) -> None:
        held = tuple(self.dice.sample(self.blocks, min(len(self.blocks), 2)))
        agent = samples.agent(id=some_id("agent"), block_ids=held, tool_names=self.dice.choice(((), ("t0", "t1"))))
        self.agents.append(agent.id)
        repos.agents.add(agent)

    def rename(self, repos: Repositories) -> None:
        self._save(repos, name=some_id("agent"), tool_names=self.dice.choice(((), ("t0",), ("t1", "t0"))))

    def enlarge(self, repos: Repositories) -> None:
        self._save(repos, context_window=self.dice.randint(1_000, 90_000))

    def hold(self, repos: Repositories) -> None:
        self._save(repos, block_ids=tuple(self.dice.sample(self.blocks, min(len(self.blocks), 3))))

    def _save(self, repos: Repositories, **fields: object) -> None:
        repos.agents.save(repos.agents.get(self.some(self.agents)).model_copy(update=fields))

    def delete_agent(self, repos: Repositories) -> None:
        repos.agents.delete(self.some(self.agents), LATER)

    def undelete_agent(self, repos: Repositories) -> None:
        repos.agents.undelete(self.some(self.agents))

    def new_block(self, repos: Repositories) -> None:
        block = samples.block(id=some_id("block"), label=some_id("label"))
        self.blocks.append(block.id)
        repos.blocks.add(block)

    def edit_block(self, repos: Repositories) -> None:
        block = repos.blocks.get(self.some(self.blocks))
        repos.blocks.save(block.model_copy(update={"value": some_id("value"), "version": block.version + 1}))

    def delete_block(self, repos: Repositories) -> None:
        repos.blocks.delete(self.some(self.blocks), LATER)

    def undelete_block(self, repos: Repositories) -> None:
        repos.blocks.undelete(self.some(self.blocks))

    def fork(self, repos: Repositories) -> None:
        source = repos.conversations.get(self.some(self.places))
        new = branch(source, 3)
        self.places.append(new.id)
        repos.conversations.add(new)
        repos.conversations.copy_members(source.id, new.id, 3)

    def title(self, repos: Repositories) -> None:
        place = repos.conversations.get(self.some(self.places))
        repos.conversations.save(place.model_copy(update={"title": some_id("title")}))

    def forget_place(self, repos: Repositories) -> None:
        if self.dice.random() < 0.5:
            new = conversation(self.world.agent.id)
            self.places.append(new.id)
            repos.conversations.add(new)
        elif self.dice.random() < 0.5:
            repos.conversations.delete(self.some(self.places), LATER)
        else:
            repos.conversations.undelete(self.some(self.places))

    def set(self, repos: Repositories) -> None:
        repos.settings.set(self.dice.choice(("a", "b")), self.dice.random())

    def tool(self, repos: Repositories) -> None:
        repos.tools.upsert(samples.tool(name=self.dice.choice(("t0", "t1")), description=some_id("text")))

    def provider(self, repos: Repositories) -> None:
        known = repos.providers.list()
        if known and self.dice.random() < 0.7:
            renamed = {"name": f"p{self.dice.randint(0, 3)}", "base_url": f"http://{some_id('x')}"}
            repos.providers.save(self.dice.choice(known).model_copy(update=renamed))
        elif known and self.dice.random() < 0.3:
            repos.providers.delete(known[0].id)
        else:
            repos.providers.add(_provider(f"p{self.dice.randint(0, 3)}"))

    def remember(self, repos: Repositories) -> None:
        repos.history.add(memory_event(self.some(self.blocks), "x", "y"))

    def seen(self, repos: Repositories) -> dict[str, Any]:
        """Everything that may be kept, as these repositories tell it."""
        runs = [run.id for run in self.runs]
        models = sorted({agent.model for agent in repos.agents.list()} | {"demo/none"})
        return {
            "agents": [repos.agents.find(one) for one in self.agents],
            "blocks": [repos.blocks.find(one) for one in self.blocks],
            "held": [repos.blocks.of_agent(one) for one in self.agents],
            "places": [_or_none(repos.conversations.get, one) for one in self.places],
            "windows": [repos.messages.in_context(one) for one in self.places],
            "runs": [_or_none(repos.runs.get, one) for one in runs],
            "events": [_or_none(repos.runs.last_seq, one) for one in runs],
            "steps": [repos.runs.last_step(one, whole=whole) for one in self.agents for whole in (True, False)],
            "largest": [repos.agents.largest_window(one) for one in models],
            "last change": repos.history.last_seq(),
            "tools": repos.tools.by_names(("t0", "t1", "t2")),
            "providers": [repos.providers.named(f"p{n}") for n in range(4)],
            "settings": [repos.settings.get(key) for key in ("a", "b", "c")],
        }


def _provider(name: str) -> Provider:
    address = "http://127.0.0.1:1/v1"
    return Provider(
        id=some_id("provider"), name=name, kind="openai", base_url=address, created_at=NOON, updated_at=NOON
    )


def _or_none(read: Callable[[str], Any], key: str) -> Any:
    try:
        return read(key)
    except NotFound:
        return None


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
    other = sqlite3.connect(world.storage._file)
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
        repos.agents.db.exec_driver_sql("INSERT INTO agent_blocks VALUES ('none', 'none', 1)")
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
