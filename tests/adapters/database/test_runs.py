"""Runs, steps with their bytes, and the event log."""

import hashlib
import os
from itertools import pairwise
from typing import Any

import pytest

from app.adapters.database.repositories.traces import LARGE, LEAF, hashes_of, request_of
from app.domain.error import Conflict, NotFound, StorageError
from app.domain.run import RAW_REPLY_MAX, Failure, Repair, Usage
from tests.adapters.database.making import World, conversation, memory_event, run_event, step
from tests.support.values import samples
from tests.support.values.samples import NOON

pytestmark = pytest.mark.anyio


async def test_a_run_comes_back_as_it_was_stored(world: World) -> None:
    run = await world.start(background=True, started_by="api", message_id="message-1")
    assert await world.storage.read(lambda repos: repos.runs.get(run.id)) == run
    ended = run.model_copy(
        update={
            "status": "failed",
            "stop_reason": "error",
            "failure": Failure(code="server_died", message="It broke off.", details={"n": 1, "x": None}),
            "usage": Usage(prompt_tokens=5, completion_tokens=6, cached_tokens=0, steps=2),
            "resumed": 1,
            "completed_at": NOON + 9,
        }
    )
    await world.storage.write(lambda repos: repos.runs.save(ended, '{"phase":"end"}'))
    assert await world.storage.read(lambda repos: repos.runs.get(run.id)) == ended
    assert await world.storage.read(lambda repos: repos.runs.state(run.id)) == '{"phase":"end"}'
    with pytest.raises(NotFound):
        await world.storage.read(lambda repos: repos.runs.get("run-none"))


async def test_a_conversation_has_one_active_run(world: World) -> None:
    first = await world.start(status="created")
    with pytest.raises(Conflict) as busy:
        await world.start()
    assert (busy.value.code, busy.value.details) == ("busy", {"run_id": first.id})
    other = conversation(world.agent.id)
    await world.storage.write(lambda repos: repos.conversations.add(other))
    second = await world.start(conversation_id=other.id)
    assert await world.storage.read(lambda repos: repos.runs.active()) == (first, second)
    assert await world.storage.read(lambda repos: repos.runs.active_in(other.id)) == second
    await world.storage.write(lambda repos: repos.runs.save(first.model_copy(update={"status": "cancelled"}), "{}"))
    assert await world.storage.read(lambda repos: repos.runs.active_in(world.conversation.id)) is None
    third = await world.start()
    with pytest.raises(Conflict, match="still replying"):
        await world.storage.write(lambda repos: repos.runs.save(first, "{}"))
    assert await world.storage.read(lambda repos: repos.runs.active()) == (second, third)


async def test_the_database_itself_refuses_a_second_active_run(world: World) -> None:
    await world.start()
    second = world.run(status="completed")

    def cheat(repos):
        repos.runs.add(second, "{}")
        repos.runs.db.exec_driver_sql("UPDATE runs SET status = 'running'")

    with pytest.raises(StorageError):
        await world.storage.write(cheat)
    with pytest.raises(NotFound):
        await world.storage.read(lambda repos: repos.runs.get(second.id))


async def test_runs_are_listed_newest_first_and_by_page(world: World) -> None:
    other = samples.agent()
    there = conversation(other.id)
    await world.storage.write(lambda repos: (repos.agents.add(other), repos.conversations.add(there)))
    runs = [await world.start(status="completed") for _ in range(5)]
    elsewhere = await world.start(status="failed", agent_id=other.id, conversation_id=there.id)

    async def listed(**where: object) -> list[str]:
        return [run.id for run in await world.storage.read(lambda repos: repos.runs.list(**where))]

    newest_first = [run.id for run in reversed(runs)]
    assert await listed() == [elsewhere.id, *newest_first]
    assert await listed(agent_id=world.agent.id, limit=2) == newest_first[:2]
    assert await listed(agent_id=world.agent.id, before_id=newest_first[1], limit=2) == newest_first[2:4]
    assert await listed(conversation_id=there.id) == [elsewhere.id]
    many = await world.storage.read(lambda repos: repos.runs.many((runs[3].id, "run-none", runs[0].id)))
    assert many == (runs[0], runs[3])


async def test_a_request_comes_back_byte_for_byte_and_equal_parts_are_stored_once(world: World) -> None:
    run = await world.start(status="completed")
    prefix = '{"messages":[{"content":"Straße 你好"}'.encode()
    noise = os.urandom(500)
    first, second = step(run, step_no=1), step(run, step_no=2)
    await world.storage.write(lambda repos: repos.runs.add_step(first, (prefix, b"", noise, prefix), b"reply"))
    await world.storage.write(lambda repos: repos.runs.add_step(second, (prefix, b"]}"), b""))

    def look(repos):
        db = repos.runs.db
        hashes = db.exec_driver_sql("SELECT request FROM steps ORDER BY seq").scalars().all()
        count = db.exec_driver_sql("SELECT count(*) FROM request_parts").scalar()
        return [request_of(db, joined) for joined in hashes], count

    assert await world.storage.read(look) == ([(prefix, b"", noise, prefix), (prefix, b"]}")], 4)
    trace = await world.storage.read(lambda repos: repos.runs.trace(second.id))
    assert (trace.request, trace.reply, trace.reply_truncated) == (
        '{"messages":[{"content":"Straße 你好"}]}',
        "",
        False,
    )


