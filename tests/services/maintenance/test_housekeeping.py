"""Housekeeping: a copy a day, and what was deleted long ago is forgotten, with all that nobody sees without it."""

import asyncio
import base64
import sqlite3
import zlib
from pathlib import Path
from typing import Any

import pytest

from app.adapters.database import SqliteBackups, list_backups
from app.adapters.secrets import open_secrets
from app.bootstrap import OpenEngine
from app.domain.agent import Agent, AgentDraft
from app.domain.block import BlockDraft, BlockPatch
from app.domain.error import NotFound
from app.domain.history import MemoryEvent
from app.domain.message import ImagePart, MessageDraft, TextPart
from app.domain.page import ConversationFilter
from app.domain.turn import Feedback
from app.ports.storage import Forgotten
from app.services import Services
from app.services.maintenance.housekeeping import BELIEVED, DAY, SEEN, SET_RIGHT, SEVERAL, Housekeeping
from tests.support.engine.talking import events_of, say

pytestmark = pytest.mark.anyio
PNG = b"\x89PNG\r\n\x1a\n"


class Later:
    """The real clock, so much later."""

    def __init__(self, engine: OpenEngine) -> None:
        self._clock = engine.clock
        self.by = 0

    def now(self) -> int:
        return self._clock.now() + self.by

    def ticks(self) -> int:
        return self._clock.ticks()


class House:
    """A housekeeping whose clock tests set."""

    def __init__(self, engine: OpenEngine, folder: Path, copies: Path | None = None) -> None:
        self.folder = folder
        self.clock = Later(engine)
        self.secrets = open_secrets(folder)
        backups = SqliteBackups(copies or folder, self.clock)
        self.notices: list[str] = []
        self._engine = engine
        self._keeping = Housekeeping(engine.storage, backups, self.secrets, self.clock, self.notices)

    async def keep(self, days: float, passed: int = DAY) -> None:
        """After so many days, the last of several in a row. `passed`: since the clock was last seen."""
        self.clock.by = round(days * DAY)
        seen = self.clock.now() - passed
        await self._engine.storage.write(lambda repos: repos.settings.set(SEEN, {"at": seen, "days": SEVERAL - 1}))
        await self._keeping.once()

    async def just_keep(self, days: float) -> None:
        self.clock.by = round(days * DAY)
        await self._keeping.once()

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.folder / "lares.db")
        try:
            return connection.execute(statement).fetchall()
        finally:
            connection.close()

    def traces_of(self, *ids: str) -> dict[str, int]:
        """Tables in which any of these ids stands anywhere, with the number of such rows."""
        found: dict[str, int] = {}
        for (table,) in self.rows(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'message_se%'"
        ):
            rows = self.rows(f"SELECT * FROM {table}")
            count = sum(any(i in str(value) for i in ids for value in row) for row in rows)
            if count:
                found[table] = count
        return found

    def check(self) -> None:
        """Nothing refers to what is gone, and the search index agrees with itself."""
        assert self.rows("PRAGMA foreign_key_check") == []
        assert self.rows("PRAGMA integrity_check") == [("ok",)]
        stored = dict(self.rows("SELECT hash, content FROM request_parts"))
        hashes = {part for (joined,) in self.rows("SELECT request FROM steps") for part in _hashes(joined, stored)}
        assert {part for (part,) in self.rows("SELECT hash FROM request_parts")} == hashes
        indexed = {seq for (seq,) in self.rows("SELECT id FROM message_search_docsize")}
        assert indexed <= {seq for (seq,) in self.rows("SELECT seq FROM messages")}


def _hashes(joined: bytes, stored: dict[bytes, bytes]) -> list[bytes]:
    """Those of the parts, and of the leaves that a long list begins with."""
    leaves = int.from_bytes(joined[:4], "big") if len(joined) % 32 else 0
    hashes = [joined[at : at + 32] for at in range(len(joined) % 32, len(joined), 32)]
    inner = b"".join(zlib.decompress(stored[leaf]) for leaf in hashes[:leaves])
    return hashes + [inner[at : at + 32] for at in range(0, len(inner), 32)]


@pytest.fixture
async def house(engine: OpenEngine, data_folder: Path) -> House:
    own = engine._keeping_house
    if own is not None:
        # It would look at the true clock in between.
        own.cancel()
        await asyncio.wait([own])
    return House(engine, data_folder)


