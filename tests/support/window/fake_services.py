"""In-memory services with the API of the real ones, for tests of the window: no engine, no disk, no network."""

from dataclasses import dataclass
from typing import Any

from app.domain.agent import Agent, AgentDraft, AgentPatch, AgentRow, DeletedAgent
from app.domain.block import Block, BlockDraft, BlockPatch
from app.domain.error import Conflict, Invalid, NotFound
from app.domain.history import USER, MemoryEvent, Origin
from app.domain.page import (
    ALL_AGENTS,
    ALL_BLOCKS,
    BY_ACTIVITY,
    LAST_DELETED,
    OLDEST_FIRST,
    AgentFilter,
    BlockFilter,
    PageRequest,
)
from tests.support.window.fake_models import Fitness, Models, Providers, Servers, Starters
from tests.support.window.fake_runs import Conversations, Messages, Runs
from tests.support.window.fake_surroundings import (
    Api,
    Backups,
    Blobs,
    Context,
    Events,
    Proposals,
    Settings,
    System,
    Tools,
    furnish,
)
from tests.support.window.fake_world import World, new_id, now

SYSTEM = (
    "You are a companion of one household. Keep what is true and lasting in your memory blocks, "
    "and correct a block as soon as it is wrong."
)
MEMORY_TOOLS = (
    "memory_replace",
    "memory_insert",
    "memory_rethink",
    "conversation_search",
)