async def test_a_request_of_a_long_window_takes_what_is_new_and_little_more(world: World) -> None:
    run = await world.start(status="completed")
    parts = tuple(f"message {number}".encode() for number in range(LEAF * 20 + 7))
    requests = [parts[: LEAF * 20 - 1 + more] for more in range(8)]
    steps = [step(run, step_no=number) for number in range(8)]
    rows: list[int] = []
    for one, request in zip(steps, requests, strict=True):
        await world.storage.write(lambda repos, one=one, request=request: repos.runs.add_step(one, request, b""))
        rows.append(await world.storage.read(lambda repos: _count(repos, "request_parts")))
    added = [after - before for before, after in pairwise(rows)]
    assert added == [2, 1, 1, 1, 1, 1, 1], "the new message, and once the leaf that it filled"
    stored = await world.storage.read(
        lambda repos: repos.runs.db.exec_driver_sql("SELECT request FROM steps ORDER BY seq").scalars().all()
    )
    kept = await world.storage.read(
        lambda repos: set(repos.runs.db.exec_driver_sql("SELECT hash FROM request_parts").scalars())
    )
    assert await world.storage.read(lambda repos: set(hashes_of(repos.runs.db, stored))) == kept
    assert max(len(one) for one in stored) <= 32 * (19 + LEAF) + 4, "a hash for each leaf and each part after them"
    for one, request in zip(steps, requests, strict=True):
        assert (await world.storage.read(lambda repos, one=one: repos.runs.trace(one.id))).request == (
            b"".join(request).decode()
        )


async def test_requests_as_earlier_versions_stored_them_are_read_and_what_they_hold_is_known(world: World) -> None:
    run = await world.start(status="completed")
    parts = tuple(f"message {number}".encode() for number in range(LEAF + 5))
    old, new = step(run, step_no=1), step(run, step_no=2)
    await world.storage.write(lambda repos: repos.runs.add_step(old, parts, b""))

    def as_before(repos: Any) -> int:
        whole = b"".join(hashlib.sha256(part).digest() for part in parts)
        repos.runs.db.exec_driver_sql("UPDATE steps SET request = ?", (whole,))
        repos.runs.db.exec_driver_sql("DELETE FROM request_parts WHERE length(content) > 500")
        repos.runs.known.forget_all()
        return _count(repos, "request_parts")

    assert await world.storage.write(as_before) == len(parts)
    await world.storage.write(lambda repos: repos.runs.add_step(new, (*parts, b"]}"), b""))
    for one, request in ((old, parts), (new, (*parts, b"]}"))):
        trace = await world.storage.read(lambda repos, one=one: repos.runs.trace(one.id))
        assert trace.request == b"".join(request).decode()
    assert await world.storage.read(lambda repos: _count(repos, "request_parts")) == len(parts) + 2


def _count(repos: Any, table: str) -> int:
    return repos.runs.db.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()


async def test_what_was_repaired_comes_back_with_its_step(world: World) -> None:
    run = await world.start(status="completed")
    repairs = (
        Repair(kind="call_in_text", wrote="<tool_call>{}", read_as="f {}"),
        Repair(kind="tags", wrote="", read_as=""),
    )
    mended = step(run, repairs=repairs)
    await world.storage.write(lambda repos: repos.runs.add_step(mended, (b"q",), b""))
    assert await world.storage.read(lambda repos: repos.runs.step(mended.id)) == mended


