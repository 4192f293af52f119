"""Agents: create, change, duplicate, delete, bring back."""

from app.domain.agent import MAX_NAME, Agent, AgentDraft, AgentPatch, AgentRow, DeletedAgent
from app.domain.base import Micros
from app.domain.block import BlockDraft
from app.domain.conversation import Conversation
from app.domain.error import busy
from app.domain.event import Changed
from app.domain.history import USER, Origin
from app.domain.message import Message, MessageDraft
from app.domain.page import ALL_AGENTS, BY_ACTIVITY, LAST_DELETED, AgentFilter, PageRequest
from app.domain.rule_faults import check_rules
from app.domain.tool_rule import Rules, with_approval
from app.engine.deps import EngineDeps
from app.engine.memory.changes import Changes
from app.engine.run.approvals import still_open, waiting_in
from app.engine.tools.builtin import DEFAULT_TOOLS
from app.ports.storage import Repositories
from app.services.changing import change, check_version

PREVIEW = 200


class Agents:
    def __init__(self, deps: EngineDeps, default_system: str, demo: AgentDraft) -> None:
        self._deps = deps
        self._default_system = default_system
        self._demo = demo

    async def list(self, wanted: AgentFilter = ALL_AGENTS, page: PageRequest = BY_ACTIVITY) -> tuple[AgentRow, ...]:
        """A page of agents with what happened to them last; unless asked otherwise pinned and then active ones first.

        Raises `NotFound` for a cursor that was never an agent, `Invalid` for an order that agents do not have.
        """
        return await self._deps.storage.read(lambda repos: _rows(repos, repos.agents.list(wanted, page)))

    async def count(self, wanted: AgentFilter = ALL_AGENTS) -> int:
        return await self._deps.storage.read(lambda repos: repos.agents.count(wanted))

    async def get(self, agent_id: str) -> Agent:
        return await self._deps.storage.read(lambda repos: repos.agents.get(agent_id))

    async def create(self, draft: AgentDraft, origin: Origin = USER, may_overflow: bool = False) -> Agent:
        """Creates an agent with its blocks and its default conversation. `may_overflow`: as with `Blocks.update`.

        Raises `Invalid` for rules that contradict each other.
        """

        def work(changes: Changes) -> Agent:
            names = DEFAULT_TOOLS if draft.tool_names is None else draft.tool_names
            check_rules(draft.extras.tool_rules, names)
            rules = _asking(changes.repos, draft.extras.tool_rules, names, ask_first=False)
            extras = draft.extras.model_copy(update={"tool_rules": rules})
            asking = draft.model_copy(update={"extras": extras})
            return make_agent(changes, asking, self._default_system, may_overflow)

        return await change(self._deps, origin, work)

    async def create_demo(self) -> Agent:
        """Creates the agent that speaks with the built-in scripted model."""
        return await self.create(self._demo)

    async def update(
        self,
        agent_id: str,
        patch: AgentPatch,
        expected_version: int | None = None,
        origin: Origin = USER,
        ask_first: bool = False,
    ) -> Agent:
        """Changes the fields that are given. Raises `Conflict` when the agent has another version by now, and `Invalid`
        for rules that contradict each other.

        `ask_first`: a person attaches tools, so the agent asks before it calls those that reach outside memory.
        """

        def work(changes: Changes) -> Agent:
            before = changes.repos.agents.get(agent_id)
            check_version("This agent", before.version, expected_version)
            given = {name: value for name in AgentPatch.model_fields if (value := getattr(patch, name)) is not None}
            block_ids, rules = given.pop("block_ids", None), given.pop("tool_rules", None)
            after = before.model_copy(update=given)
            after = after if rules is None else _ruled(after, rules)
            if after.tool_rules != before.tool_rules:
                check_rules(after.tool_rules, after.tool_names)
            new = tuple(name for name in after.tool_names if name not in before.tool_names)
            after = _ruled(after, _asking(changes.repos, after.tool_rules, new, ask_first))
            stored = changes.save_agent(before, after)
            return stored if block_ids is None else _hold(changes, stored, block_ids)

        return await change(self._deps, origin, work)

    async def duplicate(self, agent_id: str, origin: Origin = USER) -> Agent:
        """A new agent with the same settings and copies of the blocks, without conversations and secrets."""

        def work(changes: Changes) -> Agent:
            source = changes.repos.agents.get(agent_id)
            blocks = changes.repos.blocks.of_agent(agent_id)
            fields = {name: getattr(source, name) for name in AgentDraft.model_fields if hasattr(source, name)}
            copies = tuple(BlockDraft(**{n: getattr(block, n) for n in BlockDraft.model_fields}) for block in blocks)
            own = {
                "name": f"{source.name[: MAX_NAME - 7]} (copy)",
                "blocks": copies,
                "block_ids": (),
                "extras": source.extras.model_copy(update={"secret_names": ()}),
            }
            draft = AgentDraft.model_validate({**fields, **own})
            return make_agent(changes, draft, self._default_system, may_overflow=True)

        return await change(self._deps, origin, work)

    async def delete(self, agent_id: str, origin: Origin = USER) -> None:
        """Takes the agent out of the list. It can be brought back for 30 days. Its active runs must end first."""
        await self.delete_several((agent_id,), origin)

    async def delete_several(self, agent_ids: tuple[str, ...], origin: Origin = USER) -> None:
        """Takes them all out of the list, or none: while one of them replies, that is refused (`busy`)."""

        def work(repos: Repositories) -> None:
            replying = {run.agent_id for run in repos.runs.active()}
            for agent_id in dict.fromkeys(agent_ids):
                agent = repos.agents.get(agent_id)
                if agent_id in replying:
                    raise busy(None, f"{agent.name} is still replying.", hint="Stop the reply first.")
                repos.agents.delete(agent_id, self._deps.clock.now())
            repos.changed(_changed(agent_ids, origin))

        await self._deps.storage.write(work)

    async def deleted(self, page: PageRequest = LAST_DELETED) -> tuple[DeletedAgent, ...]:
        """Those that can be brought back, last deleted first."""
        return await self._deps.storage.read(lambda repos: repos.agents.deleted(page))

    async def undelete(self, agent_id: str) -> Agent:
        """Restores a deleted agent. Raises `Conflict` (`name_taken`) where two of its blocks have one label by now."""
        return await change(self._deps, USER, lambda changes: changes.undelete_agent(agent_id))

    async def undelete_several(self, agent_ids: tuple[str, ...]) -> None:
        """Restores them all, or none where one of them cannot be."""

        def work(changes: Changes) -> None:
            for agent_id in agent_ids:
                changes.undelete_agent(agent_id)

        await change(self._deps, USER, work)

    async def set_tags(self, tags: dict[str, tuple[str, ...]], origin: Origin = USER) -> dict[str, tuple[str, ...]]:
        """Gives agents, by id, these tags instead of theirs, all in one transaction; returns those they had."""

        def work(changes: Changes) -> dict[str, tuple[str, ...]]:
            before: dict[str, tuple[str, ...]] = {}
            for agent_id, wanted in tags.items():
                agent = changes.repos.agents.get(agent_id)
                before[agent_id] = agent.tags
                changes.save_agent(agent, agent.model_copy(update={"tags": wanted}))
            return before

        return await change(self._deps, origin, work)