class Agents:
    def __init__(self, world: World) -> None:
        self._world = world

    async def list(self, wanted: AgentFilter = ALL_AGENTS, page: PageRequest = BY_ACTIVITY) -> tuple[AgentRow, ...]:
        if self._world.slow_list is not None:
            await self._world.slow_list.wait()
        rows = [self._row(one) for one in self._world.agents.values() if wanted.ids is None or one.id in wanted.ids]
        rows.sort(key=lambda row: (row.agent.pinned, row.last_at or row.agent.created_at), reverse=True)
        ids = [row.agent.id for row in rows]
        return tuple(rows[0 if page.after is None else ids.index(page.after) + 1 :][: page.limit])

    def _row(self, agent: Agent) -> AgentRow:
        world = self._world
        texts = [
            (message.created_at, message.text)
            for conversation in world.conversations.values()
            if conversation.agent_id == agent.id
            for _, message in world.messages[conversation.id]
            if message.role in ("user", "assistant") and message.text
        ]
        at, text = max(texts, default=(None, ""), key=lambda pair: pair[0] or 0)
        runs = [run for run in world.runs.values() if run.agent_id == agent.id]
        active = next((run.id for run in runs if run.active), None)
        stop = runs[-1].stop_reason if runs else None
        return AgentRow(agent=agent, last_text=text[:120], last_at=at, active_run_id=active, last_stop_reason=stop)

    async def get(self, agent_id: str) -> Agent:
        return self._world.agent(agent_id)

    async def create(self, draft: AgentDraft, origin: Origin = USER) -> Agent:
        if not draft.name.strip():
            raise Invalid("An agent needs a name.", hint="Type one and try again.")
        agent = Agent(
            id=new_id("agent"),
            name=draft.name.strip(),
            description=draft.description,
            system=draft.system or SYSTEM,
            model=draft.model,
            context_window=draft.context_window,
            settings=draft.settings,
            tool_names=MEMORY_TOOLS if draft.tool_names is None else draft.tool_names,
            created_at=now(),
            updated_at=now(),
        )
        self._world.agents[agent.id] = agent
        await Conversations(self._world).create_default(agent.id)
        for block in draft.blocks:
            await Blocks(self._world).create(agent.id, block, origin)
        self._world.publish("agent", agent.id, agent_id=agent.id, client=origin.client)
        return self._world.agents[agent.id]

    async def create_demo(self) -> Agent:
        blocks = (
            BlockDraft(label="persona", value="I am Vesta, a scripted demo. I use the real tools.", limit=2000),
            BlockDraft(label="human", value="Name: Chad.", limit=2000),
        )
        return await self.create(AgentDraft(name="Vesta (demo)", model="demo/vesta", blocks=blocks))

    async def update(
        self, agent_id: str, patch: AgentPatch, expected_version: int | None = None, origin: Origin = USER
    ) -> Agent:
        agent = self._world.agent(agent_id)
        if expected_version is not None and expected_version != agent.version:
            raise Conflict("The agent was changed elsewhere.", code="version_conflict")
        fields: dict[str, Any] = {name: getattr(patch, name) for name in patch.model_fields_set}
        fields = {name: value for name, value in fields.items() if value is not None and value != getattr(agent, name)}
        if not fields:
            return agent
        changed = agent.model_copy(update={**fields, "version": agent.version + 1, "updated_at": now()})
        self._world.agents[agent_id] = changed
        for name in fields:
            if name not in ("pinned", "metadata"):
                before, after = {name: _plain(getattr(agent, name))}, {name: _plain(getattr(changed, name))}
                target = ("agent", agent_id, name)
                self._world.record(
                    target, "update", before, after, agent_id=agent_id, version=changed.version, origin=origin
                )
        self._world.publish("agent", agent_id, agent_id=agent_id, client=origin.client)
        return changed

    async def duplicate(self, agent_id: str, origin: Origin = USER) -> Agent:
        agent = self._world.agent(agent_id)
        blocks = tuple(
            BlockDraft(label=block.label, value=block.value, limit=block.limit)
            for block in await Blocks(self._world).of_agent(agent_id)
        )
        draft = AgentDraft(
            name=f"{agent.name} copy",
            description=agent.description,
            system=agent.system,
            model=agent.model,
            context_window=agent.context_window,
            settings=agent.settings,
            tool_names=agent.tool_names,
            blocks=blocks,
        )
        return await self.create(draft, origin)

    async def delete(self, agent_id: str, origin: Origin = USER) -> None:
        self._world.deleted_agents[agent_id] = self._world.agent(agent_id)
        del self._world.agents[agent_id]
        self._world.publish("agent", agent_id, agent_id=agent_id, client=origin.client)

    async def deleted(self, page: PageRequest = LAST_DELETED) -> tuple[DeletedAgent, ...]:
        return tuple(DeletedAgent(agent=agent, at=now()) for agent in self._world.deleted_agents.values())

    async def undelete(self, agent_id: str) -> Agent:
        if agent_id not in self._world.deleted_agents:
            raise NotFound("This agent was not deleted.")
        agent = self._world.agents[agent_id] = self._world.deleted_agents.pop(agent_id)
        self._world.publish("agent", agent_id, agent_id=agent_id)
        return agent


