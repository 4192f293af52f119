"""Memory edited by everybody at random, and undone in any order: the history always tells what is true.

A state machine over a real database. People, programs and agents edit blocks that are shared, renamed, detached and
deleted; anything is undone, redone and restored. After each step the history of every block, replayed from its
creation, must give what is stored; whatever is refused must have left nothing behind.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from app.adapters.database.repositories.history import SqlHistory, events_by_seq
from app.bootstrap import OpenEngine, open_engine
from app.config import Config
from app.domain.agent import Agent, AgentDraft, AgentPatch
from app.domain.block import Block, BlockDraft, BlockPatch
from app.domain.error import AppError
from app.domain.history import MemoryAt, MemoryEvent, Origin
from app.engine.memory.changes import BLOCK_FIELDS, Changes
from app.engine.memory.editing import edit_blocks
from app.ports.storage import Repositories

T = TypeVar("T")
Fields = dict[str, Any]
LABELS = ("plans", "ideas", "Plans", "people")
KINDS = ("user", "api")
STEPS = 30
numbers = st.integers(0, 1000)


class Memory:
    """Everything that is stored of the agents and blocks of one example."""

    def __init__(self, agents: dict[str, Agent], blocks: dict[str, Block | None], events: list[MemoryEvent]) -> None:
        self.agents = agents
        self.blocks = blocks
        self.events = events

    @property
    def state(self) -> tuple[object, ...]:
        """What an undo and its redo must give back: everything but versions and times."""
        agents = {id: bare(agent) for id, agent in self.agents.items()}
        return agents, {id: block and bare(block) for id, block in self.blocks.items()}


def bare(row: Agent | Block) -> Fields:
    return row.model_dump(mode="json", exclude={"version", "updated_at"})


class Editing(RuleBasedStateMachine):
    """Three agents and the blocks that come and go."""

    def __init__(self, loop: asyncio.AbstractEventLoop, engine: OpenEngine) -> None:
        super().__init__()
        self.loop, self.engine, self.services = loop, engine, engine.services
        self.lines = itertools.count(1)
        self.block_ids: list[str] = []
        self.agent_ids: list[str] = []
        self.known: Memory | None = None
        self.first = self.do(self.engine.storage.read(lambda repos: repos.history.last_seq()))
        for name in ("Juno", "Vesta", "Ceres"):
            made = self.do(self.services.agents.create(AgentDraft(name=name, model="demo/vesta")))
            self.agent_ids.append(made.id)
        self.new_block(0, "plans")
        self.change(self.services.blocks.attach(self.agent_ids[1], self.block_ids[0]))

    def do(self, work: Awaitable[T]) -> T:
        async def whole() -> T:
            return await work

        return self.loop.run_until_complete(whole())

    def read(self) -> Memory:
        """What is stored now; read once after each change."""
        if self.known is None:
            self.known = self.do(self.engine.storage.read(self._all))
        return self.known

    def _all(self, repos: Repositories) -> Memory:
        history = cast(SqlHistory, repos.history)
        events = events_by_seq(history.db, range(self.first + 1, history.last_seq() + 1))
        return Memory(
            {id: repos.agents.get(id) for id in self.agent_ids},
            {id: repos.blocks.find(id) for id in self.block_ids},
            [events[seq] for seq in sorted(events)],
        )

    def change(self, verb: Awaitable[T]) -> T:
        self.known = None
        return self.do(verb)

    def attempt(self, verb: Awaitable[T]) -> T | None:
        """The result, or None for a refusal, which must be said in words and leave nothing behind."""
        before, refusal = self.read(), None
        try:
            return self.change(verb)
        except AppError as error:
            refusal = error
        after = self.read()
        assert refusal.message.endswith(".")
        assert after.state == before.state, "a refused change was half written"
        assert after.events == before.events, "a refused change is in the history"
        return None

    def one(self, known: list[str], number: int) -> str:
        return known[number % len(known)]

    def new_line(self) -> str:
        return f"line {next(self.lines)}"

    def edited(self, value: str, number: int) -> str:
        """With a line added, replaced or removed, or all of it written anew. No line is ever written twice."""
        lines = value.split("\n") if value else []
        at = number % (len(lines) + 1)
        match number % 5:
            case 0 | 1:
                lines.insert(at, self.new_line())
            case 2 if at < len(lines):
                lines[at] = self.new_line()
            case 3 if at < len(lines):
                del lines[at]
            case _:
                lines = [self.new_line() for _ in range(6)]
        return "\n".join(lines)

    # Editing

    @rule(agent=numbers, label=st.sampled_from(LABELS))
    def new_block(self, agent: int, label: str) -> None:
        text = "\n".join(self.new_line() for _ in range(6))
        draft = BlockDraft(label=label, value=text)
        made = self.attempt(self.services.blocks.create(self.one(self.agent_ids, agent), draft))
        if made is not None:
            self.block_ids.append(made.id)

    @rule(block=numbers, how=numbers, kind=st.sampled_from(KINDS))
    def edit(self, block: int, how: int, kind: str) -> None:
        block_id = self.one(self.block_ids, block)
        now = self.read().blocks[block_id]
        patch = BlockPatch(value=self.edited(now.value if now else "", how))
        origin = Origin.model_validate({"actor": kind})
        self.attempt(self.services.blocks.update(block_id, patch, origin=origin))

    @rule(agent=numbers, block=numbers, how=numbers)
    def tool(self, agent: int, block: int, how: int) -> None:
        """An agent edits one of its blocks, as the commit of a run does it."""
        ids, agent_id = self.engine.ids, self.one(self.agent_ids, agent)
        origin = Origin(actor="agent", run_id="run-1", tool_name="memory_rethink")

        def work(repos: Repositories) -> None:
            own = repos.blocks.of_agent(agent_id)
            if own:
                chosen = own[block % len(own)]
                call = {"label": chosen.label, "new_memory": self.edited(chosen.value, how)}
                edit_blocks(Changes(repos, ids, self.engine.clock.now(), origin), agent_id, "memory_rethink", call)

        self.change(self.engine.storage.write(work))

    @rule(block=numbers, label=st.sampled_from(LABELS))
    def rename(self, block: int, label: str) -> None:
        self.attempt(self.services.blocks.update(self.one(self.block_ids, block), BlockPatch(label=label)))

    @rule(block=numbers, limit=st.integers(1, 80), may_overflow=st.booleans())
    def limit(self, block: int, limit: int, may_overflow: bool) -> None:
        patch = BlockPatch(limit=limit, tags=(f"at most {limit}",))
        id = self.one(self.block_ids, block)
        self.attempt(self.services.blocks.update(id, patch, may_overflow=may_overflow))

    @rule(agent=numbers, block=numbers)
    def attach(self, agent: int, block: int) -> None:
        pair = (self.one(self.agent_ids, agent), self.one(self.block_ids, block))
        self.attempt(self.services.blocks.attach(*pair))

    @rule(agent=numbers, block=numbers)
    def detach(self, agent: int, block: int) -> None:
        pair = (self.one(self.agent_ids, agent), self.one(self.block_ids, block))
        self.attempt(self.services.blocks.detach(*pair))

    @rule(block=numbers)
    def delete(self, block: int) -> None:
        self.attempt(self.services.blocks.delete(self.one(self.block_ids, block)))

    @rule(agent=numbers, number=numbers)
    def set_up(self, agent: int, number: int) -> None:
        agent_id = self.one(self.agent_ids, agent)
        now = self.read().agents[agent_id]
        names = ("memory_insert", "memory_replace", "memory_rethink", "conversation_search", "core_memory_append")
        patches = (
            AgentPatch(name=f"Juno {number}"),
            AgentPatch(system=self.edited(now.system, number)),
            AgentPatch(tool_names=tuple(name for at, name in enumerate(names) if number >> at & 1)),
            AgentPatch(settings=now.settings.model_copy(update={"temperature": number % 3 / 2})),
            AgentPatch(settings=now.settings.model_copy(update={"max_output_tokens": 100 + number})),
            AgentPatch(metadata={**now.metadata, f"key {number % 3}": number}),
        )
        self.attempt(self.services.agents.update(agent_id, patches[number % len(patches)]))

    # Undoing

    @rule(number=numbers)
    def undo(self, number: int) -> None:
        """Any change, however old: what it wrote goes, what it removed comes back, all the rest stays."""
        self.undo_one_of(self.read().events, number)

    @rule(block=numbers, undos=st.lists(numbers, min_size=3, max_size=6))
    def undo_what_came_or_went(self, block: int, undos: list[int]) -> None:
        """The creation, deletions and restorations of one block that are in force, in all orders."""
        block_id = self.one(self.block_ids, block)
        self.attempt(self.services.blocks.delete(block_id))
        for number in undos:
            whole = [event for event in self.read().events if event.op in ("create", "delete", "restore")]
            own = [event for event in whole if event.target_id == block_id and event.undone_by is None]
            self.undo_one_of(own, number)

    @rule(number=numbers)
    def undo_an_undo(self, number: int) -> None:
        """Old ones too, whatever was undone or redone since."""
        events = self.read().events
        tried = {event.undoes for event in events} | {event.seq for event in events if event.undoes is not None}
        self.undo_one_of([event for event in events if event.seq in tried], number)

    def undo_one_of(self, events: list[MemoryEvent], number: int) -> None:
        if not events:
            return
        before, event = self.read(), events[number % len(events)]
        made = self.attempt(self.services.history.undo(event.seq))
        if made is None:
            return
        after = self.read()
        assert made.undoes == event.seq
        assert after.state != before.state
        assert [one.seq for one in after.events] == [*(one.seq for one in before.events), made.seq]
        if event.target_kind == "block" and event.op == "update":
            check_merged(event, *(stored(memory, event.target_id) for memory in (before, after)))

    @rule(number=numbers)
    def undo_and_redo(self, number: int) -> None:
        """At once, both give back just what was there, although others edited before."""
        before = self.read()
        event = before.events[number % len(before.events)]
        made = self.attempt(self.services.history.undo(event.seq))
        if made is not None:
            redone = self.change(self.services.history.undo(made.seq))
            assert redone.undoes == made.seq
            assert self.read().state == before.state

    @rule(number=numbers)
    def undo_newest_of_all(self, number: int) -> None:
        """The last changes in force, one after the other, are always undone: nothing came later."""
        for _ in range(number % 4):
            memory = self.read()
            event = memory.events[-1]
            if event.target_kind == "agent" and event.op == "create":
                return
            self.change(self.services.history.undo(event.seq))

    @rule(block=numbers, number=numbers)
    def restore(self, block: int, number: int) -> None:
        memory, block_id = self.read(), self.one(self.block_ids, block)
        event = memory.events[number % len(memory.events)]
        if self.attempt(self.services.history.restore(block_id, event.seq)) is not None:
            states = replayed(memory.events, block_id)
            then = states.get(event.seq)
            if then is not None:
                block_now = stored(self.read(), block_id)
                assert block_now is not None
                assert {name: block_now[name] for name in then} == then

    @rule(block=numbers, number=numbers)
    def look_back(self, block: int, number: int) -> None:
        memory, block_id = self.read(), self.one(self.block_ids, block)
        event = memory.events[number % len(memory.events)]
        then = replayed(memory.events, block_id).get(event.seq)
        if memory.blocks[block_id] is not None and then is not None:
            assert self.do(self.services.history.value_at(block_id, event.seq)) == then["value"]

    @rule(agent=numbers, number=numbers)
    def look_back_at_all(self, agent: int, number: int) -> None:
        """The whole memory at any point, deleted and detached blocks too, and the settings."""
        memory, agent_id = self.read(), self.one(self.agent_ids, agent)
        made = next(event.seq for event in memory.events if event.target_id == agent_id)
        seq = max(made, memory.events[number % len(memory.events)].seq)
        between = self.do(self.services.history.between(agent_id, seq, memory.events[-1].seq))
        assert shown(between.before) == remembered(memory, agent_id, seq)
        assert shown(between.after) == remembered(memory, agent_id, memory.events[-1].seq)

    @rule(agent=numbers, number=numbers)
    def go_back_and_return(self, agent: int, number: int) -> None:
        """The whole memory of an agent as it was at any point, and one undo of that."""
        before, agent_id = self.read(), self.one(self.agent_ids, agent)
        seq = before.events[number % len(before.events)].seq
        made = self.attempt(self.services.history.restore_all(agent_id, seq))
        if made is None:
            return
        now = self.read()
        blocks, _ = remembered(before, agent_id, seq)
        assert remembered(now, agent_id, now.events[-1].seq)[0] == blocks
        self.change(self.services.history.undo_all(made))
        assert self.read().state == before.state

    # What always holds

    @invariant()
    def the_history_tells_what_is_true(self) -> None:
        memory = self.read()
        for block_id, block in memory.blocks.items():
            states = replayed(memory.events, block_id)
            last = states[max(states)]
            assert last == (None if block is None else {name: bare(block)[name] for name in last or ()})
        assert held(memory.events, self.agent_ids) == {id: list(one.block_ids) for id, one in memory.agents.items()}
        check_settings(memory)
        check_labels(memory)
        check_undone(memory.events)


def remembered(memory: Memory, agent_id: str, seq: int) -> tuple[list[tuple[str, Fields | None]], str]:
    """The blocks of an agent right after an event, as replaying tells, and its system prompt."""
    events = [event for event in memory.events if event.seq <= seq]
    block_ids = held(events, list(memory.agents))[agent_id]
    states = {id: list(replayed(events, id).values()) for id in block_ids}
    prompts = [
        (event.after or {})["system"]
        for event in events
        if event.target_id == agent_id and "system" in (event.after or {})
    ]
    return [(id, states[id][-1]) for id in block_ids], prompts[-1] if prompts else ""


def shown(memory: MemoryAt) -> tuple[list[tuple[str, Fields]], str]:
    fields = set(BLOCK_FIELDS)
    blocks = [(block.id, block.model_dump(mode="json", include=fields)) for block in memory.blocks]
    return blocks, memory.settings["system"]


def check_settings(memory: Memory) -> None:
    """The settings of each agent follow from its changes."""
    for agent_id, agent in memory.agents.items():
        fields: Fields = {}
        for event in memory.events:
            if event.target_id == agent_id:
                before = event.before or {}
                assert {name: fields.get(name) for name in before} == before
                fields.update(event.after or {})
        assert fields == {name: bare(agent)[name] for name in fields}


def check_labels(memory: Memory) -> None:
    """No agent has a label twice, or a block that does not exist."""
    for agent in memory.agents.values():
        labels = [block.label.casefold() for id in agent.block_ids if (block := memory.blocks[id])]
        assert len(labels) == len(set(labels)) == len(agent.block_ids)


def check_undone(events: list[MemoryEvent]) -> None:
    """A change is undone by the newest that undoes it and is not itself undone."""
    undone: dict[int, int] = {}
    for event in reversed(events):
        assert event.undone_by == undone.get(event.seq)
        if event.undoes is not None and event.seq not in undone:
            undone.setdefault(event.undoes, event.seq)


def stored(memory: Memory, block_id: str) -> Fields | None:
    block = memory.blocks[block_id]
    return None if block is None else bare(block)


def check_merged(event: MemoryEvent, before: Fields | None, after: Fields | None) -> None:
    """Every line of later changes is still there, in its order, and none of the undone one."""
    assert before is not None
    assert after is not None
    assert {name: after[name] for name in after if name not in (event.before or {})} == {
        name: before[name] for name in before if name not in (event.before or {})
    }
    if "value" in (event.before or {}):
        old, new = ((fields or {})["value"].split("\n") for fields in (event.before, event.after))
        written, removed = set(new) - set(old), set(old) - set(new)
        now, then = before["value"].split("\n"), after["value"].split("\n")
        assert set(then) - {""} == ((set(now) - written) | removed) - {""}
        kept = [line for line in now if line not in written | removed | {""}]
        assert [line for line in then if line in kept] == kept


def replayed(events: list[MemoryEvent], block_id: str) -> dict[int, Fields | None]:
    """The fields of a block after each event since its creation; None: it does not exist. Each event must fit."""
    states: dict[int, Fields | None] = {}
    fields: Fields | None = None
    version, deleted = 0, None
    for event in events:
        if (event.target_id, event.target_kind) == (block_id, "block"):
            before = {name: value for name, value in (event.before or {}).items() if name != "holders"}
            match event.op:
                case "create":
                    assert fields is None
                    fields, version = dict(event.after or {}), 1
                case "update":
                    assert fields is not None
                    assert {name: fields[name] for name in before} == before
                    fields, version = {**fields, **(event.after or {})}, version + 1
                case "delete":
                    assert fields == before
                    fields, deleted = None, fields
                case _:
                    assert (event.op, fields, event.after) == ("restore", None, deleted)
                    fields = dict(event.after or {})
            assert event.version == version
        if version:
            states[event.seq] = fields
    return states


def held(events: list[MemoryEvent], agent_ids: list[str]) -> dict[str, list[str]]:
    """The blocks of each agent, as the history tells it."""
    found: dict[str, list[str]] = {id: [] for id in agent_ids}
    places: dict[int, dict[str, int]] = {}
    for event in events:
        match event.op:
            case "attach":
                found[event.agent_id or ""].insert((event.after or {})["position"], event.target_id)
            case "detach":
                own = found[event.agent_id or ""]
                assert own.pop((event.before or {})["position"]) == event.target_id
            case "delete":
                places[event.seq] = (event.before or {})["holders"]
                assert places[event.seq] == {
                    id: own.index(event.target_id) for id, own in found.items() if event.target_id in own
                }
                for id in places[event.seq]:
                    found[id].remove(event.target_id)
            case "restore":
                for id, at in places[event.undoes or 0].items():
                    found[id].insert(at, event.target_id)
            case _:
                pass
    return found


def test_whoever_edits_and_whatever_is_undone_the_history_tells_what_is_true(
    data_folder: Path, times: Callable[[int, int], int]
) -> None:
    with asyncio.Runner() as runner:
        engine = runner.run(open_engine(Config.load()))
        try:
            run_state_machine_as_test(
                lambda: Editing(runner.get_loop(), engine),
                settings=settings(max_examples=times(8, 1000), stateful_step_count=STEPS),
            )
        finally:
            runner.run(engine.close())