def _changed(agent_ids: tuple[str, ...], origin: Origin) -> Changed:
    only = agent_ids[0] if len(agent_ids) == 1 else None
    return Changed(kind="agent", ids=agent_ids, agent_id=only, client=origin.client)


def make_agent(changes: Changes, draft: AgentDraft, default_system: str, may_overflow: bool) -> Agent:
    """A new agent with its blocks and its default conversation. Raises what `Changes` raises."""
    repos, ids, now = changes.repos, changes.ids, changes.now
    agent = Agent(
        id=ids.new("agent"),
        name=draft.name.strip(),
        description=draft.description,
        tags=draft.tags,
        agent_type=draft.agent_type,
        system=default_system if draft.system is None else draft.system,
        model=draft.model,
        context_window=draft.context_window,
        settings=draft.settings,
        max_steps=draft.max_steps,
        tool_names=DEFAULT_TOOLS if draft.tool_names is None else draft.tool_names,
        block_ids=draft.block_ids,
        message_buffer_autoclear=draft.message_buffer_autoclear,
        hidden=draft.hidden,
        metadata=draft.metadata,
        extras=draft.extras,
        created_at=now,
        updated_at=now,
    )
    agent = changes.add_agent(agent)
    for block_id in dict.fromkeys(draft.block_ids):
        agent = changes.attach(agent, repos.blocks.get(block_id))
    for block_draft in draft.blocks:
        block = changes.add_block(block_draft, agent.id, may_overflow)
        agent = changes.attach(agent, block)
    conversation_id = ids.new("conv")
    repos.conversations.add(
        Conversation(
            id=conversation_id,
            agent_id=agent.id,
            is_default=True,
            root_id=conversation_id,
            active_id=conversation_id,
            created_at=now,
            updated_at=now,
        )
    )
    for first in draft.first_messages:
        repos.messages.append(conversation_id, new_message(first, ids.new("message"), agent.id, now))
    return agent