async def image(services: Services, mark: str) -> ImagePart:
    blob = await services.blobs.put(base64.b64encode(PNG + mark.encode()).decode(), "image/png")
    return ImagePart(sha256=blob.sha256, media_type="image/png")


async def shown(services: Services, agent: Agent, *parts: ImagePart) -> None:
    """Says something with images."""
    thread = await services.conversations.default_of(agent.id)
    draft = MessageDraft(parts=(TextPart(text="Straße und 東京 wie im Bild"), *parts))
    await events_of(services, (await services.runs.start(thread.active_id, draft)).id)


async def all_of(services: Services, agent: Agent) -> list[Any]:
    """Everything that a person can see of an agent."""
    seen: list[Any] = [await services.agents.get(agent.id), await services.blocks.of_agent(agent.id)]
    seen.append([row for row in await services.agents.list() if row.agent.id == agent.id])
    seen.append(await services.history.of_agent(agent.id, limit=500))
    seen.append(await services.messages.search("name Straße", agent_id=agent.id, limit=500))
    for thread in await services.conversations.list(ConversationFilter(agent_id=agent.id)):
        page = await services.messages.page(thread.active_id, limit=500)
        seen += [page, [await services.runs.trace(step.id) for step in page.steps]]
        seen += [[event for event in await events_of(services, run.id) if event.whole] for run in page.runs]
    return seen


async def a_life(services: Services, name: str) -> Agent:
    """An agent with all that can hang on one."""
    agent = await services.agents.create_demo()
    await say(services, agent, f"my name is {name}, not Chad")
    await shown(services, agent, await image(services, name), await image(services, "both"))
    thread = await services.conversations.default_of(agent.id)
    await services.conversations.branch(thread.active_id, 3)
    await say(services, agent, "what do you know about me?")
    await services.conversations.fork(thread.id)
    await services.agent_secrets.replace(agent.id, {"API_KEY": f"secret of {name}"})
    run = (await services.runs.list(agent_id=agent.id))[0]
    positive: Feedback = "positive"
    await services.steps.give_feedback((await services.runs.steps(run.id))[0].id, positive, ("good",))
    return await services.agents.get(agent.id)


async def ids_of(services: Services, agent: Agent) -> list[str]:
    runs = await services.runs.list(agent_id=agent.id, limit=500)
    own = [block.id for block in await services.blocks.of_agent(agent.id) if block.label != "shared"]
    return [agent.id, *own, *(run.id for run in runs)]


async def test_an_agent_deleted_31_days_ago_vanishes_with_all_that_only_it_had(services: Services, house: House):
    gone, stays = await a_life(services, "Brad"), await a_life(services, "Zoë")
    shared = await services.blocks.create(gone.id, BlockDraft(label="shared", value="ours"))
    await services.blocks.attach(stays.id, shared.id)
    await services.blocks.update(shared.id, BlockPatch(value="ours, changed"))
    ids = await ids_of(services, gone)
    await services.agents.delete(gone.id)
    before = await all_of(services, stays)

    await house.keep(31)

    left = house.traces_of(*ids)
    # The history of a block that another agent holds names who had it.
    assert set(left) <= {"memory_events"}, left
    for event in await services.history.of_block(shared.id):
        assert event.target_id == shared.id
    assert await all_of(services, stays) == before
    assert house.secrets.get(f"agent/{gone.id}/API_KEY") is None
    assert house.secrets.get(f"agent/{stays.id}/API_KEY") == "secret of Zoë"
    assert len(house.rows("SELECT * FROM blobs")) == 2
    with pytest.raises(NotFound):
        await services.agents.undelete(gone.id)
    house.check()


async def test_what_was_deleted_29_days_ago_can_be_brought_back_whole(services: Services, house: House):
    agent = await a_life(services, "Brad")
    block = next(block for block in await services.blocks.of_agent(agent.id) if block.label == "human")
    await services.blocks.delete(block.id)
    fork = (await services.conversations.list(ConversationFilter(agent_id=agent.id)))[1]
    before = await all_of(services, agent)
    await services.conversations.delete(fork.id)
    await services.agents.delete(agent.id)

    await house.keep(29.9)

    await services.agents.undelete(agent.id)
    await services.conversations.undelete(fork.id)
    assert await all_of(services, agent) == before
    deletion = next(event for event in await services.history.of_block(block.id) if event.op == "delete")
    await services.history.undo(deletion.seq)
    assert (await services.blocks.get(block.id)).value == block.value
    house.check()


