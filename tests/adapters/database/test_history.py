"""Memory events: order, whose memory they changed, what took them back, and why they happened."""

import json
from typing import Any

import pytest

from app.domain.error import NotFound
from app.domain.history import Actor, ChangeFilter, MemoryEvent, Origin
from app.ports.storage import Repositories
from tests.adapters.database.making import World, memory_event
from tests.support.values import samples
from tests.support.values.samples import NOON

pytestmark = pytest.mark.anyio


async def add(world: World, *events: MemoryEvent) -> list[MemoryEvent]:
    return await world.storage.write(lambda repos: [repos.history.add(event) for event in events])


async def undone_by(world: World, target_id: str) -> dict[int, int | None]:
    events = await world.storage.read(lambda repos: repos.history.of_target(target_id))
    return {event.seq: event.undone_by for event in events}


async def test_an_event_comes_back_with_its_number(world: World) -> None:
    actor = Actor(kind="agent", name="Zoë Müller")
    origin = Origin(actor=actor, run_id="run-1", step_id="step-1", tool_call_id="call_1", tool_name="t", client="w")
    given = memory_event("block-1", "Chad", "Brad", agent_id=world.agent.id, origin=origin, version=7)
    created = memory_event("block-1", "", "Chad", op="create").model_copy(update={"before": None})
    first, second = await add(world, given, created)
    assert (first.seq, second.seq) == (1, 2)
    assert await world.storage.read(lambda repos: repos.history.get(1)) == given.model_copy(update={"seq": 1})
    assert await world.storage.read(lambda repos: repos.history.get(2)) == created.model_copy(update={"seq": 2})
    assert await world.storage.read(lambda repos: repos.history.last_seq()) == 2
    with pytest.raises(NotFound):
        await world.storage.read(lambda repos: repos.history.get(3))


async def test_history_is_read_newest_first_and_by_page(world: World) -> None:
    await add(world, *[memory_event("block-1", str(n), str(n + 1)) for n in range(6)], memory_event("block-2", "", "x"))

    async def seqs(**where: int) -> list[int]:
        events = await world.storage.read(lambda repos: repos.history.of_target("block-1", **where))
        return [event.seq for event in events]

    assert await seqs(limit=4) == [6, 5, 4, 3]
    assert await seqs(before=3, limit=4) == [2, 1]


async def test_an_undo_and_the_undo_of_it(world: World) -> None:
    (edit,) = await add(world, memory_event("block-1", "Chad", "Brad"))
    assert await undone_by(world, "block-1") == {1: None}
    (undo,) = await add(world, memory_event("block-1", "Brad", "Chad", undoes=edit.seq))
    assert await undone_by(world, "block-1") == {1: 2, 2: None}
    (redo,) = await add(world, memory_event("block-1", "Chad", "Brad", undoes=undo.seq))
    assert await undone_by(world, "block-1") == {1: None, 2: 3, 3: None}
    await add(world, memory_event("block-1", "Brad", "Chad", undoes=redo.seq))
    assert await undone_by(world, "block-1") == {1: 2, 2: None, 3: 4, 4: None}


async def test_an_event_undone_redone_and_undone_again_directly(world: World) -> None:
    await add(
        world,
        memory_event("block-1", "Chad", "Brad"),
        memory_event("block-1", "Brad", "Chad", undoes=1),
        memory_event("block-1", "Chad", "Brad", undoes=2),
        memory_event("block-1", "Brad", "Chad", undoes=1),
        memory_event("block-1", "x", "y"),
    )
    assert await undone_by(world, "block-1") == {1: 4, 2: 3, 3: None, 4: None, 5: None}


async def test_a_hundred_times_to_and_fro(world: World) -> None:
    await add(
        world, memory_event("block-1", "a", "b"), *[memory_event("block-1", "", "", undoes=n) for n in range(1, 101)]
    )
    page = await world.storage.read(lambda repos: repos.history.of_target("block-1", before=3))
    assert [(event.seq, event.undone_by) for event in page] == [(2, 3), (1, None)]