def _ruled(agent: Agent, rules: Rules) -> Agent:
    if rules == agent.tool_rules:
        return agent
    return agent.model_copy(update={"extras": agent.extras.model_copy(update={"tool_rules": rules})})


def _asking(repos: Repositories, rules: Rules, new: tuple[str, ...], ask_first: bool) -> Rules:
    """The rules of an agent that gets these tools: of those that are to be asked about it asks."""
    for tool in repos.tools.by_names(new):
        if tool.requires_approval or (ask_first and tool.asks_first):
            rules = with_approval(rules, tool.name, True)
    return rules


def _hold(changes: Changes, agent: Agent, block_ids: tuple[str, ...]) -> Agent:
    """Detaches and attaches until the agent holds just these blocks."""
    for block_id in agent.block_ids:
        if block_id not in block_ids:
            agent = changes.detach(agent, changes.repos.blocks.get(block_id))
    for block_id in dict.fromkeys(block_ids):
        if block_id not in agent.block_ids:
            agent = changes.attach(agent, changes.repos.blocks.get(block_id))
    return agent


def new_message(draft: MessageDraft, message_id: str, agent_id: str, now: Micros) -> Message:
    """A message as drafted, outside of any run."""
    return Message(
        id=message_id,
        agent_id=agent_id,
        role=draft.role,
        parts=draft.parts,
        otid=draft.otid,
        name=draft.name,
        sender_id=draft.sender_id,
        created_at=now,
    )


def _rows(repos: Repositories, agents: tuple[Agent, ...]) -> tuple[AgentRow, ...]:
    ids = tuple(agent.id for agent in agents)
    last = repos.messages.last_of_agents(ids)
    active = {run.agent_id: run.id for run in repos.runs.active()}
    waiting = _waiting(repos, ids)
    ended = repos.pages.last_runs(tuple(agent_id for agent_id in ids if agent_id not in active))
    rows: list[AgentRow] = []
    for agent in agents:
        message, newest = last.get(agent.id), ended.get(agent.id)
        rows.append(
            AgentRow(
                agent=agent,
                last_text=_preview(message.text) if message else "",
                last_at=message.created_at if message else None,
                active_run_id=active.get(agent.id),
                last_stop_reason=newest.stop_reason if newest else None,
                waiting=waiting.get(agent.id, 0),
            )
        )
    return tuple(rows)


def _waiting(repos: Repositories, agent_ids: tuple[str, ...]) -> dict[str, int]:
    """How many calls of each wait for an answer."""
    found: dict[str, int] = {}
    for row in repos.conversations.waiting(agent_ids):
        state = waiting_in(repos, row)
        if state is not None:
            found[row.agent_id] = found.get(row.agent_id, 0) + len(still_open(state))
    return found


def _preview(text: str) -> str:
    """Its beginning on one line. Whole, a text may be a book."""
    return " ".join(text.lstrip()[: 4 * PREVIEW].split())[:PREVIEW]