async def test_a_deleted_conversation_goes_and_its_fork_keeps_all_it_shows(services: Services, house: House):
    agent = await services.agents.create_demo()
    thread = await services.conversations.create(agent.id)
    for text in ("my name is Brad, not Chad", "Straße"):
        run = await services.runs.start(thread.id, MessageDraft.of(text))
        await events_of(services, run.id)
    fork = await services.conversations.fork(thread.id)
    last = await services.runs.start(thread.id, MessageDraft.of("only before the fork goes: zebra"))
    await events_of(services, last.id)
    await say(services, agent, "hello")
    await services.conversations.delete(thread.id)
    before = await all_of(services, agent)

    await house.keep(31)

    after = await all_of(services, agent)
    assert after == before
    assert [hit.conversation_id for hit in await services.messages.search("Brad", agent_id=agent.id)] != []
    assert house.traces_of(last.id) == {}
    house.check()

    await services.conversations.delete(fork.id)
    await house.keep(62)
    assert set(house.traces_of(run.id)) <= {"memory_events"}
    assert house.traces_of(thread.id, fork.id) == {}
    assert len(await services.conversations.list(ConversationFilter(agent_id=agent.id))) == 1
    house.check()


async def test_the_agent_list_shows_what_is_left_when_the_last_words_are_deleted_and_forgotten(
    services: Services, house: House
):
    agent = await services.agents.create_demo()
    await say(services, agent, "hello")
    words = (await services.agents.list())[0].last_text
    thread = await services.conversations.create(agent.id)
    await events_of(services, (await services.runs.start(thread.id, MessageDraft.of("my name is Brad"))).id)
    newest = (await services.agents.list())[0].last_text
    await services.conversations.delete(thread.id)
    assert (await services.agents.list())[0].last_text == words
    await services.conversations.undelete(thread.id)
    assert (await services.agents.list())[0].last_text == newest != words
    await services.conversations.delete(thread.id)

    await house.keep(31)

    assert (await services.agents.list())[0].last_text == words
    other = await services.agents.create_demo()
    await say(services, other, "a message that may get the number of a forgotten one")
    mine = next(row for row in await services.agents.list() if row.agent.id == agent.id)
    assert mine.last_text == words
    house.check()


async def test_changes_of_memory_stay_with_agents_that_remember_them(services: Services, house: House):
    agent = await services.agents.create_demo()
    other = await services.agents.create(AgentDraft(name="Other", model="demo/vesta"))
    block = await services.blocks.create(agent.id, BlockDraft(label="plans", value="one " * 500))
    await services.blocks.attach(other.id, block.id)
    await services.blocks.update(block.id, BlockPatch(value="two " * 500))
    await services.blocks.delete(block.id)
    alone = await services.blocks.add(BlockDraft(label="alone"))
    await services.blocks.delete(alone.id)
    await services.agents.delete(agent.id)

    def told(events: tuple[MemoryEvent, ...]) -> list[tuple[object, ...]]:
        return [(event.op, event.label, event.before, event.after) for event in events]

    before = told(await services.history.of_agent(other.id))
    assert ("update", "plans", {"value": "one " * 500}, {"value": "two " * 500}) in before
    await house.keep(31)
    assert told(await services.history.of_agent(other.id)) == before
    assert house.traces_of(alone.id) == {}
    deletion = next(event for event in await services.history.of_block(block.id) if event.op == "delete")
    with pytest.raises(NotFound):
        await services.history.undo(deletion.seq)
    house.check()


async def test_a_block_that_was_made_for_no_agent_stays_when_its_only_holder_goes(services: Services, house: House):
    block = await services.blocks.add(BlockDraft(label="plans", value="one"))
    agent = await services.agents.create(AgentDraft(name="Other", model="demo/vesta", block_ids=(block.id,)))
    await services.agents.delete(agent.id)
    await house.keep(31)
    assert (await services.blocks.get(block.id)).value == "one"
    assert await services.blocks.list() == (await services.blocks.get(block.id),)