class Blocks:
    def __init__(self, world: World) -> None:
        self._world = world

    async def of_agent(self, agent_id: str) -> tuple[Block, ...]:
        return tuple(self._world.blocks[block_id] for block_id in self._world.agent(agent_id).block_ids)

    async def list(self, wanted: BlockFilter = ALL_BLOCKS, page: PageRequest = OLDEST_FIRST) -> tuple[Block, ...]:
        return tuple(self._world.blocks.values())

    async def get(self, block_id: str) -> Block:
        return self._world.block(block_id)

    async def create(self, agent_id: str, draft: BlockDraft, origin: Origin = USER) -> Block:
        taken = {block.label for block in await self.of_agent(agent_id)}
        if draft.label in taken:
            raise Conflict(f"This agent already has a block “{draft.label}”.", code="name_taken")
        block = Block(id=new_id("block"), created_at=now(), updated_at=now(), **draft.model_dump())
        self._world.blocks[block.id] = block
        after = {"value": block.value, "limit": block.limit}
        target = ("block", block.id, block.label)
        self._world.record(target, "create", None, after, agent_id=agent_id, version=1, origin=origin)
        self._set_blocks(agent_id, (*self._world.agent(agent_id).block_ids, block.id), origin)
        self._world.publish("block", block.id, agent_id=agent_id, client=origin.client)
        return block

    async def update(
        self, block_id: str, patch: BlockPatch, expected_version: int | None = None, origin: Origin = USER
    ) -> Block:
        block = self._world.block(block_id)
        if expected_version is not None and expected_version != block.version:
            raise Conflict(
                "The block changed while you typed. Your text is kept.",
                code="version_conflict",
                details={"version": block.version},
            )
        fields: dict[str, Any] = {name: getattr(patch, name) for name in patch.model_fields_set}
        fields = {name: value for name, value in fields.items() if value is not None and value != getattr(block, name)}
        if not fields:
            return block
        changed = block.model_copy(update={**fields, "version": block.version + 1, "updated_at": now()})
        if len(changed.value) > changed.limit:
            raise Invalid(f"“{block.label}” holds at most {changed.limit} characters.", code="block_full")
        self._store(block, changed, fields, origin)
        return changed

    def _store(self, old: Block, new: Block, names: dict[str, Any], origin: Origin, undoes: int | None = None) -> Any:
        self._world.blocks[new.id] = new
        before = {name: getattr(old, name) for name in names}
        after = {name: getattr(new, name) for name in names}
        holders = self._world.holders(new.id)
        event = self._world.record(
            ("block", new.id, new.label),
            "update",
            before,
            after,
            agent_id=holders[0] if holders else None,
            version=new.version,
            origin=origin,
            undoes=undoes,
        )
        for agent_id in holders:
            self._world.publish("block", new.id, agent_id=agent_id, client=origin.client)
        return event

    def _set_blocks(self, agent_id: str, block_ids: tuple[str, ...], origin: Origin) -> None:
        agent = self._world.agent(agent_id)
        self._world.agents[agent_id] = agent.model_copy(update={"block_ids": block_ids, "version": agent.version + 1})
        self._world.publish("agent", agent_id, agent_id=agent_id, client=origin.client)

    async def attach(self, agent_id: str, block_id: str, origin: Origin = USER) -> None:
        self._attachment(agent_id, block_id, "attach", origin)
        self._set_blocks(agent_id, (*self._world.agent(agent_id).block_ids, block_id), origin)
        self._world.publish("block", block_id, agent_id=agent_id, client=origin.client)

    async def detach(self, agent_id: str, block_id: str, origin: Origin = USER) -> None:
        self._attachment(agent_id, block_id, "detach", origin)
        kept = tuple(other for other in self._world.agent(agent_id).block_ids if other != block_id)
        self._set_blocks(agent_id, kept, origin)
        self._world.publish("block", block_id, agent_id=agent_id, client=origin.client)

    def _attachment(self, agent_id: str, block_id: str, op: Any, origin: Origin) -> None:
        block = self._world.block(block_id)
        target = ("attachment", block_id, block.label)
        self._world.record(target, op, None, None, agent_id=agent_id, version=block.version, origin=origin)

    async def delete(self, block_id: str, origin: Origin = USER) -> None:
        for agent_id in self._world.holders(block_id):
            await self.detach(agent_id, block_id, origin)
        block = self._world.blocks.pop(block_id)
        self._world.record(
            ("block", block_id, block.label),
            "delete",
            {"value": block.value},
            None,
            agent_id=None,
            version=block.version,
            origin=origin,
        )
        self._world.publish("block", block_id, client=origin.client)

    async def holders(self, block_ids: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        return {block_id: self._world.holders(block_id) for block_id in block_ids}


class History:
    def __init__(self, world: World) -> None:
        self._world = world

    async def of_agent(self, agent_id: str, before: int | None = None, limit: int = 100) -> tuple[MemoryEvent, ...]:
        return self._page([event for event in self._world.history if event.agent_id == agent_id], before, limit)

    async def of_block(self, block_id: str, before: int | None = None, limit: int = 100) -> tuple[MemoryEvent, ...]:
        return self._page([event for event in self._world.history if event.target_id == block_id], before, limit)

    def _page(self, events: list[MemoryEvent], before: int | None, limit: int) -> tuple[MemoryEvent, ...]:
        newest_first = [event for event in reversed(events) if before is None or event.seq < before]
        return tuple(newest_first[:limit])

    async def undo(self, seq: int, origin: Origin = USER) -> MemoryEvent:
        event = self._world.history[seq - 1]
        if event.target_kind == "attachment":
            return await self._undo_attachment(event, origin)
        if event.target_kind == "agent":
            return await self._undo_setting(event, origin)
        block = self._world.block(event.target_id)
        fields = event.before or {}
        for name, value in (event.after or {}).items():
            if getattr(block, name) != value:
                newest = max(later.seq for later in self._world.history if later.target_id == block.id)
                raise Conflict(
                    f"“{block.label}” was changed again since then.",
                    code="changed_since",
                    hint="Look at its history and restore the version you want.",
                    details={"newer_seq": newest},
                )
        changed = block.model_copy(update={**fields, "version": block.version + 1, "updated_at": now()})
        inverse = Blocks(self._world)._store(block, changed, fields, origin, undoes=seq)
        self._mark(event, inverse)
        return inverse

    def _mark(self, event: MemoryEvent, inverse: MemoryEvent) -> None:
        history = self._world.history
        history[event.seq - 1] = event.model_copy(update={"undone_by": inverse.seq})
        if event.undoes is not None:
            first = history[event.undoes - 1]
            history[first.seq - 1] = first.model_copy(update={"undone_by": None})

    async def _undo_attachment(self, event: MemoryEvent, origin: Origin) -> MemoryEvent:
        blocks = Blocks(self._world)
        verb = blocks.detach if event.op == "attach" else blocks.attach
        await verb(event.agent_id or "", event.target_id, origin)
        self._mark(event, self._world.history[-1])
        return self._world.history[-1]

    async def _undo_setting(self, event: MemoryEvent, origin: Origin) -> MemoryEvent:
        agent = self._world.agent(event.target_id)
        fields = type(agent).model_validate({**agent.model_dump(), **(event.before or {})})
        patch = AgentPatch(**{name: getattr(fields, name) for name in event.before or {}})
        await Agents(self._world).update(event.target_id, patch, origin=origin)
        self._mark(event, self._world.history[-1])
        return self._world.history[-1]

    async def restore(self, block_id: str, seq: int, origin: Origin = USER) -> Block:
        return await Blocks(self._world).update(
            block_id, BlockPatch(value=await self.value_at(block_id, seq)), origin=origin
        )

    async def value_at(self, block_id: str, seq: int) -> str:
        value = ""
        for event in self._world.history[:seq]:
            if event.target_id == block_id and event.after and "value" in event.after:
                value = event.after["value"]
        return value


@dataclass(frozen=True)
class FakeServices:
    """One instance of each fake; `world` is what they share, for tests to look at."""

    world: World
    agents: Agents
    blocks: Blocks
    conversations: Conversations
    messages: Messages
    runs: Runs
    history: History
    context: Context
    models: Models
    providers: Providers
    servers: Servers
    fitness: Fitness
    starters: Starters
    tools: Tools
    settings: Settings
    blobs: Blobs
    backups: Backups
    system: System
    events: Events
    api: Api
    proposals: Proposals


def fake_services() -> FakeServices:
    """Services over a new world without agents, with the demo provider, one local server and the memory tools."""
    world = World()
    furnish(world)
    return FakeServices(
        world=world,
        agents=Agents(world),
        blocks=Blocks(world),
        conversations=Conversations(world),
        messages=Messages(world),
        runs=Runs(world),
        history=History(world),
        context=Context(world),
        models=Models(world),
        providers=Providers(world),
        servers=Servers(world),
        fitness=Fitness(world),
        starters=Starters(world),
        tools=Tools(world),
        settings=Settings(world),
        blobs=Blobs(world),
        backups=Backups(world),
        system=System(world),
        events=Events(world),
        api=Api(world),
        proposals=Proposals(),
    )


def _plain(value: Any) -> Any:
    return value.model_dump() if hasattr(value, "model_dump") else value