async def test_an_agent_s_history_holds_what_changed_in_its_blocks_while_it_had_them(world: World) -> None:
    block = samples.block()
    mine = samples.agent(block_ids=(block.id,))
    late = samples.agent()

    def prepare(repos):
        repos.blocks.add(block)
        repos.agents.add(mine)
        repos.agents.add(late)

    await world.storage.write(prepare)
    await add(world, memory_event(block.id, "1", "2", agent_id=world.agent.id))
    await world.storage.write(lambda repos: repos.agents.save(late.model_copy(update={"block_ids": (block.id,)})))
    await add(world, memory_event(block.id, "2", "3"))
    await world.storage.write(lambda repos: repos.agents.save(mine))
    await world.storage.write(lambda repos: repos.agents.save(mine.model_copy(update={"block_ids": ()})))
    await add(
        world, memory_event(block.id, "3", "4"), memory_event(late.id, "", "", target_kind="agent", agent_id=late.id)
    )

    async def seqs(agent_id: str, **where: int) -> list[int]:
        events = await world.storage.read(lambda repos: repos.history.of_agent(agent_id, **where))
        return [event.seq for event in events]

    assert await seqs(world.agent.id) == [1]
    assert await seqs(mine.id) == [2, 1]
    assert await seqs(late.id) == [4, 3, 2]
    assert await seqs(late.id, before=4, limit=1) == [3]


async def test_changes_of_runs_are_read_oldest_first_with_their_cause(world: World) -> None:
    (asked,) = await world.say("My  name is Brad,\nnot Chad. " + "x" * 300)
    origin = Origin(actor="agent", run_id="run-1", message_id=asked.id)
    await add(
        world,
        memory_event("block-1", "a", "b", origin=origin),
        memory_event("block-1", "b", "c", origin=Origin(actor="agent", run_id="run-2", message_id="message-none")),
        memory_event("block-2", "c", "d", origin=origin),
        memory_event("block-2", "d", "c", undoes=3),
    )
    events = await world.storage.read(lambda repos: repos.history.of_runs(("run-1", "run-2")))
    assert [(event.seq, event.undone_by) for event in events] == [(1, None), (2, None), (3, 4)]
    assert events[0].cause == ("My name is Brad, not Chad. " + "x" * 300)[:199] + "…"
    assert events[1].cause == ""
    assert await world.storage.read(lambda repos: repos.history.of_runs(())) == ()


async def test_a_large_text_is_stored_with_the_change_that_made_it(world: World) -> None:
    one, two, three = (f"{name} " * 600 for name in ("one", "two", "three"))
    given = [
        memory_event("block-1", one, two),
        memory_event("block-1", "", "").model_copy(
            update={"before": {"value": two, "limit": 9}, "after": {"value": three, "limit": 7}}
        ),
        memory_event("block-1", "", "").model_copy(update={"before": {"limit": 7}, "after": {"limit": 8}}),
        memory_event("block-1", three, "short"),
        memory_event("block-1", "short", two),
        memory_event("block-1", one, three),
        memory_event("block-2", three, one),
    ]
    added = await add(world, *given)

    def stored(repos: Any) -> list[tuple[str, int | None]]:
        rows = repos.history.db.exec_driver_sql("SELECT before, value_from FROM memory_events ORDER BY seq")
        return [(sorted(json.loads(row.before)), row.value_from) for row in rows]

    assert await world.storage.read(stored) == [
        (["value"], None),
        (["limit"], 1),
        (["limit"], None),
        ([], 2),
        (["value"], None),
        (["value"], None),
        (["value"], None),
    ], "named only where it is the same, and large"
    found = await world.storage.read(lambda repos: [repos.history.get(event.seq) for event in added])
    assert found == added
    at = [await world.storage.read(lambda repos, n=n: repos.history.fields_at("block-1", n)) for n in range(6)]
    assert at == [
        {"value": one, "limit": 9},
        {"value": two, "limit": 9},
        {"value": three, "limit": 7},
        {"value": three},
        {"value": "short"},
        {"value": one},
    ]