@pytest.mark.parametrize("passed", [BELIEVED + 1, 400 * DAY, -SET_RIGHT - DAY, -400 * DAY])
async def test_nothing_is_forgotten_when_the_clock_may_have_jumped(services: Services, house: House, passed: int):
    agent = await services.agents.create_demo()
    await services.agents.delete(agent.id)
    await house.keep(31, passed)
    await services.agents.undelete(agent.id)
    await services.agents.delete(agent.id)
    # It counts on from there, and believes the clock after several days more.
    for day in range(SEVERAL):
        await house.just_keep(31.4 + day)
        await services.agents.undelete(agent.id)
        await services.agents.delete(agent.id)
    await house.just_keep(32.5 + SEVERAL)
    with pytest.raises(NotFound):
        await services.agents.undelete(agent.id)


YEAR = 365
JUMPS = {
    "in 2020": (-6 * YEAR,),
    "forty days on": (40,),
    "forty days on and back": (40, 0, 40, 0),
    "a dead battery: 2020 at each start": (-6 * YEAR, 0) * 10,
    "on by leaps": (40, 80, 120, 160, 200, 240, 280, 320, 360),
    "to and fro": (40, 41, 0, 40, 41, 0, 40, 41, 0, 40, 41),
    "far beyond": (100 * YEAR, 100 * YEAR + 1, 100 * YEAR + 2),
    "2020, then right": (-6 * YEAR, -6 * YEAR + 1, 0, 1, 2),
}


@pytest.mark.parametrize("days", JUMPS.values(), ids=JUMPS)
async def test_a_wrong_clock_forgets_nothing_that_was_deleted_yesterday(
    services: Services, house: House, days: tuple[int, ...]
):
    agent = await services.agents.create_demo()
    for day in range(-9, 0):
        await house.just_keep(day)
    await services.agents.delete(agent.id)
    for day in days:
        for hours in (0, 1, 5, 23):
            await house.just_keep(day + hours / 24)
    await services.agents.undelete(agent.id)


async def test_what_was_deleted_long_ago_goes_after_several_days_seen_and_not_before(services: Services, house: House):
    agent = await services.agents.create_demo()
    await services.agents.delete(agent.id)
    for day in range(40, 40 + SEVERAL):
        await house.just_keep(day)
    await services.agents.undelete(agent.id)
    await services.agents.delete(agent.id)
    await house.just_keep(41 + SEVERAL)
    with pytest.raises(NotFound):
        await services.agents.undelete(agent.id)


async def test_a_long_life_is_forgotten_in_portions(
    services: Services, house: House, engine: OpenEngine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("app.adapters.database.repositories.deleted.PORTION", 3)
    monkeypatch.setattr("app.adapters.database.repositories.deleted.RUNS", 1)
    agent = await a_life(services, "Brad")
    ids = await ids_of(services, agent)
    await services.agents.delete(agent.id)
    before = engine.clock.now() + DAY
    unused, portions = Forgotten(more=True), 0
    while unused.more:
        portion = await engine.storage.write(lambda repos: repos.deleted.forget(before))
        unused = Forgotten(portion.more, unused.parts | portion.parts, unused.blobs | portion.blobs)
        portions += 1
        assert house.rows("PRAGMA foreign_key_check") == []
    await engine.storage.write(lambda repos: repos.deleted.sweep(unused))
    assert portions > 5
    assert house.traces_of(*ids) == {}
    house.check()


async def test_an_engine_that_runs_for_days_makes_a_copy_each_day(house: House, data_folder: Path):
    for hours in range(0, 24 * 3, 6):
        await house.just_keep(100 + hours / 24)
    assert (
        len([b for b in list_backups(data_folder) if b.reason == "daily" and b.at > house.clock.now() - 4 * DAY]) == 3
    )


@pytest.mark.allow_logs("daily snapshot: ")
async def test_a_copy_that_cannot_be_made_is_told_once(engine: OpenEngine, data_folder: Path):
    house = House(engine, data_folder, copies=data_folder / "missing")
    await house.just_keep(2)
    await house.just_keep(4)
    assert len(house.notices) == 1
    assert house.notices[0].startswith("The daily backup could not be created. ")
