"""A random life of a database: changes of everything that is kept, by the repositories' own methods."""

import random
from collections.abc import Callable
from typing import Any

from app.domain.agent import AgentExtras
from app.domain.base import Micros
from app.domain.error import NotFound
from app.domain.model import Provider
from app.domain.run import Run
from app.ports.storage import Repositories
from tests.adapters.database.making import World, branch, conversation, memory_event, step
from tests.support.values import samples
from tests.support.values.samples import NOON, some_id

LATER: Micros = NOON + 1
TAGS = ("blue", "red", "Red", 'a tag, with "marks"')
IDENTITIES = ("identity-a", "identity-b")


class Life:
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
            *(self.fork, self.show, self.title, self.forget_place, self.set, self.tool, self.provider, self.remember),
            *(self.tag_agent, self.connect_agent, self.mark_agent, self.tag_block, self.save_deleted),
        ]
        self.dice.choice(changes)(repos)

    def some(self, ids: list[str]) -> str:
        return self.dice.choice(ids or ["none"])

    def some_of(self, words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(self.dice.sample(words, self.dice.randrange(len(words) + 1)))

    def now(self) -> Micros:
        self.number += 1
        return NOON + self.number

    def say(self, repos: Repositories) -> None:
        role = self.dice.choice(("user", "assistant"))
        place = repos.conversations.get(self.some(self.places))
        fields = {"at": self.now(), "agent_id": place.agent_id}
        repos.messages.append(place.id, self.world.message(f"number {self.number}", role, **fields))

    def leave(self, repos: Repositories) -> None:
        repos.messages.leave_context(self.some(self.places), self.dice.randint(1, 9), 10)

    def begin(self, repos: Repositories) -> None:
        place = repos.conversations.get(self.some(self.places))
        run = self.world.run(conversation_id=place.id, agent_id=place.agent_id)
        self.runs.append(run)
        repos.runs.add(run, "{}")

    def end(self, repos: Repositories) -> None:
        run = repos.runs.get(self.some([run.id for run in self.runs]))
        fields: dict[str, object] = {"status": self.dice.choice(("completed", "running"))}
        if fields["status"] == "completed" and run.completed_at is None:
            fields |= {"completed_at": self.now(), "stop_reason": self.dice.choice(("end_turn", "error"))}
        repos.runs.save(run.model_copy(update=fields), "{}")

    def step(self, repos: Repositories) -> None:
        if self.runs:
            status = self.dice.choice(("completed", "failed"))
            new = step(self.dice.choice(self.runs), status=status, truncated=self.dice.random() < 0.5)
            repos.runs.add_step(new, (b"same", some_id("part").encode()), b"reply")

    def new_agent(self, repos: Repositories) -> None:
        held = tuple(self.dice.sample(self.blocks, min(len(self.blocks), 2)))
        links = {"tags": self.some_of(TAGS), "extras": AgentExtras(identity_ids=self.some_of(IDENTITIES))}
        used = self.dice.choice(((), ("t0", "t1")))
        at = {"created_at": self.now(), "updated_at": self.now()}
        agent = samples.agent(id=some_id("agent"), block_ids=held, tool_names=used, **links, **at)
        self.agents.append(agent.id)
        repos.agents.add(agent)

    def rename(self, repos: Repositories) -> None:
        self._save(repos, name=some_id("agent"), tool_names=self.dice.choice(((), ("t0",), ("t1", "t0"))))

    def enlarge(self, repos: Repositories) -> None:
        self._save(repos, context_window=self.dice.randint(1_000, 90_000))

    def hold(self, repos: Repositories) -> None:
        self._save(repos, block_ids=tuple(self.dice.sample(self.blocks, min(len(self.blocks), 3))))

    def tag_agent(self, repos: Repositories) -> None:
        self._save(repos, tags=self.some_of(TAGS), updated_at=self.now())

    def connect_agent(self, repos: Repositories) -> None:
        self._save(repos, extras=AgentExtras(identity_ids=self.some_of(IDENTITIES)))

    def mark_agent(self, repos: Repositories) -> None:
        self._save(repos, pinned=self.dice.random() < 0.5, hidden=self.dice.random() < 0.3)

    def save_deleted(self, repos: Repositories) -> None:
        """As a block that comes back does with an agent that held it."""
        agent = repos.agents.find_deleted(self.some(self.agents))
        if agent is not None:
            repos.agents.save(agent.model_copy(update={"tags": self.some_of(TAGS)}))

    def _save(self, repos: Repositories, **fields: object) -> None:
        repos.agents.save(repos.agents.get(self.some(self.agents)).model_copy(update=fields))

    def delete_agent(self, repos: Repositories) -> None:
        repos.agents.delete(self.some(self.agents), LATER)

    def undelete_agent(self, repos: Repositories) -> None:
        repos.agents.undelete(self.some(self.agents))

    def new_block(self, repos: Repositories) -> None:
        block = samples.block(id=some_id("block"), label=some_id("label"), tags=self.some_of(TAGS))
        self.blocks.append(block.id)
        repos.blocks.add(block)

    def edit_block(self, repos: Repositories) -> None:
        block = repos.blocks.get(self.some(self.blocks))
        repos.blocks.save(block.model_copy(update={"value": some_id("value"), "version": block.version + 1}))

    def tag_block(self, repos: Repositories) -> None:
        block = repos.blocks.get(self.some(self.blocks))
        repos.blocks.save(block.model_copy(update={"tags": self.some_of(TAGS)}))

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

    def show(self, repos: Repositories) -> None:
        """Another branch of a thread."""
        shown = repos.conversations.get(self.some(self.places))
        thread = repos.conversations.get(shown.root_id)
        repos.conversations.save(thread.model_copy(update={"active_id": shown.id}))

    def title(self, repos: Repositories) -> None:
        place = repos.conversations.get(self.some(self.places))
        repos.conversations.save(place.model_copy(update={"title": some_id("title")}))

    def forget_place(self, repos: Repositories) -> None:
        if self.dice.random() < 0.5:
            new = conversation(self.some(self.agents))
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