async def test_a_number_is_never_given_twice(world: World) -> None:
    await add(world, memory_event("block-1", "a", "b", at=NOON), memory_event("block-1", "b", "c"))
    await world.storage.write(lambda repos: repos.history.db.exec_driver_sql("DELETE FROM memory_events WHERE seq = 2"))
    (next_one,) = await add(world, memory_event("block-1", "b", "c"))
    assert next_one.seq == 3


async def test_a_life_is_counted_and_paged_without_its_texts(world: World) -> None:
    agent = world.agent.id
    user, robot = Origin(), Origin(actor=Actor(kind="agent"))
    made = [
        memory_event("block-1", str(n), str(n + 1), agent_id=agent, origin=robot if n % 2 else user).model_copy(
            update={"at": NOON + n * 1_000_000}
        )
        for n in range(10)
    ]
    await add(world, *made)
    undo = memory_event("block-1", "9", "8", agent_id=agent, undoes=4).model_copy(update={"at": NOON + 20_000_000})
    await add(world, undo, memory_event("block-2", "", "x", agent_id="another"))

    def work(repos: Repositories) -> tuple[object, ...]:
        life = repos.life
        ticks = life.ticks(agent, NOON, NOON + 20_000_000, 4)
        wanted = ChangeFilter(kinds=("agent",))
        return (
            life.counts(agent),
            [(tick.kind, tick.count) for tick in ticks],
            [event.seq for event in life.page(agent, ChangeFilter(), None, 3)],
            [event.seq for event in life.page(agent, wanted, 8, 2)],
            life.last_until(agent, NOON + 3_500_000),
            life.began(agent),
            life.touched(agent, 3, 11),
        )

    counts, ticks, page, some, until, began, touched = await world.storage.read(work)
    assert counts == {"user": 5, "agent": 5, "undo": 1}
    assert ticks == [("user", 3), ("agent", 3), ("user", 2), ("agent", 2), ("undo", 1)]
    assert (page, some, until, began) == ([11, 10, 9], [6, 4], 4, NOON)
    assert touched == (("block", "block-1"),)


async def test_what_an_agent_wrote_waits_until_somebody_looks_or_undoes_it(world: World) -> None:
    agent = world.agent.id
    robot = Origin(actor=Actor(kind="agent", name="Juno"), run_id="run-1")
    strange = robot.model_copy(update={"sources": ("another agent, Ledger",), "run_id": "run-2"})
    first, second, third, _ = await add(
        world,
        memory_event("block-1", "a", "b", agent_id=agent, origin=robot),
        memory_event("block-1", "b", "c", agent_id=agent, origin=strange),
        memory_event("block-1", "c", "d", agent_id=agent, origin=robot),
        memory_event("block-1", "d", "e", agent_id=agent),
    )

    async def waiting() -> list[int]:
        return [event.seq for event in await world.storage.read(lambda repos: repos.inbox.waiting(agent))]

    assert await waiting() == [second.seq, third.seq, first.seq], "what strangers may have written comes first"
    await add(world, memory_event("block-1", "e", "d", agent_id=agent, undoes=third.seq))
    assert await waiting() == [second.seq, first.seq]
    assert await world.storage.write(lambda repos: repos.inbox.note((second.seq,), "kept", NOON)) == 1
    assert await world.storage.write(lambda repos: repos.inbox.note((second.seq,), "kept", NOON)) == 0
    assert await waiting() == [first.seq]
    looked = await world.storage.read(lambda repos: repos.inbox.looked(0))
    assert {one.event.seq: one.outcome for one in looked} == {second.seq: "kept", third.seq: "undone"}
    assert await world.storage.read(lambda repos: repos.inbox.of_run("run-1")) == (first.seq,)
    assert await world.storage.read(lambda repos: repos.inbox.count()) == 1