async def test_a_huge_reply_is_cut_at_its_cap_between_two_characters(world: World) -> None:
    run = await world.start(status="completed")
    long_one = step(run)
    reply = "x" + "ß" * (RAW_REPLY_MAX // 2)
    await world.storage.write(lambda repos: repos.runs.add_step(long_one, (b"q",), reply.encode()))
    trace = await world.storage.read(lambda repos: repos.runs.trace(long_one.id))
    assert trace.reply_truncated
    assert trace.reply == reply[: RAW_REPLY_MAX // 2]
    exact = step(run, step_no=2)
    await world.storage.write(lambda repos: repos.runs.add_step(exact, (b"q",), b"y" * RAW_REPLY_MAX))
    trace = await world.storage.read(lambda repos: repos.runs.trace(exact.id))
    assert (len(trace.reply), trace.reply_truncated) == (RAW_REPLY_MAX, False)


async def test_the_last_counted_step_of_an_agent(world: World) -> None:
    run = await world.start(status="completed")
    counted = step(run, window_first=3, window_last=9, first_token_at=NOON + 1, completed_at=NOON + 2)
    uncounted = step(run, step_no=2, usage=Usage(steps=1))
    failed = step(run, step_no=3, status="failed")
    assert await world.storage.read(lambda repos: repos.runs.last_step(world.agent.id)) is None

    def add(repos):
        for each in (counted, uncounted, failed):
            repos.runs.add_step(each, (b"q",), b"")

    await world.storage.write(add)
    assert await world.storage.read(lambda repos: repos.runs.last_step(world.agent.id)) == counted
    assert await world.storage.read(lambda repos: repos.runs.steps((run.id,))) == (counted, uncounted, failed)
    assert await world.storage.read(lambda repos: repos.runs.step(failed.id)) == failed
    for work in (lambda repos: repos.runs.step("step-none"), lambda repos: repos.runs.trace("step-none")):
        with pytest.raises(NotFound):
            await world.storage.read(work)


async def test_the_log_of_a_run_is_read_from_any_number_on(world: World) -> None:
    run = await world.start()
    answer = world.message("whole answer", role="assistant", run_id=run.id)
    change = memory_event("block-1", "Chad", "Brad", agent_id=world.agent.id)

    def say(repos):
        position = repos.messages.append(world.conversation.id, answer)
        stored = repos.history.add(change)
        deltas = [run_event(run, number, step_id="step-1", attempt=2) for number in (1, 2, 3)]
        whole = run_event(run, 1004, whole=True, message=answer, position=position, changes=(stored,))
        repos.runs.add_events((*deltas, whole))
        return (*deltas, whole)

    events = await world.storage.write(say)
    assert await world.storage.read(lambda repos: repos.runs.events(run.id)) == events
    assert await world.storage.read(lambda repos: repos.runs.events(run.id, after_seq=2)) == events[2:]
    assert await world.storage.read(lambda repos: repos.runs.events(run.id, after_seq=0, limit=1)) == events[:1]
    assert await world.storage.read(lambda repos: repos.runs.last_seq(run.id)) == 1004
    other = world.run(status="completed")
    await world.storage.write(lambda repos: (repos.runs.add(other, "{}"), repos.runs.add_events(())))
    assert await world.storage.read(lambda repos: repos.runs.last_seq(other.id)) == 0


async def test_an_event_cannot_speak_of_a_message_that_is_not_stored(world: World) -> None:
    run = await world.start()
    lost = world.message("lost", role="assistant")
    with pytest.raises(StorageError):
        await world.storage.write(lambda repos: repos.runs.add_events((run_event(run, 1, whole=True, message=lost),)))
    assert await world.storage.read(lambda repos: repos.runs.last_seq(run.id)) == 0


async def test_only_deltas_of_runs_ended_long_ago_are_dropped(world: World) -> None:
    old = await world.start(status="completed", completed_at=NOON)
    recent = await world.start(status="completed", completed_at=NOON + 100)
    running = await world.start()

    def log(repos):
        for run in (old, recent, running):
            repos.runs.add_events((run_event(run, 1), run_event(run, 2), run_event(run, 3, whole=True)))

    await world.storage.write(log)
    assert await world.storage.write(lambda repos: repos.runs.drop_deltas(NOON + 50)) == 2
    left = [
        await world.storage.read(lambda repos, run=run: repos.runs.events(run.id)) for run in (old, recent, running)
    ]
    assert [[event.seq_id for event in events] for events in left] == [[3], [1, 2, 3], [1, 2, 3]]


async def test_a_large_part_is_stored_in_pieces_and_an_edit_of_it_adds_few(world: World) -> None:
    run = await world.start(status="completed")
    lines = [f"Line {number} says {hashlib.sha256(bytes([number % 256])).hexdigest()}" for number in range(600)]
    old, new = (("\\n".join(one)).encode() for one in (lines, [*lines[:300], "Something else.", *lines[302:]]))
    assert len(old) > LARGE * 4
    requests = [(b"{", old, b"a", b"b"), (b"{", new, b"a", b"b"), (b"{", b"x" + new, *(b"a", b"b") * LEAF)]
    steps = [step(run, step_no=number) for number in range(len(requests))]
    sizes: list[int] = []
    for one, request in zip(steps, requests, strict=True):
        await world.storage.write(lambda repos, one=one, request=request: repos.runs.add_step(one, request, b""))
        sizes.append(await world.storage.read(_size_of_parts))
    first, *added = (after - before for before, after in pairwise([0, *sizes]))
    assert max(added) < first / 5, (first, added)
    stored = await world.storage.read(
        lambda repos: repos.runs.db.exec_driver_sql("SELECT request FROM steps ORDER BY seq").scalars().all()
    )
    kept = await world.storage.read(
        lambda repos: set(repos.runs.db.exec_driver_sql("SELECT hash FROM request_parts").scalars())
    )
    assert await world.storage.read(lambda repos: set(hashes_of(repos.runs.db, stored))) == kept
    for one, request in zip(steps, requests, strict=True):
        assert await world.storage.read(lambda repos, one=one: repos.runs.request(one.id)) == request


def _size_of_parts(repos: Any) -> int:
    return repos.runs.db.exec_driver_sql("SELECT sum(length(content)) FROM request_parts").scalar()
